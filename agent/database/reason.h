/* Reasons: the stable words by which plans, results, events and conditions say why, and the
 * nine classes of what can go wrong.
 *
 * Every reason word of the agent stands in the one table of reason.c, under its class; a
 * test greps the sources for words that do not, and docs/reference/reasons.md is written
 * from it. Words are never renamed: programs and people look for them. What is wrong with a
 * state's text has names of its own, in schema/diagnostic.c; all of those are Invalid. */
#ifndef AGENT_REASON_H
#define AGENT_REASON_H

#include "agent/database/condition.h"
#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#include <stdbool.h>

enum error_class {
	CLASS_NONE, /* nothing is wrong: how things are, or why a step is taken */
	CLASS_INVALID,
	CLASS_UNTRUSTED,
	CLASS_SAFETY,
	CLASS_CONFLICT,
	CLASS_WAITING,
	CLASS_TRANSIENT,
	CLASS_LIMITED,
	CLASS_DENIED,
	CLASS_BUG,
	ERROR_CLASSES,
};

/* When what failed is tried again. A new generation, and a dependence that becomes Ready,
 * begin anew in every class. */
enum requeue {
	REQUEUE_NEVER,    /* on new input alone */
	REQUEUE_APPROVAL, /* when somebody lets it */
	REQUEUE_POLL,     /* every `most`, and on new input */
	REQUEUE_EVENT,    /* when what it waits for comes; at the latest when it said */
	REQUEUE_BACKOFF,  /* full jitter: anywhere between 0 and first × 2^attempts */
	REQUEUE_GIVEN,    /* at the time that it was given */
};

struct class_rule {
	const char *name;
	enum requeue requeue;
	nstime first, most;
	enum condition_type condition; /* what becomes True of the object */
	unsigned patience; /* failures in a row before Ready is lost; 0: at no number */
	const char *help;
};

const struct class_rule *class_rule(enum error_class class);

struct reason {
	const char *word;
	enum error_class class;
	const char *help;
};

/* NULL where the word is none of ours. */
const struct reason *reason_find(struct view word);
/* CLASS_BUG where the word is none of ours. */
enum error_class reason_class(struct view word);
/* Walks the table: NULL past its end. */
const struct reason *reason_at(size_t i);

/* How long to wait after the failure number `failures` (1: the first). `given` is the time
 * that the other side asked for, 0: it named none. `random` is drawn by the caller.
 * NSTIME_NEVER: until something else happens. */
nstime requeue_delay(
		enum error_class class, unsigned failures, nstime given, uint64_t random);
/* The longest that it can say after so many failures, whatever was given. */
nstime requeue_most(enum error_class class, unsigned failures);

#endif

/* Conditions: what is true of an object, as JSON in its row.
 *
 * `[{"message", "observed_generation", "reason", "since", "status", "type"}, …]`, Ready
 * first; one that is absent is Unknown. `since` moves when the status does, not when the
 * words do. */
#ifndef AGENT_CONDITION_H
#define AGENT_CONDITION_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"

#include <jansson.h>

enum condition_type {
	CONDITION_READY,              /* it lives as the state says */
	CONDITION_RECONCILING,        /* something is being done, or tried again */
	CONDITION_STALLED,            /* it does not go on without somebody's help */
	CONDITION_DRIFTED,            /* somebody else changed what lives */
	CONDITION_DEPENDENCIES_READY, /* what it needs is Ready */
	CONDITION_DELETION_BLOCKED, /* it left the state, and could not be removed yet */
	CONDITION_BACKUP_FRESH,     /* of a backup: not two in a row are missing */
	CONDITION_RESTORE_PROVEN, /* of a backup: all of it was restored, not long ago */
	CONDITION_TYPES,
};

const char *condition_name(enum condition_type type);

struct condition {
	enum condition_type type;
	bool is;
	const char *reason;
	struct view message;
};

/* The conditions of a row; an empty array where the text is none. A new reference. */
MUST_USE json_t *conditions_parse(struct view text);
struct view conditions_print(const json_t *conditions, struct arena *arena);

/* A row's conditions where all that there is to say is whether it is Ready. */
struct view condition_ready(struct arena *arena, const struct condition *ready,
		uint64_t observed_generation, walltime now);

/* Sets one. True where anything of it changed but the times. */
bool condition_set(json_t *conditions, const struct condition *condition,
		uint64_t observed_generation, walltime now);
/* Takes one out; true where it was there. */
bool condition_drop(json_t *conditions, enum condition_type type);
/* Borrowed; NULL where it is Unknown. */
json_t *condition_get(const json_t *conditions, enum condition_type type);
bool condition_is(const json_t *conditions, enum condition_type type);

#endif

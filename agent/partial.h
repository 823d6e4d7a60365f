/* The part of a state that counts now, where some of its changes are held.
 *
 * A change that is held leaves its object as it was applied, and everything that refers to
 * it must see it so: who is in a group, where an alias leads, what an address is. So the
 * state is checked again with the held objects put back as they were (schema/overlay.h), and
 * what is carried out is the plan of that state. What cannot go without something that is
 * held is held along with it; what is left does exactly what was planned of it. */
#ifndef AGENT_PARTIAL_H
#define AGENT_PARTIAL_H

#include "agent/inside.h"
#include "agent/plan/rules.h"
#include "runtime/runtime.h"

struct partial {
	struct checked checked; /* the state that counts */
	struct plan *plan; /* NULL: nothing is held that the state says; all counts */
	struct observation o;
	struct runtime_observed live;
};

enum {
	PARTIAL_OK = 0,
	/* What is left does not stand by itself, whatever is held along. */
	PARTIAL_E_TORN = 100, /* beside those of the database */
};

/* `plan` is the whole one, marked; more of it may be held on return. `whole` is what it was
 * made from. */
MUST_USE int partial_make(struct agent *agent, const struct observation *whole,
		struct plan *plan, struct partial *out);
/* A zeroed one is fine. */
void partial_deinit(struct partial *partial);

#endif

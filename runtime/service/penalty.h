/* How long a failed login waits for its answer: longer each time, by where it came from
 * and by whose name it used. A table of fixed size; what failed long ago is forgotten.
 * Success never waits, so nobody can lock an owner out. */
#ifndef SERVICE_PENALTY_H
#define SERVICE_PENALTY_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

enum {
	PENALTY_SLOTS = 4096,
	PENALTY_STEP_S = 2,     /* a failure adds this */
	PENALTY_LONGEST_S = 15, /* and no more than this */
	PENALTY_MEMORY_S = 600, /* without a failure: forgotten */
};

struct penalty {
	struct {
		uint64_t hash;
		nstime last;
		unsigned count;
	} slots[PENALTY_SLOTS];
};

/* Counts a failure under this key; returns how long its answer waits. */
nstime penalty_add(struct penalty *penalty, struct view key, nstime now);

#endif

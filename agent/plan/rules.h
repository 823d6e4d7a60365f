/* The rules that a change obeys: the policy that was last applied, never the one that
 * comes with the change. Without one, the defaults of the schema. */
#ifndef AGENT_RULES_H
#define AGENT_RULES_H

#include "agent/plan/observe.h"
#include "schema/desired.h"

struct gate_rule {
	uint64_t percent;
	uint64_t at_least;
};

struct rules {
	struct gate_rule users; /* of kinds that hold people's data */
	struct gate_rule other;
	walltime retain;      /* seconds: what is disabled is kept at least as long */
	struct view *protect; /* KIND/ID; in the observation's arena */
	size_t protect_count;
	/* Of a change of a class: how many people have to agree, and how long it waits. */
	uint64_t people[AUTHORITY_CLASSES];
	walltime wait[AUTHORITY_CLASSES]; /* seconds */
	size_t purges;                    /* that may still be done within this hour */
	/* The state names backups: what is destroyed is in one, and that one was read whole, or
	 * restored, since … */
	bool wants_backup;
	walltime backed_up; /* … for what was disabled until then; 0: nothing is */
};

enum {
	PURGES_AN_HOUR = 10
};

/* Of the objects that were loaded. */
MUST_USE int rules_load(const struct observation *o, struct rules *out);

/* The larger of a share of `active` and a number. */
size_t rules_limit(const struct gate_rule *gate, size_t active);
/* False where no backup is known to have what the object held when it was disabled. */
bool rules_backed_up(const struct rules *rules, const struct object *object);
/* True where no change may remove or disable the object. */
bool rules_protect(const struct rules *rules, const struct object *object,
		struct arena *arena);

#endif

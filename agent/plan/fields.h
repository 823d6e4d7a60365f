/* The fields in which two specs of one object differ, as people read them. */
#ifndef AGENT_FIELDS_H
#define AGENT_FIELDS_H

#include "agent/plan/plan.h"
#include "agent/plan/risk.h"

struct field_list {
	struct arena *arena;
	const struct driver *driver;
	struct field_change *items; /* malloc'd */
	size_t count, capacity;
	unsigned risks; /* a set of risk_bit() */
};

/* Adds what differs between two canonical specs. Fields that are the person's own once
 * the object exists (owner initial), and those that are only watched, are no change. */
void fields_compare(struct field_list *list, struct view before, struct view after);
/* Adds one: "address", for a key that is no field of the spec. */
void fields_add(struct field_list *list, const char *path, struct view before,
		struct view after);
/* Adds one that was changed past the state, as it will be set right: that is no risk. */
void fields_add_drifted(struct field_list *list, struct view path, struct view before,
		struct view after);
/* A value of `last_applied`, which is JSON, as people read it; in the arena. */
struct view fields_text(struct arena *arena, const struct driver *driver,
		struct view path, struct view json);
/* The risks of all that a spec says of an object that is new: what it says against what the
 * schema would give it. */
unsigned fields_risks(const struct driver *driver, struct view spec);
/* The risks of an object's leaving, where it is rules that leave with it. */
unsigned fields_risks_gone(const struct driver *driver, struct view spec);
/* Hands array and risks on, copied into the arena. */
void fields_finish(struct field_list *list, struct change *change);

#endif

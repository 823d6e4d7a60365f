/* What needs what: edges from object to object, no waves.
 *
 * Creation walks them, removal walks them backwards: an effect waits until what its object
 * needs is done, the removal of an effect until all that needed its object is gone or has
 * been changed. Edges of a state are checked when it is planned; those that were applied
 * stand in the control database, so that what left the state is still removed in order. */
#ifndef AGENT_DEPENDENCE_H
#define AGENT_DEPENDENCE_H

#include "agent/plan/observe.h"

/* Finds the objects that the needs name, and adds a problem for a name that is none and for
 * a circle, with the place of each edge of it. */
void dependences_check(struct observation *o, struct plan *plan);

/* All below: within a transaction. Uids lie in the arena, one after the other. */

/* Replaces what the object needs. Edges that it drops are kept until the effect that drops
 * them is done. */
MUST_USE int dependence_write(struct database *db, const unsigned char uid[UID_SIZE],
		const struct wanted *wanted);
/* Its last effect is done: only what it needs now counts. */
MUST_USE int dependence_settle(struct database *db, const unsigned char uid[UID_SIZE]);
MUST_USE int dependence_forget(struct database *db, const unsigned char uid[UID_SIZE]);
/* What the object needs now. */
MUST_USE int dependence_needs(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out);
/* What needs the object, or did until its next effect is done. */
MUST_USE int dependence_dependents(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out);

#endif

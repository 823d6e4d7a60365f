/* Drift: what somebody changed past the state, and what is done about it.
 *
 * `policy.drift`, as it was last applied, says it by kind: correct sets it right with a step
 * of the next plan, report lets it be and says so in the object's conditions, adopt lets it
 * be until the state says something else of the field. Who changed it and when stands in
 * touch.h; a field that is set right again and again is let be for a while (fight.h). */
#ifndef AGENT_DRIFT_H
#define AGENT_DRIFT_H

#include "agent/database/touch.h"
#include "agent/plan/fields.h"
#include "agent/plan/observe.h"

enum {
	AUDIT_SECONDS = 60 * 60, /* what lives is looked at again, ±10 % */
};

/* "correct" */
const char *on_drift_name(enum on_drift what);
/* What the policy that was last applied says of a kind. */
MUST_USE int drift_policy(struct database *db, struct view kind, enum on_drift *out);

/* Loads what was touched, with what becomes of it as far as no plan is needed to know. */
MUST_USE int drift_observe(struct observation *o);
/* For a plan, once its objects are matched: looks for changes that nobody told of, where
 * `o->audits`; decides; and lets `wanted->applied` say what is let be. Counts in the plan
 * what has to be noted beside its steps. */
MUST_USE int drift_decide(struct observation *o, struct plan *plan);
/* Adds to the plan's section of drift. */
void drift_show(const struct observation *o, struct plan *plan,
		const struct object *object);

/* The touch of a field that is let be; NULL: there is none. */
const struct touch *drift_kept(const struct object *object, struct view field);
/* True where a step has to set something right. */
bool drift_is_corrected(const struct object *object);
/* The fields that the step sets right, as people read them. */
void drift_add_fields(const struct object *object, struct field_list *fields);

/* "quota 5GiB -> 9GiB by admin:eve"; all touches of an object. */
struct view drift_text(struct arena *arena, const struct driver *driver,
		const struct touch *touches);

#endif

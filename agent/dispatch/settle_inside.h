/* What the files of settle share. */
#ifndef AGENT_SETTLE_INSIDE_H
#define AGENT_SETTLE_INSIDE_H

#include "agent/dispatch/settle.h"

/* probe/anna@a.example, in the arena. */
struct view settle_object(const struct settling *s);
/* When the row is due next. */
void settle_wait(struct settling *s, nstime delay);
void settle_wait_for_audit(struct settling *s);
/* From what lives now: another effect, with a key of its own. */
MUST_USE int settle_plan_anew(
		struct settling *s, const struct live_hash *live, enum settlement *out);

/* What had been done is not there any more: `live` is, or empty: nothing. */
MUST_USE int settle_drifted(struct settling *s, struct view live, enum settlement *out);
/* It is there. */
MUST_USE int settle_still_right(
		struct settling *s, struct view live, enum settlement *out);

#endif

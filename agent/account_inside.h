/* What the calls on one account by its name share. */
#ifndef AGENT_ACCOUNT_INSIDE_H
#define AGENT_ACCOUNT_INSIDE_H

#include "agent/apply/notice.h"
#include "agent/inside.h"

/* By id or address, in any case: a user; with `shared`, or else a shared mailbox.
 * AGENT_E_ABSENT. */
MUST_USE int account_load(struct agent *agent, struct view account, bool shared,
		struct arena *arena, struct object *out);

/* Within a transaction. */

/* What was done, for the audit. */
MUST_USE int account_audit(struct agent *agent, const struct object *object,
		struct arena *arena, struct view actor, const char *action);
/* Tells whom the account belongs to what was done to it. */
MUST_USE int account_tell(struct agent *agent, const struct object *object,
		enum notice_topic topic, const char *what, struct view actor);
/* What is served is to be built anew. */
MUST_USE int account_bump_serial(struct agent *agent);

#endif

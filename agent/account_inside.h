/* What the calls on one account by its name share. */
#ifndef AGENT_ACCOUNT_INSIDE_H
#define AGENT_ACCOUNT_INSIDE_H

#include "agent/apply/notice.h"
#include "agent/inside.h"

/* By id or address, in any case: a user; with `shared`, or else a shared mailbox.
 * AGENT_E_ABSENT. */
MUST_USE int account_load(struct agent *agent, struct view account, bool shared,
		struct arena *arena, struct object *out);

MUST_USE int account_load_uid(struct agent *agent, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct object *out);
/* Sets its password, ends sessions, tells its user, and commits. */
MUST_USE int account_commit_password(struct agent *agent, const struct object *object,
		struct arena *arena, struct view hash, struct view actor);

/* Within a transaction. */

/* Why it is Ready; a disabled one is not. */
MUST_USE int account_ready(struct agent *agent, const struct object *object,
		struct arena *arena, const char *reason, struct view message);
/* What was done, for the audit. */
MUST_USE int account_audit(struct agent *agent, const struct object *object,
		struct arena *arena, struct view actor, const char *action);
/* Tells whom the account belongs to what was done to it. */
MUST_USE int account_tell(struct agent *agent, const struct object *object,
		enum notice_topic topic, const char *what, struct view actor);
/* What is served is to be built anew. */
MUST_USE int account_bump_serial(struct agent *agent);

#endif

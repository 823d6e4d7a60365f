/* Notices to people of what others did to their accounts: `policy.tell_users`.
 *
 * Whoever can change a state can have a copy of somebody's mail, or take an account over. The
 * person hears of it in her own mailbox, in the transaction that does it (letter.h), by the
 * policy that was in force before: a change that ends the telling is told, too. What a person
 * does to her own account, and what is harmless, is not told. */
#ifndef AGENT_NOTICE_H
#define AGENT_NOTICE_H

#include "agent/plan/plan.h"

enum notice_topic { /* the words of `policy.tell_users`, in their order */
	TOPIC_FORWARD,
	TOPIC_ACCESS,
	TOPIC_RESET,
	TOPIC_RECOVERY,
	TOPICS,
};

/* A set of 1 << enum notice_topic: of the policy that was applied last. */
MUST_USE int notice_topics(struct database *db, unsigned *out);
/* Of the steps of a plan that are carried out. */
MUST_USE int notices_put(struct database *db, unsigned topics, const struct plan *plan,
		struct view actor, walltime now);

struct notice {
	enum notice_topic topic;
	const unsigned char *account;
	struct view address;
	const char *what; /* "Your password was set." */
	struct view actor;
	walltime now;
};

/* Of what is done by hand; nothing where the policy does not want it told. */
MUST_USE int notice_put(struct database *db, const struct notice *notice);

#endif

/* Authority: how many people a change needs, and how long it waits, under the policy that
 * was last applied.
 *
 * A thief of one key adds a forward, a role, a looser policy. So changes of the classes
 * exposing, irreversible and policy may need several people (`policy.approvals`) and time
 * (`policy.cooldown`). Who asks for a change first is one of its people; another says so by
 * `posthus approve`; the same person twice is one. Its time runs from when it was first
 * asked for. A change that the state asks for no more, or that has become another one, is
 * forgotten with all that was said of it.
 *
 * Of whom agent.yaml says `require: {approval: …}`, whatever her commits do waits for another
 * person's word, and that has to be a signature.
 *
 * Since when is kept on the wall's clock, for restarts. While the process lives its own clock
 * counts, so that a jump of the wall's neither hastens a change nor puts it off. */
#ifndef AGENT_AUTHORITY_H
#define AGENT_AUTHORITY_H

#include "agent/plan/rules.h"

struct agent_file; /* schema/agent_file.h */

/* When the steps that wait began to, by this process's clock. */
struct cooling {
	struct cooling_step {
		unsigned char step[DIGEST_SIZE];
		nstime began;
	} * items; /* malloc'd */
	size_t count, capacity;
};

void cooling_deinit(struct cooling *cooling);

/* Who acts in a run. */
struct authority {
	struct view person;      /* who asks for what the state says */
	struct view approver;    /* who lets go what `approve` names; or empty */
	struct view approve;     /* a digest; or empty */
	unsigned way;            /* of enum approval: how he says so … */
	struct view fingerprint; /* … and by which key; or empty */
	const struct agent_file
			*file; /* whose commits need somebody else; NULL: nobody's */
	struct cooling *cooling;
};

/* The person behind an actor of history and audit: "anna" of "anna (uid 1000)", of "anna (commit
 * 4be1f0a)" and of "anna (key SHA256:…)"; root and the
 * agent's own user, and whatever they set going, are one: "root". */
struct view authority_person(struct view actor);

/* Weighs the changes that are not held, and marks those that wait. */
MUST_USE int authority_hold(const struct observation *o, const struct rules *rules,
		const struct authority *who, struct plan *plan);

/* Keeps what waits and who agreed, and forgets what waits no more. Without anything new it
 * writes nothing; begins a transaction of its own unless it is within one. */
MUST_USE int authority_write(const struct observation *o, const struct authority *who,
		const struct plan *plan, struct view actor, bool within);

#endif

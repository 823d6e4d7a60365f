/* Approvals that are signatures: whose they are, and whether they count.
 *
 * What is signed is a line: the digest of the steps that wait, as the plan prints it, and
 * behind a blank whatever makes it another text than one that counted before:
 *
 *	echo b2:5c1e… | ssh-keygen -Y sign -f KEY -n posthus-approve@v1 > FILE
 *
 * Its key is one of a person of `trust` who may approve, listed for that namespace. */
#ifndef AGENT_GIT_APPROVAL_H
#define AGENT_GIT_APPROVAL_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"
#include "schema/agent_file.h"

#define APPROVAL_NAMESPACE "posthus-approve@v1"

struct revocations; /* agent/database/revocation.h */

struct approval_claim {
	struct view text;      /* the line, without its end */
	struct view signature; /* as ssh-keygen writes it */
	walltime now;
};

struct approval_verdict {
	const struct trusted *person; /* NULL: it does not count, and … */
	struct view why;              /* … why not, for people; in the arena */
	struct view fingerprint;      /* of its key; in the arena */
	enum approval way;
};

/* Reads the lists of keys, as agent.yaml names them, now. */
void approval_judge(const struct agent_file *file, const struct revocations *revoked,
		const struct approval_claim *claim, struct arena *arena,
		struct approval_verdict *out);

#endif

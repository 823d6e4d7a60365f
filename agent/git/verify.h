/* Who signed a commit of a repository on this machine, and whether its signatures would do: the
 * same engine as the agent's, without an agent, a network, or anything that is written. */
#ifndef AGENT_GIT_VERIFY_H
#define AGENT_GIT_VERIFY_H

#include "agent/git/trust.h"

struct verify_question {
	const char *folder; /* a repository, or a folder in its working tree */
	const char *tip;    /* a revision as git writes it */
	const char *since;  /* what was applied; NULL: nothing */
};

enum {
	VERIFY_OK = 0,
	VERIFY_E_REPOSITORY = 1, /* `why` says what cannot be read */
};

/* `policy` but for what the question says. *out is to be freed where VERIFY_OK came back, and names
 * what the policy names; the text lives in the arena. */
MUST_USE int verify(const struct verify_question *question, struct trust_policy *policy,
		struct arena *arena, struct trust **out, struct view *why_out);

#endif

/* Stages: whether those who signed what is new may do what each of them did.
 *
 * A stretch of stages passes where what it comes to, as a whole, is within what each of its
 * signers may. It is as short as can be: mostly one stage. Nobody gains by stacking: not by
 * having somebody build on his commit, not by splitting a change between two, not by a commit
 * that is no state by itself. What one did and another took back is nothing.
 *
 * docs/decisions/0009 tells why. */
#ifndef AGENT_GIT_STAGES_H
#define AGENT_GIT_STAGES_H

#include "agent/git/sync.h"

struct agent;

enum {
	STAGES_OK = 0,
	STAGES_E_BEYOND = 1, /* *why_out says who, what and where */
};

/* From the generation that is desired to what was synced; the text lives in its arena. A last
 * stage that is no state passes: whoever applies it says what is wrong. */
MUST_USE int stages_judge(
		struct agent *agent, const struct synced *synced, struct view *why_out);

#endif

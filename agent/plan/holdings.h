/* What accounts hold, said in a plan that hides it, destroys it, or lets no more in: so many
 * messages, and who is over a quota that is lowered. As far as it is remembered: written a few
 * seconds behind what is on the disk (agent_remember), and unknown of accounts that no message
 * ever reached. It is no part of what a plan is known by: mail comes in between. */
#ifndef AGENT_HOLDINGS_H
#define AGENT_HOLDINGS_H

#include "agent/plan/observe.h"

/* Adds to the notes of the changes, and counts plan->over_quota. */
MUST_USE int holdings_note(struct observation *o, struct plan *plan);

#endif

/* A desired state that was accepted once, and that this version of the program does not take
 * any more: an upgrade knows a field no longer, or a downgrade not yet.
 *
 * What was applied last is served on, from the objects' rows. Nothing is planned, the hosts
 * are Stalled and not Ready, and the result has the diagnostics. */
#ifndef AGENT_REFUSAL_H
#define AGENT_REFUSAL_H

#include "agent/agent.h"

/* `result` says why the state is refused. Brings up what was applied where nothing is served
 * yet. */
MUST_USE int refusal_serve(struct agent *agent, struct agent_result *result);
/* The desired state is taken again. Writes nothing where nothing was said. */
MUST_USE int refusal_end(struct agent *agent);

#endif

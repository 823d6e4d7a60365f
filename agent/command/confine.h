/* Where the agent's sandbox is entered: what it may touch comes from its file. */
#ifndef AGENT_COMMAND_CONFINE_H
#define AGENT_COMMAND_CONFINE_H

#include "agent/agent.h"
#include "agent/command/setting.h"

/* Before threads and ports, after the data directory is there. EXIT_FINE; or less than
 * `sandbox: require` asks for is to be had, which was said. The agent is told which it is. */
MUST_USE enum exit_code confine(const struct setting *setting, struct agent *agent);

#endif

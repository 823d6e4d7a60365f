/* Opening the agent's data from a command: the key, the broker, the database; what goes wrong
 * on the way is said here once, with its exit. */
#ifndef AGENT_COMMAND_OPENING_H
#define AGENT_COMMAND_OPENING_H

#include "agent/agent.h"
#include "agent/command/setting.h"

/* Loads the master key and forks the broker that keeps it. Only with one thread. With
 * `serves` root is given up in between, where the agent's file names a user. */
MUST_USE enum exit_code opening_broker(
		const struct setting *setting, bool serves, struct broker **out);

/* Opens the data of an agent that serves. */
MUST_USE enum exit_code opening_agent(
		const struct setting *setting, struct broker *broker, struct agent **out);

/* Both, to look and not to touch. */
MUST_USE enum exit_code opening_offline(const struct setting *setting,
		struct broker **broker_out, struct agent **out);

#endif

/* Where a state may have the agent connect to: `allow.connect` of agent.yaml.
 *
 * A URL of a state is written by whoever writes the state, and the agent stands where such a
 * person does not: beside other programs of the machine, inside a network. So the address that
 * a name led to is judged, each time one is about to be connected to: what is private,
 * loopback or link-local is refused unless `except` names it, and so is what `deny` lists.
 * Addresses that carry an IPv4 address in them are judged by that, too. */
#ifndef AGENT_REACH_H
#define AGENT_REACH_H

#include "runtime/base/reach.h"

struct agent_file; /* schema/agent_file.h */

/* True where agent.yaml lets the agent connect there. Without `allow.connect.deny` private,
 * loopback and link-local addresses are denied; what is REACH_NOWHERE is denied always. */
bool reach_allowed(const struct agent_file *file, const struct sockaddr_storage *address);

#endif

/* `posthus dns check`: what the servers of each zone say, beside what the state calls for. */
#ifndef AGENT_COMMAND_DNS_CHECK_H
#define AGENT_COMMAND_DNS_CHECK_H

#include "agent/command/command.h"

/* EXIT_FINE: all of it is in sync; EXIT_CHANGES: some is not; else why it was not asked. */
MUST_USE int dns_check(const struct words *words);

#endif

#ifndef AGENT_DRIVER_HOST_H
#define AGENT_DRIVER_HOST_H

#include "agent/driver.h"

/* As the state says, or else four times what one address may have. */
uint64_t host_connections_per_network(const struct desired_host *host);

#endif

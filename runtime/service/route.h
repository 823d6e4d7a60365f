/* Where mail for a domain goes next: to the hosts that the domain names, or to a relay that
 * the state says. Functions of their arguments. */
#ifndef SERVICE_ROUTE_H
#define SERVICE_ROUTE_H

#include "runtime/base/arena.h"
#include "runtime/configuration.h"

enum way {
	WAY_MX,   /* what the domain names (RFC 5321, 5.1) */
	WAY_HOST, /* a relay: that host's addresses, or the address that it is */
};

struct route {
	enum way way;
	struct view lane; /* all mail with the same goes to the same hosts: the destination
			     in the queue's order */
	struct view host; /* a domain, or a host's name, or an address */
	uint16_t port;
	struct view relay; /* its name; empty: the way goes by none */
};

/* Domains are normalised, that of the null sender is empty. What is made lives in the
 * arena. */
void route_find(const struct configuration *c, struct view from, struct view to,
		struct arena *arena, struct route *out);

#endif

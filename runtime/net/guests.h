/* How many connections each place has open, a place being one customer (an IPv4 address,
 * an IPv6 /64) and the network around it (/24, /48). Memory grows with the connections
 * that are open, not with the addresses that ever came. Not locked. */
#ifndef NET_GUESTS_H
#define NET_GUESTS_H

#include "runtime/base/map.h"
#include "runtime/net/ip.h"

struct guests {
	struct map places; /* keys are in the values */
};

enum guests_outcome {
	GUESTS_OK,
	GUESTS_E_ADDRESS = 1, /* its own place is full */
	GUESTS_E_NETWORK,     /* the network around it is */
};

/* Counts a newcomer; GUESTS_OK is followed by one guests_leave with the same address.
 * Who has no IP address is not counted. */
MUST_USE int guests_enter(struct guests *guests, const struct sockaddr_storage *who,
		size_t per_address, size_t per_network);
void guests_leave(struct guests *guests, const struct sockaddr_storage *who);
size_t guests_places(const struct guests *guests);
/* All have left. */
void guests_deinit(struct guests *guests);

#endif

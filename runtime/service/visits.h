/* How often an address asks for what costs: so many at once, and then one in a while. An
 * address is an IPv4 one or an IPv6 /64. The table is of a fixed size; who is pushed out of it
 * is forgotten. Not for several threads at once. */
#ifndef SERVICE_VISITS_H
#define SERVICE_VISITS_H

#include "runtime/base/clock.h"

#include <stdbool.h>
#include <stdint.h>

struct sockaddr_storage;

enum {
	VISITS_ROWS = 256,
	VISITS_WAYS = 4,    /* that a row has room for */
	VISITS_BURST = 60,  /* at once */
	VISITS_EVERY_S = 1, /* then one in this time */
};

struct visit {
	uint64_t hash;
	nstime full_at; /* when all of the burst is back; 0: nobody is here */
};

struct visits {
	struct visit slots[VISITS_ROWS][VISITS_WAYS];
};

/* Counts one; false where it is one too many. Who has no IP address is not counted. */
bool visits_enter(struct visits *visits, const struct sockaddr_storage *who, nstime now);

#endif

/* What failed logins cost, over all protocols: an answer that comes later each time, and past
 * a limit no check at all for a while.
 *
 * Failures are counted by the name that was used, by the address they came from (an IPv4
 * address, an IPv6 /64) and by its network (/24, /48). A count halves with every
 * PENALTY_HALF_LIFE_S that pass. Tables are of a fixed size; who is pushed out of one is
 * forgotten.
 *
 * Success never waits. Where a name or a network is past its limit, an address from which
 * its owner has logged in before still gets its check, so that nobody is locked out of an
 * account by those who guess at it. Not for several threads at once. */
#ifndef SERVICE_PENALTY_H
#define SERVICE_PENALTY_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

struct peer; /* net/connection.h */

enum {
	PENALTY_ROWS = 1024,
	PENALTY_WAYS = 4,          /* that a row has room for */
	PENALTY_KNOWN = 4096,      /* names with the addresses that they came from */
	PENALTY_STEP_S = 2,        /* a failure adds this */
	PENALTY_LONGEST_S = 15,    /* and no more than this */
	PENALTY_HALF_LIFE_S = 600, /* of a count */
	/* Failures past which nothing is checked: */
	PENALTY_ADDRESS_MOST = 40,
	PENALTY_NETWORK_MOST = 200, /* many live in one */
	PENALTY_NAME_MOST = 100,
};

struct penalty_slot {
	uint64_t hash;
	nstime last;
	unsigned count;
};

struct penalty {
	struct penalty_slot slots[PENALTY_ROWS][PENALTY_WAYS];
	uint64_t known[PENALTY_KNOWN];
};

/* Who tries: the name as it was given, in any case. */
struct penalty_who {
	struct view name;
	const struct peer *peer;
};

/* Counts a failure; returns how long its answer waits. */
nstime penalty_failed(struct penalty *penalty, const struct penalty_who *who, nstime now);
/* Remembers that this name was let in from there. */
void penalty_succeeded(struct penalty *penalty, const struct penalty_who *who);
/* True where nothing of theirs is checked now. */
bool penalty_bars(struct penalty *penalty, const struct penalty_who *who, nstime now);

#endif

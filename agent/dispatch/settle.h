/* What follows from an errand that is back: in its row of the outbox, in the conditions of
 * its object, in the log. */
#ifndef AGENT_SETTLE_H
#define AGENT_SETTLE_H

#include "agent/effect/courier.h"

enum settlement {
	SETTLED_NOTHING, /* nobody waits for it any more */
	SETTLED_DONE,    /* it lives as it should */
	SETTLED_GONE,    /* nothing lives of it, as it should, and the object is gone */
	SETTLED_AGAIN,   /* the row says when it is tried or looked at again */
	SETTLED_ANEW,    /* rows were replaced: the outbox is to be read again */
};

struct settling {
	struct database *db;
	const struct key *key; /* seals progress */
	struct arena *arena;
	walltime now;
	uint64_t random; /* of this one's backoff */

	struct outbox_row row; /* as it is now */
	nstime delay;          /* until its next try */
	bool serves;           /* what is served follows from what was written */
};

/* Within a transaction. `s->row` is filled in unless nothing is left. */
MUST_USE int settle(
		struct settling *s, const struct errand *errand, enum settlement *out);

/* Says of an object that something it needs is not Ready. */
MUST_USE int settle_blocked(struct settling *s, const unsigned char uid[UID_SIZE],
		struct view culprit, struct view reason);

#endif

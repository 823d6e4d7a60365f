/* The Sender Rewriting Scheme: a sender for mail that is sent on, so that the next host sees
 * a domain of ours (which SPF lets us send for), and a report about it finds its way back.
 *
 *   SRS0=HASH=DAY=ORIGINAL.DOMAIN=LOCAL@OURS        a sender that nobody has rewritten
 *   SRS1=HASH=FIRST.HOST==HASH=DAY=…=LOCAL@OURS     one that FIRST.HOST has
 *
 * The hash is ours alone, keyed, over all that stands behind it in lower case: who is written
 * to at such an address is who once sent us something, or nobody. An SRS0 counts for
 * SRS_DAYS. Functions of their arguments. */
#ifndef MAILAUTH_SRS_H
#define MAILAUTH_SRS_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"
#include "runtime/base/view.h"

struct key; /* runtime/crypto/key.h */

enum {
	SRS_DAYS = 21, /* hosts try for five days, and some people's hosts longer */
};

enum srs_outcome {
	SRS_OK = 0,
	SRS_E_FORGED = 1, /* not from here, or another key's */
	SRS_E_EXPIRED,
	SRS_E_LONG, /* the address would be longer than a path may be */
};

/* True where the local part looks like one of these, whoever made it. */
bool srs_is(struct view local);

/* The sender `mailbox` (local@domain, as in MAIL) for mail that `domain`, one of ours, sends
 * on. LONG. What is made lives in the arena. */
MUST_USE int srs_rewrite(const struct key *key, struct arena *arena, struct view mailbox,
		struct view domain, walltime now, struct view *out);

/* Who is meant by a local part that srs_rewrite() made. FORGED, EXPIRED. */
MUST_USE int srs_reverse(const struct key *key, struct arena *arena, struct view local,
		walltime now, struct view *out);

#endif

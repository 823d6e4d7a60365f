/* Signs what goes out (mailauth/dkim_sign.h) with the keys of the domain that its From field
 * names, so that the signature is aligned (RFC 7489, 3.1).
 *
 * It is done once, as the message is taken and before 250, and travels with it through the
 * queue: each try of a delivery and each recipient sees the same octets. A key that a rotation
 * retires stays published for longer than a signature holds and than anything waits in the
 * queue, so that a late delivery still verifies. */
#ifndef SERVICE_SIGNING_H
#define SERVICE_SIGNING_H

#include "runtime/configuration.h"
#include "runtime/mailauth/dkim_sign.h"

/* With the keys of the domain, or of the nearest domain of ours above it: the host's name lies
 * in one. NULL where there is no key: it goes unsigned. The configuration outlives it. */
MUST_USE struct dkim_sign *signing_begin(
		const struct configuration *c, struct view domain, walltime now);
/* The message has ended: adds the fields. False: it cannot be signed now. What never can be
 * goes unsigned. The log says either. */
bool signing_finish(struct dkim_sign *sign, struct buf *out);

#endif

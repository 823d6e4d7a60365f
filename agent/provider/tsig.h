/* TSIG (RFC 8945): a DNS message signed by a key that both sides have, and the reply's
 * signature checked. A function of its arguments; time is one. */
#ifndef AGENT_PROVIDER_TSIG_H
#define AGENT_PROVIDER_TSIG_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/crypto/hmac.h"

struct tsig_key {
	struct view name; /* lower case, without a final dot */
	enum hmac_hash hash;
	struct view secret; /* its octets */
};

/* By "hmac-sha256" and the like. False: none that we have. */
MUST_USE bool tsig_hash(struct view word, enum hmac_hash *out);

/* The signature of a request, which its reply's goes on from. */
struct tsig_mac {
	unsigned char bytes[HMAC_MOST];
	size_t len;
};

/* Adds the record; the message is whole but for it. False: there is no room, or the key's
 * name is none. */
MUST_USE bool tsig_sign(struct buf *message, const struct tsig_key *key, walltime now,
		struct tsig_mac *mac_out);

enum tsig_outcome {
	TSIG_OK = 0,
	TSIG_E_UNSIGNED = 1, /* there is no such record */
	TSIG_E_REFUSED, /* the server does not know the key, or our signature fails there */
	TSIG_E_TIME,    /* its clock and ours differ too much */
	TSIG_E_FORGED, /* the signature is not the key's */
};

MUST_USE int tsig_verify(struct view reply, const struct tsig_key *key,
		const struct tsig_mac *request, walltime now);

#endif

/* Vouches for a message that leaves (DKIM, RFC 6376, 5). The message passes through in
 * pieces; at the end there are the fields to put on top of it, one a key.
 *
 * Header and body are signed in their relaxed form, the whole body always. The fields that
 * readers go by are signed once more often than they stand there, so that none can be added
 * (8.15). */
#ifndef MAILAUTH_DKIM_SIGN_H
#define MAILAUTH_DKIM_SIGN_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/crypto/signing_key.h"

enum {
	DKIM_SIGNERS_MAX = 4,
	DKIM_LIFETIME = 7 * 24 * 3600, /* seconds: x= is at most so far away */
	DKIM_FIELDS_MAX = 128 * 1024   /* octets of what is added */
};

struct dkim_signer {
	struct view domain, selector;  /* host names, A-labels; borrowed until the end */
	const struct signing_key *key; /* borrowed, too */
};

enum {
	DKIM_SIGN_E_FROM = 1, /* not exactly one From field */
	DKIM_SIGN_E_HEADER,   /* longer than LIMIT_MAILAUTH_HEADER, more fields than
				 LIMIT_MAILAUTH_FIELDS, or more to be signed than
				 LIMIT_DKIM_NAMES */
};

struct dkim_sign;

/* Up to DKIM_SIGNERS_MAX. A lifetime that is not 1 to DKIM_LIFETIME becomes that. */
MUST_USE struct dkim_sign *dkim_sign_new(const struct dkim_signer *signers, size_t count,
		walltime now, walltime lifetime);
void dkim_sign_feed(struct dkim_sign *sign, struct view bytes);
/* The message has ended: adds the fields, folded, in the signers' order. On an outcome or
 * a fault nothing is added. Once. */
MUST_USE int dkim_sign_finish(struct dkim_sign *sign, struct buf *out);
/* NULL is fine. */
void dkim_sign_free(struct dkim_sign *sign);
void dkim_sign_freep(struct dkim_sign **sign);

#endif

/* Certificates: making a self-signed one, and reading what a chain says. All PEM. */
#ifndef CRYPTO_CERTIFICATE_H
#define CRYPTO_CERTIFICATE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"

enum {
	CERTIFICATE_OK = 0,
	CERTIFICATE_E_CHAIN =
			1,      /* no PEM certificate, or one of a chain does not parse */
	CERTIFICATE_E_KEY,      /* no PEM private key without passphrase */
	CERTIFICATE_E_MISMATCH, /* the key is another certificate's */
	CERTIFICATE_E_NAME,     /* no DNS name: A-labels, at most 253 bytes, "*." may
				    begin it */
};

enum {
	CERTIFICATE_MAX = 64 * 1024, /* bytes of a chain, or of a key */
	CERTIFICATE_FINGERPRINT = 32
};

/* Makes an ECDSA P-256 key and a certificate for it that signs itself: for these names
 * (at least one; the first is its subject, too), from a day before `now` for `days` days.
 * It is a server's, not an authority. */
MUST_USE int certificate_self_sign(const struct view *names, size_t name_count,
		walltime now, unsigned days, struct buf *chain_out,
		struct secret *key_out);

struct certificate_facts {
	walltime not_before, not_after;
	const struct view *names; /* DNS names, lower case */
	size_t name_count;
	bool self_signed;
	size_t chain_length;
	unsigned char fingerprint[CERTIFICATE_FINGERPRINT]; /* SHA-256 of the first one */
	/* SHA-256 of its key, as TLSA records have it (SPKI; RFC 6698, 2.1.2) */
	unsigned char key_digest[CERTIFICATE_FINGERPRINT];
};

/* Reads the first certificate of a chain and parses the others. The names live in
 * `arena`. */
MUST_USE int certificate_read(
		struct arena *arena, struct view chain, struct certificate_facts *out);
/* True where one of its names is this one, or a wildcard for it (RFC 6125, 6.4.3). */
bool certificate_covers(const struct certificate_facts *facts, struct view name);
/* 0 where the key is the first certificate's. */
MUST_USE int certificate_check_key(struct view chain, const struct secret *key);

#endif

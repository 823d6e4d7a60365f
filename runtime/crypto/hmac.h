/* Keyed hashes: keyed BLAKE2b-256 for our own use, HMAC-SHA-256 where a format asks for
 * it. Compare results with view_eq_secret(). */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "runtime/crypto/digest.h"
#include "runtime/crypto/key.h"

/* Goes on and ends by digest_add() and digest_final(). */
void keyed_digest_init(struct digest *d, const struct key *key);
void keyed_digest(
		const struct key *key, struct view bytes, unsigned char out[DIGEST_SIZE]);

/* HMAC-SHA-256 of what is added piece by piece. It knows the key until its end. */
struct hmac {
	alignas(64) unsigned char state[256];
};

void hmac_init(struct hmac *h, struct view key);
void hmac_add(struct hmac *h, struct view bytes);
/* Ends it, and forgets the key. */
void hmac_final(struct hmac *h, unsigned char out[DIGEST_SIZE]);

/* RFC 2104; a key of any length. */
void hmac_sha256(struct view key, struct view bytes, unsigned char out[DIGEST_SIZE]);

enum {
	HKDF_INFO_MAX = 128
};

/* A key from a key: HKDF-SHA-256 (RFC 5869), one block. An empty salt is one of zeros. */
void hkdf_sha256(struct view key, struct view salt, struct view info,
		unsigned char out[DIGEST_SIZE]);

/* The longer ones, where a protocol lets a peer choose. */
enum hmac_hash {
	HMAC_SHA256,
	HMAC_SHA384,
	HMAC_SHA512,
	HMAC_HASHES,
};

enum {
	HMAC_MOST = 64 /* bytes */
};

/* Returns how many bytes it wrote. */
size_t hmac_sha2(enum hmac_hash hash, struct view key, struct view bytes,
		unsigned char out[HMAC_MOST]);

#endif

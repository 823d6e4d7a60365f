/* Digests: BLAKE2b-256 (RFC 7693) for our own use, SHA-256 where a format asks for it. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "runtime/base/view.h"

#include <stdalign.h>

enum {
	DIGEST_SIZE = 32
};

/* BLAKE2b-256 of what is added piece by piece. It needs no freeing. */
struct digest {
	alignas(64) unsigned char state[384];
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, struct view bytes);
/* Ends it; the next use begins with digest_init. */
void digest_final(struct digest *d, unsigned char out[DIGEST_SIZE]);

void digest_bytes(struct view bytes, unsigned char out[DIGEST_SIZE]);
void digest_sha256(struct view bytes, unsigned char out[DIGEST_SIZE]);

#endif

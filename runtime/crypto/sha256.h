/* SHA-256 (FIPS 180-4) of what is added piece by piece, as fast as the processor has it:
 * for formats that ask for it over whole messages. Short texts: digest_sha256(). */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include "runtime/crypto/digest.h"

struct sha256;

MUST_USE struct sha256 *sha256_new(void);
/* NULL is fine. */
void sha256_free(struct sha256 *sha);
void sha256_freep(struct sha256 **sha);

void sha256_add(struct sha256 *sha, struct view bytes);
/* The digest of all that was added; then it begins anew. */
void sha256_final(struct sha256 *sha, unsigned char out[DIGEST_SIZE]);

#endif

/* Sealed bytes: small secrets at rest, encrypted and bound to what they belong to
 * (XChaCha20-Poly1305, random nonce).
 *
 * On disk: version 1 (one byte), nonce (24), ciphertext, tag (16). The associated bytes
 * are not stored: who opens must know them, so a sealed value that was moved to another
 * row does not open. */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "runtime/base/view.h"
#include "runtime/crypto/key.h"

enum {
	SEAL_OVERHEAD = 1 + 24 + 16, /* bytes that a sealed value is longer */
};

enum {
	SEAL_OK = 0,
	SEAL_E_FORGED = 1, /* altered, of another key, another owner or another format */
};

/* Writes plain.len + SEAL_OVERHEAD bytes. */
void seal(const struct key *key, struct view associated, struct view plain, void *out);
/* Writes sealed.len - SEAL_OVERHEAD bytes, on success only. */
MUST_USE int seal_open(const struct key *key, struct view associated, struct view sealed,
		void *out);

#endif

#include "runtime/crypto/seal.h"

#include "runtime/crypto/random.h"

#include <assert.h>
#include <sodium.h>

enum {
	VERSION = 1,
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

static_assert(SEAL_OVERHEAD == 1 + NONCE + TAG, "the header promises it");

void seal(const struct key *key, struct view associated, struct view plain, void *out)
{
	unsigned char *version = out;
	unsigned char *nonce = version + 1;
	unsigned char *sealed = nonce + NONCE;

	*version = VERSION;
	random_bytes(nonce, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL,
			(const unsigned char *)plain.data, plain.len,
			(const unsigned char *)associated.data, associated.len, NULL,
			nonce, key->bytes);
}

int seal_open(const struct key *key, struct view associated, struct view sealed,
		void *out)
{
	const unsigned char *at = (const unsigned char *)sealed.data;

	if (sealed.len < SEAL_OVERHEAD || at[0] != VERSION)
		return SEAL_E_FORGED;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, at + 1 + NONCE,
			    sealed.len - 1 - NONCE,
			    (const unsigned char *)associated.data, associated.len,
			    at + 1, key->bytes))
		return SEAL_E_FORGED;
	return SEAL_OK;
}

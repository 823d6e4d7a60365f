#include "runtime/crypto/digest.h"

#include <assert.h>
#include <sodium.h>

static_assert(sizeof(crypto_generichash_state) <= sizeof(struct digest), "room for it");
static_assert(alignof(crypto_generichash_state) <= alignof(struct digest), "aligned");

static crypto_generichash_state *state_of(struct digest *d)
{
	return (crypto_generichash_state *)(void *)d->state;
}

void digest_init(struct digest *d)
{
	crypto_generichash_init(state_of(d), NULL, 0, DIGEST_SIZE);
}

void digest_add(struct digest *d, struct view bytes)
{
	if (bytes.len)
		crypto_generichash_update(state_of(d), (const unsigned char *)bytes.data,
				bytes.len);
}

void digest_final(struct digest *d, unsigned char out[DIGEST_SIZE])
{
	crypto_generichash_final(state_of(d), out, DIGEST_SIZE);
	sodium_memzero(d, sizeof(*d));
}

void digest_bytes(struct view bytes, unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, bytes);
	digest_final(&d, out);
}

void digest_sha256(struct view bytes, unsigned char out[DIGEST_SIZE])
{
	crypto_hash_sha256(out, (const unsigned char *)bytes.data, bytes.len);
}

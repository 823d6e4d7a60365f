#include "runtime/crypto/hmac.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

static_assert(DIGEST_SIZE == crypto_auth_hmacsha256_BYTES, "one size for all");

void keyed_digest_init(struct digest *d, const struct key *key)
{
	crypto_generichash_init((crypto_generichash_state *)(void *)d->state, key->bytes,
			KEY_SIZE, DIGEST_SIZE);
}

void keyed_digest(
		const struct key *key, struct view bytes, unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	keyed_digest_init(&d, key);
	digest_add(&d, bytes);
	digest_final(&d, out);
}

static crypto_auth_hmacsha256_state *state_of(struct hmac *h)
{
	static_assert(sizeof(h->state) >= sizeof(crypto_auth_hmacsha256_state),
			"it has room");
	return (crypto_auth_hmacsha256_state *)(void *)h->state;
}

void hmac_init(struct hmac *h, struct view key)
{
	crypto_auth_hmacsha256_init(
			state_of(h), (const unsigned char *)key.data, key.len);
}

void hmac_add(struct hmac *h, struct view bytes)
{
	crypto_auth_hmacsha256_update(
			state_of(h), (const unsigned char *)bytes.data, bytes.len);
}

void hmac_final(struct hmac *h, unsigned char out[DIGEST_SIZE])
{
	crypto_auth_hmacsha256_final(state_of(h), out);
	sodium_memzero(h, sizeof(*h));
}

void hmac_sha256(struct view key, struct view bytes, unsigned char out[DIGEST_SIZE])
{
	struct hmac h;

	hmac_init(&h, key);
	hmac_add(&h, bytes);
	hmac_final(&h, out);
}

void hkdf_sha256(struct view key, struct view salt, struct view info,
		unsigned char out[DIGEST_SIZE])
{
	static const unsigned char zeros[DIGEST_SIZE];
	unsigned char prk[DIGEST_SIZE];
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(HKDF_INFO_MAX + 1);

	hmac_sha256(salt.len ? salt : view_of(zeros, sizeof(zeros)), key, prk);
	buf_add(&text, info);
	buf_add_byte(&text, 1);
	assert(!buf_failed(&text));
	hmac_sha256(view_of(prk, sizeof(prk)), buf_view(&text), out);
	sodium_memzero(prk, sizeof(prk));
}

size_t hmac_sha2(enum hmac_hash hash, struct view key, struct view bytes,
		unsigned char out[HMAC_MOST])
{
	const EVP_MD *digests[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
	unsigned len = 0;

	if (!HMAC(digests[hash], key.data ? key.data : "", (int)key.len,
			    (const unsigned char *)bytes.data, bytes.len, out, &len))
		die("no HMAC of SHA-2");
	return len;
}

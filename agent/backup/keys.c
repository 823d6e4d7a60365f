#include "agent/backup/keys.h"

#include "runtime/base/error.h"
#include "runtime/crypto/hmac.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

static_assert(crypto_sign_PUBLICKEYBYTES == VAULT_KEY, "the header promises it");
static_assert(crypto_sign_BYTES == KEYS_SIGNATURE, "the header promises it");

static void derive(const struct key *host, const char *what, struct key *out)
{
	keyed_digest(host, view_z(what), out->bytes);
}

void vault_keys_derive(const struct key *host, struct vault_keys *out)
{
	CLEANUP(key_wipe) struct key seed;

	static_assert(sizeof(out->signing) == crypto_sign_SECRETKEYBYTES, "room for it");
	derive(host, "posthus backup names", &out->names);
	derive(host, "posthus backup cuts", &out->cuts);
	derive(host, "posthus backup directory", &out->directory);
	derive(host, "posthus backup index", &out->index);
	derive(host, "posthus backup state", &out->state);
	derive(host, "posthus backup signing", &seed);
	if (crypto_sign_seed_keypair(out->public, out->signing, seed.bytes))
		die("Ed25519 failed");
}

void vault_keys_wipe(struct vault_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

void vault_public_key_of(const struct key *host, unsigned char out[VAULT_KEY])
{
	CLEANUP(vault_keys_wipe) struct vault_keys keys;

	vault_keys_derive(host, &keys);
	memcpy(out, keys.public, VAULT_KEY);
}

void vault_sign(const struct vault_keys *keys, struct view bytes,
		unsigned char out[KEYS_SIGNATURE])
{
	if (crypto_sign_detached(out, NULL, (const unsigned char *)bytes.data, bytes.len,
			    keys->signing))
		die("Ed25519 failed");
}

bool vault_signed(const unsigned char public[VAULT_KEY], struct view bytes,
		struct view signature)
{
	return signature.len == KEYS_SIGNATURE &&
	       crypto_sign_verify_detached((const unsigned char *)signature.data,
			       (const unsigned char *)bytes.data, bytes.len, public) == 0;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct age_recipient));
}

void recipients_digest(const struct age_recipient *recipients, size_t count,
		unsigned char out[DIGEST_SIZE])
{
	struct age_recipient sorted[AGE_RECIPIENTS_MAX];

	assert(count <= AGE_RECIPIENTS_MAX);
	memcpy(sorted, recipients, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_bytes);
	digest_bytes(view_of(sorted, count * sizeof(*sorted)), out);
}

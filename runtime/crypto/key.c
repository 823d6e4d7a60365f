#include "runtime/crypto/key.h"

#include "runtime/crypto/random.h"

#include <assert.h>
#include <sodium.h>

/* Changing one of these loses all that was encrypted for that purpose. */
/* clang-format off */
static const char contexts[PURPOSE_COUNT][crypto_kdf_CONTEXTBYTES + 1] = {
	[PURPOSE_CONTROL]  = "control\0",
	[PURPOSE_QUEUE]    = "queue\0\0\0",
	[PURPOSE_INTAKE]   = "intake\0\0",
	[PURPOSE_SESSIONS] = "sessions",
	[PURPOSE_DKIM]     = "dkim\0\0\0\0",
	[PURPOSE_TLS]      = "tls\0\0\0\0\0",
	[PURPOSE_SRS]      = "srs\0\0\0\0\0",
	[PURPOSE_STATE]    = "state\0\0\0",
	[PURPOSE_BACKUP]   = "backup\0\0",
	[PURPOSE_ACCOUNTS] = "accounts",
};
/* clang-format on */

void key_derive(const struct key *master, enum purpose purpose, struct key *out)
{
	assert(purpose < PURPOSE_COUNT);
	crypto_kdf_derive_from_key(
			out->bytes, KEY_SIZE, 1, contexts[purpose], master->bytes);
}

void key_random(struct key *out)
{
	random_bytes(out->bytes, KEY_SIZE);
}

void key_wipe(struct key *key)
{
	sodium_memzero(key, sizeof(*key));
}

/* Keys: 32 random bytes, and the purposes that the master key is split into.
 *
 * A key lives in a slot of the keyring wherever it stays longer than a call; on the stack
 * it is declared with CLEANUP(key_wipe). */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "runtime/base/attr.h"

enum {
	KEY_SIZE = 32
};

struct key {
	unsigned char bytes[KEY_SIZE];
};

/* What a derived key is for. The master key itself encrypts nothing. */
enum purpose {
	PURPOSE_CONTROL,  /* control.db */
	PURPOSE_QUEUE,    /* queue.db and the bodies beside it */
	PURPOSE_INTAKE,   /* the intake log */
	PURPOSE_SESSIONS, /* tokens of the web admin */
	PURPOSE_DKIM,     /* signing keys, at rest */
	PURPOSE_TLS,      /* certificates' keys, at rest */
	PURPOSE_SRS,      /* senders of mail that is sent on */
	PURPOSE_STATE,    /* the identity that opens a state's sealed values */
	PURPOSE_BACKUP,   /* what this host alone may read back */
	PURPOSE_ACCOUNTS, /* wraps the accounts' data keys: never leaves the broker */
	PURPOSE_COUNT,
};

/* crypto_kdf (BLAKE2b) with the purpose as its context. */
void key_derive(const struct key *master, enum purpose purpose, struct key *out);
void key_random(struct key *out);
void key_wipe(struct key *key);

#endif

/* The master key: 32 bytes, kept outside the data directory as the text
 * `posthus-master-1:` and base64; or locked by a passphrase that is asked for at each start,
 * as `posthus-master-locked-1:` and base64 (Argon2id of 256 MiB, so that a thief of the file
 * guesses slowly). */
#ifndef CRYPTO_MASTER_KEY_H
#define CRYPTO_MASTER_KEY_H

#include "runtime/base/secret.h"

enum {
	MASTER_KEY_OK = 0,
	MASTER_KEY_E_ABSENT = 1, /* no such file or credential */
	MASTER_KEY_E_READABLE,   /* others can read it, or it is not ours nor root's: its
				    mode must be 0600 or 0400 */
	MASTER_KEY_E_FORM,       /* not a regular file, or not a master key */
	MASTER_KEY_E_EXISTS,     /* master_key_make: never overwritten */
	MASTER_KEY_E_LOCKED,     /* by a passphrase: master_key_unlock() opens `out` */
	MASTER_KEY_E_WRONG,      /* master_key_unlock: by another one */
};

enum {
	MASTER_KEY_PASSPHRASE_MIN = 12, /* bytes of one that locks */
	MASTER_KEY_PASSPHRASE_MAX = 1024,
};

/* The 32 bytes, for broker_start(). */
MUST_USE int master_key_load_file(const char *path, struct secret *out);
/* From $CREDENTIALS_DIRECTORY/name, as systemd's LoadCredential= puts it there. */
MUST_USE int master_key_load_credential(const char *name, struct secret *out);
/* Makes a new one, mode 0600, on disk when it returns; locked where there is a passphrase,
 * which may be NULL. */
MUST_USE int master_key_make(const char *path, const struct secret *passphrase);
/* Writes one that there is, the same way. */
MUST_USE int master_key_keep(const char *path, const struct secret *key,
		const struct secret *passphrase);

/* The 32 bytes of what a load found locked. Takes half a second. */
MUST_USE int master_key_unlock(const struct secret *locked,
		const struct secret *passphrase, struct secret *out);

/* As text, and from text: OK, FORM or LOCKED. */
void master_key_write(const struct secret *key, struct secret *out);
MUST_USE int master_key_read(struct view text, struct secret *out);

#endif

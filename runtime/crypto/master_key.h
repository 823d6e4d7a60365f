/* The master key: 32 bytes, kept outside the data directory as the text
 * `posthus-master-1:` and base64. */
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
};

/* The 32 bytes, for broker_start(). */
MUST_USE int master_key_load_file(const char *path, struct secret *out);
/* From $CREDENTIALS_DIRECTORY/name, as systemd's LoadCredential= puts it there. */
MUST_USE int master_key_load_credential(const char *name, struct secret *out);
/* Makes a new one, mode 0600, on disk when it returns. */
MUST_USE int master_key_make(const char *path);

#endif

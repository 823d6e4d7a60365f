/* age v1 files (age-encryption.org/v1), by X25519 recipients: small secrets that lie in a
 * repository, to be read and written by the `age` program as well.
 *
 * Passphrases, ssh recipients and plugins are not read. */
#ifndef CRYPTO_AGE_H
#define CRYPTO_AGE_H

#include "runtime/base/buf.h"
#include "runtime/base/secret.h"
#include "runtime/crypto/key.h"

enum {
	AGE_RECIPIENTS_MAX = 32,
	AGE_CLEAR_MAX = 32 * 1024, /* bytes of a secret */
	AGE_FILE_MAX = 64 * 1024,  /* bytes of a file that is read */
	AGE_RECIPIENT_TEXT = 62,   /* "age1…" */
	AGE_IDENTITY_TEXT = 74,    /* "AGE-SECRET-KEY-1…" */
};

/* The public half: a point of Curve25519. */
struct age_recipient {
	unsigned char bytes[KEY_SIZE];
};

/* "age1…", in small letters (Bech32). False where it is none. */
MUST_USE bool age_recipient_read(struct view text, struct age_recipient *out);
void age_recipient_write(const struct age_recipient *recipient, struct buf *out);
/* Of a private half: any 32 bytes are one. */
void age_recipient_of(const struct key *identity, struct age_recipient *out);
/* "AGE-SECRET-KEY-1…". */
MUST_USE bool age_identity_read(struct view text, struct key *out);
void age_identity_write(const struct key *identity, struct secret *out);

enum {
	AGE_OK = 0,
	AGE_E_FORM = 1,  /* no such file, or damaged */
	AGE_E_RECIPIENT, /* not for this identity */
	AGE_E_TOO_LARGE,
	AGE_E_WEAK, /* a recipient that no secret can be made with */
};

/* For 1 to AGE_RECIPIENTS_MAX recipients. Adds the file, which is binary. */
MUST_USE int age_seal(const struct age_recipient *recipients, size_t count,
		const struct secret *clear, struct buf *out);
MUST_USE int age_open(const struct key *identity, struct view file, struct secret *out);

#endif

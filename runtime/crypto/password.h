/* Passwords: making and checking their hashes.
 *
 * A check costs 64 MiB and tens of milliseconds by intent: it is a worker's, and the
 * number of workers bounds the memory. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "runtime/base/secret.h"

enum {
	PASSWORD_HASH_TEXT = 128, /* a made hash with its NUL */
	PASSWORD_MAX = 512,       /* bytes of a password; longer ones are wrong */
};

enum password_form {
	PASSWORD_FORM_UNKNOWN,
	PASSWORD_FORM_ARGON2ID,     /* $argon2id$ (RFC 9106, PHC string) */
	PASSWORD_FORM_SHA512_CRYPT, /* $6$ */
	PASSWORD_FORM_BCRYPT,       /* $2y$, $2b$ */
	PASSWORD_FORM_SSHA512,      /* {SSHA512} */
};

/* What kind of hash this text is; UNKNOWN also where its cost is beyond what a login may
 * take (Argon2id: 1 GiB, 10 passes; bcrypt: 15; SHA-512: 1,000,000 rounds). */
enum password_form password_form(struct view hash);

/* A new Argon2id hash with a salt of its own, NUL-terminated. */
void password_hash(const struct secret *password, char out[PASSWORD_HASH_TEXT]);

enum {
	PASSWORD_OK = 0,
	PASSWORD_E_WRONG = 1,
	PASSWORD_E_FORM, /* the hash is of no known form */
};

/* `upgrade_out` is written on PASSWORD_OK: true where the hash is an old form or weaker
 * than those made here, so that password_hash() should take its place. */
MUST_USE int password_verify(
		struct view hash, const struct secret *password, bool *upgrade_out);
/* Takes as long as a check and finds it wrong: for logins that do not exist. */
void password_verify_nobody(const struct secret *password);

#endif

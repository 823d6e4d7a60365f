/* App passwords: what a mail program keeps instead of its person's password.
 *
 * 130 random bits in 26 letters, `k3v9q-t0fxm-…`, that nobody can guess, so that a check costs
 * a millisecond and no Argon2id. What is kept of one is what SCRAM-SHA-256 keeps (RFC 5803):
 * from it the password cannot be had back, and a login that proves it without sending it can
 * be checked by the same row. */
#ifndef CRYPTO_APP_PASSWORD_H
#define CRYPTO_APP_PASSWORD_H

#include "runtime/base/secret.h"
#include "runtime/crypto/digest.h"

enum {
	APP_PASSWORD_LETTERS = 26,
	APP_PASSWORD_TEXT = 30, /* with its hyphens */
	APP_PASSWORD_SALT = 16,
	APP_PASSWORD_ITERATIONS = 4096, /* the least that RFC 7677 lets SCRAM have */
};

/* A new one, as it is shown: small letters, with hyphens. */
void app_password_make(struct secret *out);
/* Brings what was typed into that form: case, blanks and hyphens do not count, nor 0 for O, 1
 * for I and l. False where it cannot be one. */
MUST_USE bool app_password_read(const struct secret *typed, struct secret *out);

/* RFC 5802, 3: H(ClientKey), and ServerKey. */
struct app_verifier {
	unsigned char stored[DIGEST_SIZE];
	unsigned char server[DIGEST_SIZE];
};

/* Of one in the form that is shown; all of an account's share a salt, since a program that
 * logs in does not say which one it has. */
void app_password_verifier(const struct secret *password,
		const unsigned char salt[APP_PASSWORD_SALT], struct app_verifier *out);
/* In a time that does not depend on where they differ. */
bool app_verifier_same(const struct app_verifier *a, const struct app_verifier *b);

#endif

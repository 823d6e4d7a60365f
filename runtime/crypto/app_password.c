#include "runtime/crypto/app_password.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/crypto/crockford.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/random.h"

#include <openssl/evp.h>
#include <sodium.h>

enum {
	GROUP = 5, /* letters; the last one has one more */
	TYPED_MAX = 2 * APP_PASSWORD_TEXT,
};

static void add_letter(struct buf *text, size_t place, unsigned value)
{
	if (place && place % GROUP == 0 && place + 1 < APP_PASSWORD_LETTERS)
		buf_add_byte(text, '-');
	buf_add_byte(text, byte_lower(crockford_letter(value)));
}

void app_password_make(struct secret *out)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(APP_PASSWORD_TEXT);
	unsigned char random[APP_PASSWORD_LETTERS];

	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		add_letter(&text, i, random[i] & 31);
	sodium_memzero(random, sizeof(random));
	*out = secret_copy(buf_view(&text));
}

bool app_password_read(const struct secret *typed, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(APP_PASSWORD_TEXT);
	struct view letters = secret_expose(typed);
	size_t count = 0;

	if (letters.len < APP_PASSWORD_LETTERS || letters.len > TYPED_MAX)
		return false;
	for (size_t i = 0; i < letters.len; i++) {
		int value;

		if (crockford_separates(letters.data[i]))
			continue;
		value = crockford_value(letters.data[i]);
		if (value < 0 || count == APP_PASSWORD_LETTERS)
			return false;
		add_letter(&text, count++, (unsigned)value);
	}
	if (count < APP_PASSWORD_LETTERS)
		return false;
	*out = secret_copy(buf_view(&text));
	return true;
}

void app_password_verifier(const struct secret *password,
		const unsigned char salt[APP_PASSWORD_SALT], struct app_verifier *out)
{
	struct view text = secret_expose(password);
	unsigned char salted[DIGEST_SIZE], client[DIGEST_SIZE];

	if (!PKCS5_PBKDF2_HMAC(text.data, (int)text.len, salt, APP_PASSWORD_SALT,
			    APP_PASSWORD_ITERATIONS, EVP_sha256(), DIGEST_SIZE, salted))
		die("no PBKDF2 of SHA-256");
	hmac_sha256(view_of(salted, DIGEST_SIZE), VIEW("Client Key"), client);
	digest_sha256(view_of(client, DIGEST_SIZE), out->stored);
	hmac_sha256(view_of(salted, DIGEST_SIZE), VIEW("Server Key"), out->server);
	sodium_memzero(salted, sizeof(salted));
	sodium_memzero(client, sizeof(client));
}

bool app_verifier_same(const struct app_verifier *a, const struct app_verifier *b)
{
	return sodium_memcmp(a->stored, b->stored, DIGEST_SIZE) == 0;
}

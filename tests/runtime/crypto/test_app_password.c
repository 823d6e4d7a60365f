#include "runtime/crypto/app_password.h"

#include "runtime/base/error.h"
#include "runtime/base/view.h"
#include "tests/lib/test.h"

#include <sodium.h>

static void made_ones_are_read_however_they_are_typed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		CLEANUP(secret_free) struct secret made = SECRET_NULL;
		CLEANUP(secret_free) struct secret typed = SECRET_NULL;
		CLEANUP(secret_free) struct secret read = SECRET_NULL;
		char text[APP_PASSWORD_TEXT];
		size_t len = 0;

		app_password_make(&made);
		assert_int_equal(made.len, APP_PASSWORD_TEXT);
		for (size_t k = 0; k < made.len; k++) {
			char c = made.data[k];

			if (c == '-' && i % 3 == 1)
				continue;
			if (c == '0' && i % 3 == 2)
				c = 'o';
			text[len++] = c == '-' && i % 3 == 2 ? ' ' : byte_upper(c);
		}
		typed = secret_copy(view_of(text, len));
		assert_true(app_password_read(&typed, &read));
		assert_true(view_eq(secret_expose(&read), secret_expose(&made)));
	}
}

static void no_two_are_the_same(void **state)
{
	CLEANUP(secret_free) struct secret a = SECRET_NULL;
	CLEANUP(secret_free) struct secret b = SECRET_NULL;

	(void)state;
	app_password_make(&a);
	app_password_make(&b);
	assert_false(view_eq(secret_expose(&a), secret_expose(&b)));
}

static void other_texts_are_none(void **state)
{
	/* clang-format off */
	static const char *const texts[] = {
		"",
		"wonderland",
		"k3v9q-t0fxm-k3v9q-t0fxm-k3v9q",      /* a letter is missing */
		"k3v9q-t0fxm-k3v9q-t0fxm-k3v9qt0",    /* one too many */
		"k3v9q-t0fxm-k3v9q-t0fxm-k3v9qu",     /* no letter of these */
		"k3v9q-t0fxm-k3v9q-t0fxm-k3v9q!",
		"------------------------------",
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(secret_free)
		struct secret typed = secret_copy(view_z(texts[i]));
		struct secret read;

		assert_false(app_password_read(&typed, &read));
	}
}

/* By the steps of RFC 5802, 3, with Python's hashlib. */
static void what_is_kept_is_what_scram_keeps(void **state)
{
	CLEANUP(secret_free)
	struct secret password = secret_copy(VIEW("k3v9q-t0fxm-k3v9q-t0fxm-k3v9qt"));
	const unsigned char salt[APP_PASSWORD_SALT] = "0123456789abcdef";
	struct app_verifier verifier;
	char hex[2 * DIGEST_SIZE + 1];

	(void)state;
	app_password_verifier(&password, salt, &verifier);
	sodium_bin2hex(hex, sizeof(hex), verifier.stored, DIGEST_SIZE);
	assert_string_equal(hex, "2dab0b6e20a8d4405dc73eaabd74444c4c17f0651aeccee410381a3"
				 "000c2cff4");
	sodium_bin2hex(hex, sizeof(hex), verifier.server, DIGEST_SIZE);
	assert_string_equal(hex, "480c9b92cd1ad91c49fb61b3e06e27d0faa0b1cf699176d27169b51"
				 "540f8eb27");
}

static void another_password_or_salt_is_another(void **state)
{
	CLEANUP(secret_free) struct secret a = SECRET_NULL;
	CLEANUP(secret_free) struct secret b = SECRET_NULL;
	const unsigned char salt[APP_PASSWORD_SALT] = { 1 },
			    other[APP_PASSWORD_SALT] = { 2 };
	struct app_verifier first, again, second, third;

	(void)state;
	app_password_make(&a);
	app_password_make(&b);
	app_password_verifier(&a, salt, &first);
	app_password_verifier(&a, salt, &again);
	app_password_verifier(&b, salt, &second);
	app_password_verifier(&a, other, &third);
	assert_true(app_verifier_same(&first, &again));
	assert_false(app_verifier_same(&first, &second));
	assert_false(app_verifier_same(&first, &third));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_ones_are_read_however_they_are_typed),
		cmocka_unit_test(no_two_are_the_same),
		cmocka_unit_test(other_texts_are_none),
		cmocka_unit_test(what_is_kept_is_what_scram_keeps),
		cmocka_unit_test(another_password_or_salt_is_another),
	};

	assert_true(sodium_init() >= 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

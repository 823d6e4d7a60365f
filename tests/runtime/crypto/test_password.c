#include "runtime/crypto/password.h"
#include "tests/lib/test.h"

#include <time.h>

/* Made by other programs: phc-winner-argon2's own tests, crypt(3), hashlib. */
#define ARGON2ID_ONE_LANE                                                                \
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"                                      \
	"nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define ARGON2ID_TWO_LANES                                                               \
	"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$"                                      \
	"bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
#define SHA512_CRYPT                                                                     \
	"$6$saltsalt$YTeBOLnmm3CoeJTzBuijUEtOEWCqrw/nQ8/"                                \
	"AeMmON4LGp3k0ZiMjC1OdqzWFUAfDQBvY"                                              \
	"kOch9BWtQTBcZ1E/p0"
#define BCRYPT "$2b$05$abcdefghijklmnopqrstuuWHxnxkyNt6AHCwFMQaY6auyqJA8E98a"
#define SSHA512                                                                          \
	"{SSHA512}41F9q8bq+e3vqiw9rCP1u32qy7ZpX+1b7Lp/ZzIeBCBBPq7UnXwoncrYH1z+xySeEzve/" \
	"Na7rBiOUn3s4oFJgHNhbHQxMjM0"

static int verify(const char *hash, struct view text, bool *upgrade)
{
	CLEANUP(secret_free) struct secret password = secret_copy(text);

	return password_verify(view_z(hash), &password, upgrade);
}

/* clang-format off */
static const struct {
	const char *name, *hash, *password;
	enum password_form form;
} known[] = {
	{ "argon2id, one lane",  ARGON2ID_ONE_LANE,  "password", PASSWORD_FORM_ARGON2ID },
	{ "argon2id, two lanes", ARGON2ID_TWO_LANES, "password", PASSWORD_FORM_ARGON2ID },
	{ "sha512-crypt",        SHA512_CRYPT,       "hello",    PASSWORD_FORM_SHA512_CRYPT },
	{ "bcrypt",              BCRYPT,             "hello",    PASSWORD_FORM_BCRYPT },
	{ "ssha512",             SSHA512,            "hello",    PASSWORD_FORM_SSHA512 },
};

static const char *const unknown[] = {
	"", "hello", "$", "$6$", "$6$saltsalt$", "$1$abc$def", "$5$salt$hash", "{SSHA512}", "{SSHA512}AAAA", "{PLAIN}hello",
	"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
	"$argon2id$v=19$m=256,t=2,p=1$$nf65EOgLrQMR",
	"$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR", /* 95 GiB */
	"$argon2id$v=19$m=256,t=99999,p=1$c29tZXNhbHQ$nf65EOgLrQMR",
	"$2b$31$abcdefghijklmnopqrstuuWHxnxkyNt6AHCwFMQaY6auyqJA8E98a", /* days */
	"$2b$05$abcdefghijklmnopqrstuuWHxnxkyNt6AHCwFMQaY6auyqJA8E98",
	"$6$rounds=999999999$saltsalt$YTeBOLnmm3CoeJTzBuijUEtOEWCqrw/nQ8/AeMmON4LGp3k0ZiMjC1OdqzWFUAfDQBvYkOch9BWtQTBcZ1E/p0",
};
/* clang-format on */

static void each_known_form_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		bool upgrade = false;

		print_message("%s\n", known[i].name);
		assert_int_equal(password_form(view_z(known[i].hash)), known[i].form);
		assert_int_equal(verify(known[i].hash, view_z(known[i].password),
						 &upgrade),
				PASSWORD_OK);
		assert_true(upgrade);
		assert_int_equal(verify(known[i].hash, VIEW("Hello"), &upgrade),
				PASSWORD_E_WRONG);
		assert_int_equal(verify(known[i].hash, VIEW(""), &upgrade),
				PASSWORD_E_WRONG);
		assert_int_equal(verify(known[i].hash, VIEW("hello\0x"), &upgrade),
				PASSWORD_E_WRONG);
	}
}

static void other_texts_are_no_hashes(void **state)
{
	bool upgrade;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		print_message("%s\n", unknown[i]);
		assert_int_equal(
				password_form(view_z(unknown[i])), PASSWORD_FORM_UNKNOWN);
		assert_int_equal(verify(unknown[i], VIEW("hello"), &upgrade),
				PASSWORD_E_FORM);
	}
}

static void a_made_hash_is_good_and_current(void **state)
{
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("tr0ub\0dor"));
	char one[PASSWORD_HASH_TEXT], two[PASSWORD_HASH_TEXT];
	bool upgrade = true;

	(void)state;
	password_hash(&password, one);
	password_hash(&password, two);
	assert_string_not_equal(one, two);
	assert_int_equal(password_form(view_z(one)), PASSWORD_FORM_ARGON2ID);
	assert_int_equal(password_verify(view_z(one), &password, &upgrade), PASSWORD_OK);
	assert_false(upgrade);
	assert_int_equal(verify(one, VIEW("tr0ub"), &upgrade), PASSWORD_E_WRONG);
}

static void a_password_has_a_longest_length(void **state)
{
	char text[PASSWORD_MAX + 1], hash[PASSWORD_HASH_TEXT];
	struct secret password;
	bool upgrade;

	(void)state;
	memset(text, 'a', sizeof(text));
	password = secret_copy(view_of(text, PASSWORD_MAX));
	password_hash(&password, hash);
	assert_int_equal(password_verify(view_z(hash), &password, &upgrade), PASSWORD_OK);
	secret_free(&password);
	password = secret_copy(view_of(text, PASSWORD_MAX + 1));
	password_hash(&password, hash);
	assert_int_equal(password_verify(view_z(hash), &password, &upgrade),
			PASSWORD_E_WRONG);
	secret_free(&password);
}

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* CPU time of this thread, so that a busy machine does not matter; a factor of three,
 * where an answer without work would be a factor of thousands. */
static void nobody_costs_as_much_as_somebody(void **state)
{
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("hello"));
	char hash[PASSWORD_HASH_TEXT];
	int64_t start, somebody, nobody;
	bool upgrade;

	(void)state;
	password_hash(&password, hash);
	start = cpu_ns();
	assert_int_equal(password_verify(view_z(hash), &password, &upgrade), PASSWORD_OK);
	somebody = cpu_ns() - start;
	start = cpu_ns();
	password_verify_nobody(&password);
	nobody = cpu_ns() - start;
	assert_true(nobody * 3 > somebody && somebody * 3 > nobody);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_known_form_is_checked),
		cmocka_unit_test(other_texts_are_no_hashes),
		cmocka_unit_test(a_made_hash_is_good_and_current),
		cmocka_unit_test(a_password_has_a_longest_length),
		cmocka_unit_test(nobody_costs_as_much_as_somebody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runtime/base/limit.h"
#include "runtime/mail/dsn.h"
#include "tests/lib/test.h"

/* clang-format off */
static const struct {
	const char *value;
	unsigned set; /* 0: it is none */
} notifies[] = {
	{ "NEVER",                 DSN_NEVER },
	{ "never",                 DSN_NEVER },
	{ "SUCCESS",               DSN_SUCCESS },
	{ "FAILURE,DELAY",         DSN_FAILURE | DSN_DELAY },
	{ "Delay,Success,Failure", DSN_SUCCESS | DSN_FAILURE | DSN_DELAY },
	{ "FAILURE,FAILURE",       DSN_FAILURE },
	{ "",                      0 },
	{ ",",                     0 },
	{ "SUCCESS,",              0 },
	{ ",SUCCESS",              0 },
	{ "NEVER,SUCCESS",         0 },
	{ "SUCCESS,NEVER",         0 },
	{ "SUCCESS;DELAY",         0 },
	{ "SUCCES",                0 },
	{ "ALWAYS",                0 },
};

static const struct {
	const char *value;
	bool is, is_wide; /* an ORCPT, and one where SMTPUTF8 was asked */
} orcpts[] = {
	{ "rfc822;bob@example.org",          true,  true },
	{ "RFC822;bob+2Bx@example.org",      true,  true },
	{ "x400;/G+3DBob/",                true,  true },
	{ "rfc822;a+20b",                    true,  true },
	{ "rfc822;",                         false, false },
	{ ";bob@example.org",                false, false },
	{ "bob@example.org",                 false, false },
	{ "rf c;bob",                        false, false },
	{ "",                                false, false },
	/* S18: nothing ends a line or a string in disguise */
	{ "rfc822;bob+0D+0AX:+20y",          false, false },
	{ "rfc822;bob+00",                   false, false },
	{ "rfc822;bob+7F",                   false, false },
	{ "rfc822;bob+C3+BC",                false, false },
	{ "rfc822;bob+2b",                   false, false },
	{ "rfc822;bob+2",                    false, false },
	{ "rfc822;bob+",                     false, false },
	{ "rfc822;bob=x",                    false, false },
	{ "rfc822;b\xc3\xb6" "b",            false, false },
	/* RFC 6533, 3 */
	{ "utf-8;b\\x{F6}b@example.org",     true,  true },
	{ "UTF-8;b\\x{10FFFF}b",             true,  true },
	{ "utf-8;b\xc3\xb6" "b@example.org", false, true },
	{ "utf-8;b\xc3",                     false, false },
	{ "utf-8;\\x{A}",                    false, false },
	{ "utf-8;\\x{0}",                    false, false },
	{ "utf-8;\\x{85}",                   false, false },
	{ "utf-8;\\x{D800}",                 false, false },
	{ "utf-8;\\x{110000}",               false, false },
	{ "utf-8;\\x{0000F6}",               true,  true },
	{ "utf-8;\\x{00000F6}",              false, false },
	{ "utf-8;\\x{}",                     false, false },
	{ "utf-8;\\x{f6}",                   false, false },
	{ "utf-8;\\xF6",                     false, false },
	{ "utf-8;\\",                        false, false },
};
/* clang-format on */

static void notify_is_never_or_a_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(notifies); i++) {
		unsigned set = 0;
		bool is = dsn_notify_read(view_z(notifies[i].value), &set);

		if (is != (notifies[i].set != 0) || set != notifies[i].set)
			fail_msg("NOTIFY=%s: %d, %u", notifies[i].value, is, set);
	}
}

static void S18_orcpt_is_a_type_and_printable_xtext(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orcpts); i++) {
		struct view value = view_z(orcpts[i].value);

		if (dsn_is_orcpt(value, false) != orcpts[i].is ||
				dsn_is_orcpt(value, true) != orcpts[i].is_wide)
			fail_msg("ORCPT=%s", orcpts[i].value);
	}
	assert_false(dsn_is_orcpt(VIEW("rfc822;a\0b"), true));
}

static void S18_envid_is_printable_xtext(void **state)
{
	(void)state;
	assert_true(dsn_is_envid(VIEW("QQ314159")));
	assert_true(dsn_is_envid(VIEW("a+2Bb+3Dc+20d")));
	assert_false(dsn_is_envid(VIEW("")));
	assert_false(dsn_is_envid(VIEW("a+0Ab")));
	assert_false(dsn_is_envid(VIEW("a b")));
	assert_false(dsn_is_envid(VIEW("a=b")));
	assert_false(dsn_is_envid(VIEW("\xc3\xb6")));
}

static void ret_is_full_or_headers(void **state)
{
	enum dsn_ret ret = DSN_RET_UNSAID;

	(void)state;
	assert_false(dsn_ret_read(VIEW(""), &ret));
	assert_false(dsn_ret_read(VIEW("HEADERS"), &ret));
	assert_int_equal(ret, DSN_RET_UNSAID);
	assert_true(dsn_ret_read(VIEW("full"), &ret));
	assert_int_equal(ret, DSN_RET_FULL);
	assert_true(dsn_ret_read(VIEW("HDRS"), &ret));
	assert_int_equal(ret, DSN_RET_HEADERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify_is_never_or_a_set),
		cmocka_unit_test(S18_orcpt_is_a_type_and_printable_xtext),
		cmocka_unit_test(S18_envid_is_printable_xtext),
		cmocka_unit_test(ret_is_full_or_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Authentication-Results (RFC 8601): what we write, and whose fields have to go. */
#include "runtime/mail/authres.h"
#include "tests/lib/test.h"

static void a_field_is_told_piece_by_piece(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(10000);
	struct authres a;

	(void)state;
	authres_begin(&a, &out, VIEW("mx.example.org"), false);
	authres_end(&a);
	assert_view(buf_view(&out), "Authentication-Results: mx.example.org; none\r\n");
	buf_clear(&out);
	authres_begin(&a, &out, VIEW("mx.example.org"), false);
	authres_result(&a, "spf", "pass");
	assert_true(authres_property(&a, "smtp", "mailfrom", VIEW("joe@example.com")));
	authres_result(&a, "dkim", "fail");
	authres_comment(&a, VIEW("2048 bits"));
	authres_reason(&a, VIEW("the signature does not hold"));
	assert_true(authres_property(&a, "header", "d", VIEW("example.com")));
	authres_end(&a);
	assert_view(buf_view(&out), "Authentication-Results: mx.example.org;\r\n"
				    "\tspf=pass smtp.mailfrom=joe@example.com;\r\n"
				    "\tdkim=fail (2048 bits) reason=\"the signature does "
				    "not hold\"\r\n"
				    "\theader.d=example.com\r\n");
}

/* The property as it comes out. */
static void expect_property(
		const char *value, size_t len, bool utf8, const char *expected)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(10000);
	struct authres a;
	struct view written;

	authres_begin(&a, &out, VIEW("us"), utf8);
	authres_result(&a, "spf", "pass");
	assert_true(authres_property(&a, "smtp", "mailfrom", view_of(value, len)));
	authres_end(&a);
	written = view_from(buf_view(&out),
			view_find_view(buf_view(&out), VIEW("smtp.mailfrom=")) + 14);
	written.len -= 2;
	assert_view(written, expected);
}

static void M04_values_are_quoted_where_they_could_end(void **state)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "joe@example.com",                 "joe@example.com" },
		{ "a.b+c=d@example.com",             "a.b+c=d@example.com" },
		{ "@example.com",                    "@example.com" },
		{ "example.com",                     "example.com" },
		{ "ed25519-sha256",                  "ed25519-sha256" },
		{ "AbC1/+8=",                        "\"AbC1/+8=\"" },
		{ "",                                "\"\"" },
		{ "any@example.com(.victim.example", "\"any@example.com(.victim.example\"" },
		{ "any@example.com'@victim.example", "\"any@example.com'@victim.example\"" },
		{ "\"any@attacker\"@victim.example", "\"\\\"any@attacker\\\"@victim.example\"" },
		{ "<@a,@b:any@victim.example>",      "\"<@a,@b:any@victim.example>\"" },
		{ "a b@example.com",                 "\"a b@example.com\"" },
		{ "a;dkim=pass@example.com",         "\"a;dkim=pass@example.com\"" },
		{ "a\\b@example.com",                "\"a\\\\b@example.com\"" },
		{ "a\r\nX: y@example.com",           "\"a??X: y@example.com\"" },
		{ "a\tb\x7f@example.com",            "\"a?b?@example.com\"" },
		{ "j\xc3\xb6rg@example.com",         "\"j??rg@example.com\"" },
		{ ".a@example.com",                  "\".a@example.com\"" },
		{ "a.@example.com",                  "\"a.@example.com\"" },
		{ "a@b@example.com",                 "\"a@b@example.com\"" },
		{ "a@exa_mple.com",                  "\"a@exa_mple.com\"" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_property(rows[i][0], strlen(rows[i][0]), false, rows[i][1]);
	expect_property("a\0b", 3, false, "\"a?b\"");
	expect_property("j\xc3\xb6rg@example.com", 17, true,
			"\"j\xc3\xb6rg@example.com\"");
	expect_property("j\xc3@\xff", 4, true, "\"j?@?\"");
}

static void lines_stay_short_and_long_values_are_left_out(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 20);
	char text[2000];
	struct authres a;
	struct view rest;

	(void)state;
	memset(text, '"', sizeof(text));
	authres_begin(&a, &out, VIEW("us"), false);
	for (size_t len = 1; len < sizeof(text); len += 7) {
		authres_result(&a, "spf", "pass");
		authres_comment(&a, view_of(text, len));
		authres_reason(&a, view_of(text, len));
		assert_int_equal(authres_property(&a, "smtp", "mailfrom",
						 view_of(text, len)),
				2 * len + 2 + 14 <= AUTHRES_VALUE_MAX + 40);
	}
	authres_end(&a);
	for (rest = buf_view(&out); rest.len;) {
		struct view line = view_cut(&rest, '\n');

		assert_true(line.len <= 999 && view_ends(line, VIEW("\r")));
	}
}

static void M14_a_field_in_our_name_is_forged(void **state)
{
	/* clang-format off */
	static const struct { const char *field; bool forged; } rows[] = {
		{ "Authentication-Results: mx.example.org; spf=pass",      true },
		{ "authentication-RESULTS : MX.Example.org; spf=pass",     true },
		{ "Authentication-Results:mx.example.org;spf=pass",        true },
		{ "Authentication-Results: mx.example.org 1; spf=pass",    true },
		{ "Authentication-Results: mx.example.org. ; spf=pass",    true },
		{ "Authentication-Results: mx.example.org",                true },
		{ "Authentication-Results:\r\n mx.example.org; none",      true },
		{ "Authentication-Results: (a (b) \\) c) mx.example.org (d); none", true },
		{ "Authentication-Results: \"mx.example.org\"; none",      true },
		{ "Authentication-Results: \"mx\\.example.org\"; none",    true },
		/* not clearly somebody else's */
		{ "Authentication-Results: ",                              true },
		{ "Authentication-Results: ; spf=pass",                    true },
		{ "Authentication-Results: (mx.example.org",               true },
		{ "Authentication-Results: \"mx.example.org",              true },
		{ "Authentication-Results: spf=pass",                      true },
		{ "Authentication-Results: other.example mx.example.org; spf=pass", true },
		{ "Authentication-Results: other.example/mx.example.org; spf=pass", true },
		{ "Authentication-Results: \x01mx.example.org; spf=pass",  true },
		/* somebody else's, and none */
		{ "Authentication-Results: other.example; spf=pass",       false },
		{ "Authentication-Results: other.example 1; spf=pass",     false },
		{ "Authentication-Results: (mx.example.org) other.example; spf=pass", false },
		{ "Authentication-Results: xmx.example.org; spf=pass",     false },
		{ "Authentication-Results: a.mx.example.org; spf=pass",    false },
		{ "Authentication-Results: mx.example.org.evil.example; spf=pass", false },
		{ "ARC-Authentication-Results: i=1; mx.example.org; spf=pass", false },
		{ "X-Authentication-Results: mx.example.org; spf=pass",    false },
		{ "Subject: mx.example.org; spf=pass",                     false },
	};
	/* clang-format on */
	struct header_field field;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		header_field_split(view_z(rows[i].field), &field);
		if (authres_is_forged(&field, VIEW("mx.example.org")) != rows[i].forged)
			fail_msg("%s", rows[i].field);
	}
	header_field_split(VIEW("Authentication-Results: b\xc3\xbc"
				"cher.example; none"),
			&field);
	assert_true(authres_is_forged(&field, VIEW("xn--bcher-kva.example")));
	header_field_split(
			VIEW("Authentication-Results: mx.example.org\0; none"), &field);
	assert_true(authres_is_forged(&field, VIEW("mx.example.org")));
}

/* As another host may have it in its MAIL FROM. */
static void M04_no_value_is_taken_for_a_result(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(2000);
	struct authres a;

	(void)state;
	authres_begin(&a, &out, VIEW("mx.example.org"), false);
	authres_result(&a, "spf", "fail");
	authres_reason(&a, VIEW("x;\r\n\tspf=pass"));
	authres_property(&a, "smtp", "mailfrom", VIEW("\";\r\n\tspf=pass\"@a.example"));
	authres_result(&a, "spf", "pass"); /* of HELO */
	authres_end(&a);
	assert_true(authres_first_is(buf_view(&out), "spf", "fail"));
	assert_false(authres_first_is(buf_view(&out), "spf", "pass"));
	assert_false(authres_first_is(buf_view(&out), "spf", "fai"));
	assert_false(authres_first_is(buf_view(&out), "dkim", "fail"));
	buf_clear(&out);
	authres_begin(&a, &out, VIEW("mx.example.org"), false);
	authres_end(&a);
	assert_false(authres_first_is(buf_view(&out), "spf", "pass"));
	assert_false(authres_first_is(VIEW_NULL, "spf", "pass"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_told_piece_by_piece),
		cmocka_unit_test(M04_values_are_quoted_where_they_could_end),
		cmocka_unit_test(lines_stay_short_and_long_values_are_left_out),
		cmocka_unit_test(M04_no_value_is_taken_for_a_result),
		cmocka_unit_test(M14_a_field_in_our_name_is_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

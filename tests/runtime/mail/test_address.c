#include "runtime/base/limit.h"
#include "runtime/mail/address.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
	const char *path;
	enum path_kind kind;
	int outcome;
	const char *local, *domain, *rest;
} paths[] = {
	{ "<alice@example.org>",             PATH_REVERSE, ADDRESS_OK, "alice", "example.org", "" },
	{ "<alice@example.org> SIZE=1",      PATH_REVERSE, ADDRESS_OK, "alice", "example.org", " SIZE=1" },
	{ "<>",                              PATH_REVERSE, ADDRESS_OK, "", "", "" },
	{ "<> BODY=8BITMIME",                PATH_REVERSE, ADDRESS_OK, "", "", " BODY=8BITMIME" },
	{ "<>",                              PATH_FORWARD, ADDRESS_E_LOCAL },
	{ "<Postmaster>",                    PATH_FORWARD, ADDRESS_OK, "Postmaster", "", "" },
	{ "<postmaster>",                    PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<alice>",                         PATH_FORWARD, ADDRESS_E_DOMAIN },
	/* S17: all of atext is legal, empty domains are not */
	{ "<a!#$%&'*+-/=?^_`{|}~b@d.test>",  PATH_REVERSE, ADDRESS_OK, "a!#$%&'*+-/=?^_`{|}~b", "d.test", "" },
	{ "<prvs=12ab=alice@d.test>",        PATH_REVERSE, ADDRESS_OK, "prvs=12ab=alice", "d.test", "" },
	{ "<alice@>",                        PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<alice@d.test",                   PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "alice@d.test",                    PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<alice@d.test.>",                 PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<alice@d..test>",                 PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<alice@-d.test>",                 PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<alice@d_.test>",                 PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<.alice@d.test>",                 PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<alice.@d.test>",                 PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<a..b@d.test>",                   PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<a b@d.test>",                    PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "< alice@d.test>",                 PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<alice @d.test>",                 PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<alice@d.test >",                 PATH_REVERSE, ADDRESS_E_SYNTAX },
	/* RFC 6531, 3.3: UTF-8 on both sides, and nothing else above 127 */
	{ "<al\xc3\xaf" "ce@d.test>",        PATH_REVERSE, ADDRESS_OK, "al\xc3\xaf" "ce", "d.test", "" },
	{ "<\"\xc3\xaf b\"@d.test>",        PATH_REVERSE, ADDRESS_OK, "\xc3\xaf b", "d.test", "" },
	{ "<a@b\xc3\xbc" "cher.test>",       PATH_FORWARD, ADDRESS_OK, "a", "xn--bcher-kva.test", "" },
	{ "<a@B\xc3\x9c" "CHER.Test> X",     PATH_FORWARD, ADDRESS_OK, "a", "xn--bcher-kva.test", " X" },
	{ "<al\xef" "ce@d.test>",            PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<\"a\xc3\"@d.test>",             PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<\xc0\xaf@d.test>",              PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<a@d\xfc.test>",                 PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a@b\xc3\xbc" "cher.test.>",      PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a@-b\xc3\xbc.test>",            PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a@d\xe2\x80\xae.test>",         PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a\rb@d.test>",                   PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<;touch /tmp/x;@d.test>",         PATH_REVERSE, ADDRESS_E_LOCAL },
	/* S19: routes are refused; the rest of the old hacks are names like any other */
	{ "<@a.test:bob@d.test>",            PATH_FORWARD, ADDRESS_E_ROUTE },
	{ "<@a.test,@b.test:bob@d.test>",    PATH_FORWARD, ADDRESS_E_ROUTE },
	{ "<\"\"@d.test>",                   PATH_FORWARD, ADDRESS_E_LOCAL },
	{ "<bob%a.test@d.test>",             PATH_FORWARD, ADDRESS_OK, "bob%a.test", "d.test", "" },
	{ "<a.test!bob@d.test>",             PATH_FORWARD, ADDRESS_OK, "a.test!bob", "d.test", "" },
	{ "<|/bin/sh@d.test>",               PATH_FORWARD, ADDRESS_OK, "|/bin/sh", "d.test", "" },
	{ "</etc/passwd@d.test>",            PATH_FORWARD, ADDRESS_OK, "/etc/passwd", "d.test", "" },
	{ "<a@b@d.test>",                    PATH_FORWARD, ADDRESS_E_SYNTAX },
	/* quoted local parts */
	{ "<\"a b\"@d.test>",                PATH_FORWARD, ADDRESS_OK, "a b", "d.test", "" },
	{ "<\"a\\\"\\\\b\"@d.test>",         PATH_FORWARD, ADDRESS_OK, "a\"\\b", "d.test", "" },
	{ "<\"a>b@c\"@d.test>",              PATH_FORWARD, ADDRESS_OK, "a>b@c", "d.test", "" },
	{ "<\"a\"b@d.test>",                 PATH_FORWARD, ADDRESS_E_LOCAL },
	{ "<\"a@d.test>",                    PATH_FORWARD, ADDRESS_E_SYNTAX },
	{ "<\"a\\",                          PATH_FORWARD, ADDRESS_E_LOCAL },
	{ "<\"a\tb\"@d.test>",               PATH_FORWARD, ADDRESS_E_LOCAL },
	/* literals */
	{ "<a@[192.0.2.1]>",                 PATH_REVERSE, ADDRESS_OK, "a", "[192.0.2.1]", "" },
	{ "<a@[IPv6:2001:db8::1]>",          PATH_REVERSE, ADDRESS_OK, "a", "[IPv6:2001:db8::1]", "" },
	{ "<a@[2001:db8::1]>",               PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a@[192.0.2.256]>",               PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a@[192.0.2.1>",                  PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<a@[]>",                          PATH_REVERSE, ADDRESS_E_DOMAIN },
	{ "<a@[x:y]>",                       PATH_REVERSE, ADDRESS_E_DOMAIN },
	/* M02, M04 */
	{ "<(any@d.test>",                   PATH_REVERSE, ADDRESS_E_LOCAL },
	{ "<any@d.test(.attack.test>",       PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<any@d.test\".attack.test>",      PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<any@d.test'.attack.test>",       PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<@attack.test,@any.test:'any@d.test>", PATH_REVERSE, ADDRESS_E_ROUTE },
	{ "",                                PATH_REVERSE, ADDRESS_E_SYNTAX },
	{ "<",                               PATH_REVERSE, ADDRESS_E_LOCAL },
};
/* clang-format on */

static void paths_are_rfc_5321(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct address address;
		struct view rest;
		int r = address_parse_path(arena, view_z(paths[i].path), paths[i].kind,
				&address, &rest);

		if (r != paths[i].outcome)
			fail_msg("%s: outcome %d, not %d", paths[i].path, r,
					paths[i].outcome);
		if (r)
			continue;
		assert_view(address.local, paths[i].local);
		assert_view(address.domain, paths[i].domain);
		assert_view(rest, paths[i].rest);
	}
	arena_free(arena);
}

static void a_nul_is_no_end(void **state)
{
	struct arena *arena = arena_new();
	struct address address;
	struct view rest;

	(void)state;
	assert_int_equal(address_parse_path(arena, VIEW("<a\0b@d.test>"), PATH_REVERSE,
					 &address, &rest),
			ADDRESS_E_LOCAL);
	assert_int_equal(address_parse(arena, VIEW("a@d.test\0"), &address),
			ADDRESS_E_SYNTAX);
	arena_free(arena);
}

static int parse_long(
		struct arena *arena, size_t local, size_t domain, struct address *out)
{
	size_t len = local + domain + 3;
	char *text = malloc(len);
	struct view rest;
	int r;

	memset(text, 'a', len);
	text[0] = '<';
	text[local + 1] = '@';
	for (size_t i = local + 2 + 60; i + 1 < len - 1; i += 60)
		text[i] = '.';
	text[len - 1] = '>';
	r = address_parse_path(arena, view_of(text, len), PATH_REVERSE, out, &rest);
	free(text);
	return r;
}

/* S20 */
static void long_parts_end_at_their_limits(void **state)
{
	struct arena *arena = arena_new();
	const size_t most = limit_value(LIMIT_SMTP_PATH);
	struct address address;

	(void)state;
	assert_int_equal(parse_long(arena, 64, 20, &address), ADDRESS_OK);
	assert_true(address_local_fits(&address));
	assert_int_equal(parse_long(arena, 65, 20, &address), ADDRESS_OK);
	assert_false(address_local_fits(&address));
	assert_int_equal(parse_long(arena, 9, 253, &address), ADDRESS_OK);
	assert_int_equal(parse_long(arena, 9, 254, &address), ADDRESS_E_DOMAIN);
	assert_int_equal(parse_long(arena, most - 23, 20, &address), ADDRESS_OK);
	assert_int_equal(parse_long(arena, most - 22, 20, &address), ADDRESS_E_TOO_LONG);
	arena_free(arena);
}

static void addresses_compare_in_one_form(void **state)
{
	struct arena *arena = arena_new();
	struct view form, local, domain;

	(void)state;
	assert_true(address_normalise(arena, VIEW("Alice"),
			VIEW("B\xc3\xbc"
			     "cher.Example"),
			&form));
	assert_view(form, "alice@xn--bcher-kva.example");
	assert_true(address_normalise(arena, VIEW("a@b"), VIEW("Example.ORG"), &form));
	assert_view(form, "a@b@example.org");
	assert_true(address_split(form, &local, &domain));
	assert_view(local, "a@b");
	assert_view(domain, "example.org");
	assert_true(address_normalise(
			arena, VIEW("a"), VIEW("[IPv6:2001:DB8::1]"), &form));
	assert_view(form, "a@[ipv6:2001:db8::1]");
	/* upper case, and a letter with its mark apart */
	assert_true(address_normalise(arena, VIEW("J\xc3\x96rg.e\xcc\x81"),
			VIEW("example.org"), &form));
	assert_view(form, "j\xc3\xb6rg.\xc3\xa9@example.org");
	assert_false(address_normalise(arena, VIEW("j\xc3"), VIEW("example.org"), &form));
	assert_false(address_normalise(arena, VIEW(""), VIEW("example.org"), &form));
	assert_false(address_normalise(arena, VIEW("a"), VIEW("exa mple.org"), &form));
	assert_false(address_normalise(arena, VIEW("a"), VIEW(""), &form));
	assert_false(address_split(VIEW("postmaster"), &local, &domain));
	arena_free(arena);
}

static void the_first_separator_begins_the_detail(void **state)
{
	struct view base, detail;

	(void)state;
	assert_true(address_split_detail(VIEW("alice+a+b"), '+', &base, &detail));
	assert_view(base, "alice");
	assert_view(detail, "a+b");
	assert_true(address_split_detail(VIEW("alice+"), '+', &base, &detail));
	assert_view(detail, "");
	assert_false(address_split_detail(VIEW("+alice"), '+', &base, &detail));
	assert_false(address_split_detail(VIEW("alice"), '+', &base, &detail));
	assert_false(address_split_detail(VIEW("a\0b"), '\0', &base, &detail));
	assert_false(address_split_detail(VIEW(""), '+', &base, &detail));
}

static void what_is_printed_parses_to_the_same(void **state)
{
	static const char *const locals[] = { "alice", "a.b", ".a", "a..b", "a b", "a\"b",
		"\\", "@", "a!#$%&'*+-/=?^_`{|}~b", " ", "j\xc3\xb6rg", "j\xc3\xb6 rg" };
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(256);
		struct address address;

		address_print(&out, view_z(locals[i]), VIEW("example.org"));
		assert_int_equal(address_parse(arena, buf_view(&out), &address),
				ADDRESS_OK);
		assert_view(address.local, locals[i]);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_rfc_5321),
		cmocka_unit_test(a_nul_is_no_end),
		cmocka_unit_test(long_parts_end_at_their_limits),
		cmocka_unit_test(addresses_compare_in_one_form),
		cmocka_unit_test(the_first_separator_begins_the_detail),
		cmocka_unit_test(what_is_printed_parses_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

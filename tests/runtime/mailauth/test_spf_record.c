/* What an SPF record may look like (RFC 7208, 4.5, 4.6.1, 5, 6, 7.1, 12). */
#include "runtime/mailauth/spf_macro.h"
#include "runtime/mailauth/spf_record.h"
#include "tests/lib/test.h"

static void the_version_selects_the_record(void **state)
{
	static const char *const good[] = { "v=spf1", "v=spf1 -all", "V=SPF1 mx",
		"v=spf1  ", "v=spf1 garbage" };
	static const char *const bad[] = { "", "v=spf", "v=spf10", "v=spf2.0/pra",
		"v=spf1\tmx", "v=spf1mx", " v=spf1", "v= spf1", "v=spf1-all",
		"\xef\xbb\xbfv=spf1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!spf_record_is(view_z(good[i])))
			fail_msg("\"%s\" is one", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (spf_record_is(view_z(bad[i])))
			fail_msg("\"%s\" is none", bad[i]);
}

/* clang-format off */
static const char *const well_formed[] = {
	"all", "+all", "-all", "?all", "~all", "ALL", "-All",
	"include:example.com", "include:_spf.example.com.", "include:%{d}.example.com", "include:%{i}",
	"a", "a:example.com", "a/24", "a//64", "a/24//64", "a:example.com/0", "a:example.com//0", "a:example.com/32//128",
	"a:foo:bar/baz.example.com", "a:foo.example.xn--zckzah", "a:a.b-c", "A:EXAMPLE.com", "a:b%{d2/}.example.com/24",
	"a:%{ir}.example.com", "a:%%.example.com", "a:%_.example.com", "a:x%-y.example.com", "a:example.com%%",
	"mx", "mx:example.com", "mx/20", "mx//20", "MX:example.com/20//40", "?mx",
	"ptr", "ptr:example.com", "PTR:%{d}",
	"ip4:192.0.2.1", "ip4:192.0.2.0/24", "ip4:0.0.0.0/0", "ip4:192.0.2.1/32", "IP4:192.0.2.77/24",
	"ip6:2001:db8::1", "ip6:2001:db8::/32", "ip6:::/0", "ip6:::1/128", "ip6:::ffff:192.0.2.1", "ip6:::192.0.2.1/96",
	"exists:%{ir}.%{v}._spf.%{d2}", "exists:%{l1r-}.example.com", "exists:%{L}.example.com", "exists:%{s=_,/+-.}.example.com",
	"exists:%{d20}.example.com", "exists:%{d128r}.example.com", "exists:%{h}",
	"redirect=example.com", "redirect=%{d}.example.com", "REDIRECT=example.com",
	"exp=example.com", "exp=explain._spf.%{d}", "Exp=example.com.",
	"a=b", "x-unknown=", "unknown=%{d}%%", "foo.bar_baz-1=:/?@[]", "default=pass", "accredit=%{s}.example", "m=%_",
	"all all", "-all mx", "redirect=a.example mx exp=b.example", "  mx  a ",
};

static const char *const malformed[] = {
	"all.", "all:", "all/8", "all:example.com", "all=x/%", "--all", "+-all", "!all", "al", "alll",
	"include", "include:", "include/24", "include:example.com/24", "include:example", "include:example..", "include=%{q}",
	"a:", "a:example", "a:example.", "a/", "a/33", "a/032", "a/-1", "a/24/24", "a//", "a//129", "a//064", "a/24//", "a/ 24",
	"a:example.com:8080", "a:192.0.2.1", "a:example.123", "a:example.-com", "a:example.com-", "a:ex\tample.com",
	"a:example.c_m", "a:example.com/33", "a:/24", "a:\303\274.example.com", "a:example.com\x7f", "a.example.com",
	"mx:", "mx/33", "mx//129", "mx:example.com//", "mx:example", "mxx", "mx:example.com:1/24",
	"ptr:", "ptr/24", "ptr:example.com/24", "ptr:example",
	"ip4", "ip4:", "ip4:192.0.2", "ip4:192.0.2.1.1", "ip4:192.0.2.256", "ip4:192.0.2.1/33", "ip4:192.0.2.1/032",
	"ip4:192.0.2.1:25", "ip4:192.0.2.1//24", "ip4:192.0.2.1/", "ip4:2001:db8::1", "ip4:example.com", "ip4:%{i}", "ip4/24",
	"ip4:192.0.02.1", "ip4:192.0.2.1 /24",
	"ip6", "ip6:", "ip6:192.0.2.1", "ip6:2001:db8::1/129", "ip6:2001:db8:::1", "ip6:::1.1.1.1//33", "ip6:[::1]",
	"ip6:::1/064", "ip6:12345::", "ip6:::g", "ip6:fe80::1%eth0",
	"exists", "exists:", "exists:example", "exists/24", "exists:%{i}/24",
	"exists:%", "exists:%{", "exists:%{}", "exists:%{d", "exists:%{z}", "exists:%{c}", "exists:%{r}.example.com", "exists:%{t}",
	"exists:%{d0}.example.com", "exists:%{d00}", "exists:%{dr2}.example.com", "exists:%{d2rr}", "exists:%{dx}",
	"exists:%{d-r}.example.com", "exists:%(d).example.com", "exists:%d.example.com", "exists:a%.example.com", "exists:%{ d}.example.com",
	"redirect", "redirect=", "redirect:example.com", "redirect=example", "redirect=%{d}.example.com/24", "-redirect=example.com",
	"redirect=a.example redirect=a.example", "redirect=a.example REDIRECT=b.example", "redirect=%{c}",
	"exp=", "exp=example", "exp=a.example exp=b.example", "exp:example.com", "exp=%{t}.example.com",
	"=x", "1a=b", "-a=b", "_x=y", "a$b=c", "unknown", "unknown:x", "unknown=%", "unknown=%{z}", "unknown=\x01", "un\303\274=x",
	"m\xfcx", "mx\xa0", "mx\t-all", "mx,-all", "a=%{d",
};
/* clang-format on */

static int parse(const char *terms, struct view *wrong)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct spf_record record;
	struct view text = arena_printf(arena, "v=spf1 %s", terms);
	int r = spf_record_parse(arena, text, &record, wrong);

	return r;
}

static void what_the_grammar_allows_parses(void **state)
{
	struct view wrong;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(well_formed); i++)
		if (parse(well_formed[i], &wrong) != 0)
			fail_msg("\"%s\" is well-formed", well_formed[i]);
}

static void all_else_is_an_error(void **state)
{
	struct view wrong;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
		if (parse(malformed[i], &wrong) != SPF_RECORD_E_SYNTAX)
			fail_msg("\"%s\" is malformed", malformed[i]);
}

static void octets_of_zero_are_errors(void **state)
{
	/* clang-format off */
	static const struct view records[] = {
		{ "v=spf1 a:example.com\0.example.org", 33 }, { "v=spf1 \0", 8 }, { "v=spf1 a\0=b", 11 },
		{ "v=spf1 exists:%{\0}", 18 }, { "v=spf1 exists:%\0.a.b", 20 }, { "v=spf1 x=\0", 10 },
		{ "v=spf1 exists:%{d\0}.a.b", 23 },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct spf_record record;
	struct view wrong;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(records); i++)
		if (!spf_record_parse(arena, records[i], &record, &wrong))
			fail_msg("row %zu", i);
}

static void a_record_says_what_it_says(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct spf_record record;
	struct view wrong;

	(void)state;
	assert_int_equal(spf_record_parse(arena,
					 VIEW("v=spf1 ~a:b.example/20//40 x=y "
					      "exp=e.example redirect=r.example"),
					 &record, &wrong),
			0);
	assert_int_equal(record.count, 1);
	assert_int_equal(record.terms[0].mechanism, SPF_A);
	assert_int_equal(record.terms[0].result, SPF_SOFTFAIL);
	assert_view(record.terms[0].domain, "b.example");
	assert_view(record.terms[0].text, "~a:b.example/20//40");
	assert_int_equal(record.terms[0].bits4, 20);
	assert_int_equal(record.terms[0].bits6, 40);
	assert_view(record.redirect, "r.example");
	assert_view(record.explanation, "e.example");
	assert_int_equal(spf_record_parse(arena, VIEW("v=spf1 a b c=d"), &record, &wrong),
			SPF_RECORD_E_SYNTAX);
	assert_view(wrong, "b");
}

/* -- macros (7.3, 7.4) -- */

static void expect(const struct spf_macro_values *values, const char *text,
		const char *expected)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);

	assert_true(spf_macro_is_string(view_z(text), true));
	spf_macro_expand(values, view_z(text), &out);
	if (!view_eq(buf_view(&out), view_z(expected)))
		fail_msg("%s: %.*s, not %s", text, VIEW_ARG(buf_view(&out)), expected);
}

static void macros_stand_for_what_the_rfc_says(void **state)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "%{s}", "strong-bad@email.example.com" }, { "%{o}", "email.example.com" }, { "%{d}", "email.example.com" },
		{ "%{d4}", "email.example.com" }, { "%{d3}", "email.example.com" }, { "%{d2}", "example.com" }, { "%{d1}", "com" },
		{ "%{dr}", "com.example.email" }, { "%{d2r}", "example.email" }, { "%{l}", "strong-bad" }, { "%{l-}", "strong.bad" },
		{ "%{lr}", "strong-bad" }, { "%{lr-}", "bad.strong" }, { "%{l1r-}", "strong" }, { "%{d999999999999}", "email.example.com" },
		{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
		{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net" },
		{ "%{h}", "mx.example.net" }, { "%{p}", "host.example.net" }, { "%{c}", "192.0.2.3" }, { "%{r}", "mx.example.org" },
		{ "%{t}", "1700000000" }, { "%%%_%-", "% %20" }, { "%{S}", "strong-bad%40email.example.com" },
		{ "%{D2}", "example.com" }, { "%{s.@}", "strong-bad.email.example.com" }, { "%{l2-}", "strong.bad" },
		{ "a b", "a b" }, { "", "" }, { "%{s2@.r-}", NULL },
	};
	/* clang-format on */
	struct spf_macro_values values = {
		.local = VIEW("strong-bad"),
		.origin = VIEW("email.example.com"),
		.domain = VIEW("email.example.com"),
		.helo = VIEW("mx.example.net"),
		.name = VIEW("host.example.net"),
		.receiver = VIEW("mx.example.org"),
		.now = 1700000000,
	};

	(void)state;
	assert_true(network_parse(VIEW("192.0.2.3"), &values.client));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i][1] && !strchr(rows[i][0], '@'))
			expect(&values, rows[i][0], rows[i][1]);
		else /* an at sign parts nothing */
			assert_false(spf_macro_is_string(view_z(rows[i][0]), true));
	assert_true(network_parse(VIEW("2001:db8::cb01"), &values.client));
	expect(&values, "%{ir}.%{v}",
			"1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
			".ip6");
	expect(&values, "%{c} %{i}",
			"2001:db8::cb01 "
			"2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0."
			"1");
	values.local = VIEW("a/b~c d\377");
	expect(&values, "%{L}", "a%2Fb~c%20d%FF");
	values.local = VIEW("");
	expect(&values, "%{l}|%{lr}|%{l1}", "||");
	values.local = VIEW(".a..b.");
	expect(&values, "%{l}|%{lr}|%{l2}", ".a..b.|.b..a.|b.");
}

static void macros_end_at_the_room_there_is(void **state)
{
	struct spf_macro_values values = { .domain = VIEW("example.com") };
	CLEANUP(buf_free) struct buf out = BUF_NULL(24);

	(void)state;
	spf_macro_expand(&values, VIEW("%{d}.%{d}"), &out);
	assert_false(buf_failed(&out));
	spf_macro_expand(&values, VIEW("%{d}"), &out);
	assert_true(buf_failed(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_selects_the_record),
		cmocka_unit_test(what_the_grammar_allows_parses),
		cmocka_unit_test(all_else_is_an_error),
		cmocka_unit_test(octets_of_zero_are_errors),
		cmocka_unit_test(a_record_says_what_it_says),
		cmocka_unit_test(macros_stand_for_what_the_rfc_says),
		cmocka_unit_test(macros_end_at_the_room_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/provider/rrset.h"
#include "runtime/base/limit.h"
#include "tests/lib/test.h"

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X64 X63 "x"

static int setup(void **state)
{
	*state = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

/* clang-format off */
static const struct {
	const char *type, *value, *canonical; /* NULL: refused */
} values[] = {
	{ "A",     "192.0.2.1",                       "192.0.2.1" },
	{ "A",     "\\# 4 C0000201",                  NULL },
	{ "A",     "192.0.2",                         NULL },
	{ "A",     "192.0.2.1 192.0.2.2",             NULL },
	{ "A",     "192.0.2.1\nb. 0 IN A 192.0.2.2",  NULL },
	{ "AAAA",  "2001:DB8:0:0::1",                 "2001:db8::1" },
	{ "MX",    "10 mail.a.example.",              "10 mail.a.example." },
	{ "MX",    "10 Mail.A.example.",              "10 Mail.A.example." },
	{ "MX",    "010\t mail.a.example.",           "10 mail.a.example." },
	{ "MX",    "0 .",                             "0 ." },
	{ "MX",    "10 mail",                         NULL },
	{ "MX",    "10 @",                            NULL },
	{ "MX",    "10 mail.a.example. x",            NULL },
	{ "MX",    "10 mail..example.",               NULL },
	{ "MX",    "65535 a.",                        "65535 a." },
	{ "MX",    "65536 a.",                        NULL },
	{ "MX",    "-1 a.",                           NULL },
	{ "MX",    "\\# 6 000a 01 61 0000",           NULL },
	{ "MX",    "10",                              NULL },
	{ "MX",    "10 a. ; a comment",               NULL },
	{ "MX",    "( 10 a. )",                       NULL },
	{ "TXT",   "v=spf1 -all",                     "\"v=spf1\" \"-all\"" },
	{ "TXT",   "\"v=spf1 -all\"",                 "\"v=spf1 -all\"" },
	{ "TXT",   "\"v=DKIM1; k=rsa\"",              "\"v=DKIM1; k=rsa\"" },
	{ "TXT",   "v=DKIM1; k=rsa",                  NULL },
	{ "TXT",   "\"a\\\"b\\\\c\\059\"",            "\"a\\\"b\\\\c;\"" },
	{ "TXT",   "\"\303\244\"",                    "\"\\195\\164\"" },
	{ "TXT",   "\"\\195\\164\"",                  "\"\\195\\164\"" },
	{ "TXT",   "\"\"",                            "\"\"" },
	{ "TXT",   "",                                NULL },
	{ "TXT",   " \"a\"",                          NULL },
	{ "TXT",   "\"a",                             NULL },
	{ "TXT",   "\"a\\",                           NULL },
	{ "TXT",   "\"\\256\"",                       NULL },
	{ "TXT",   "\"" X64 X64 X64 X63 "\"",         "\"" X64 X64 X64 X63 "\"" },
	{ "TXT",   "\"" X64 X64 X64 X64 "\"",         NULL },
	{ "SRV",   "0 1 587 mail.a.example.",         "0 1 587 mail.a.example." },
	{ "SRV",   "0 0 0 .",                         "0 0 0 ." },
	{ "CAA",   "0 issue \"ca.example; a=https://b\"", "0 issue \"ca.example; a=https://b\"" },
	{ "CAA",   "256 issue \"ca.example\"",        NULL },
	{ "TLSA",  "3 1 1 AABB00",                    "3 1 1 aabb00" },
	{ "CNAME", "b.example.",                      "b.example." },
	{ "CNAME", "b.example",                       NULL },
	{ "NONE",  "x",                               NULL },
	{ "ANY",   "x",                               NULL },
	{ "OPT",   "x",                               NULL },
	{ "TSIG",  "x",                               NULL },
	{ "",      "x",                               NULL },
};

static const struct {
	const char *type, *left, *right;
	bool equal;
} pairs[] = {
	{ "TXT", "\"a\" \"b\"",  "\"ab\"",       true },
	{ "TXT", "\"a b\"",      "\"a\" \"b\"",  false },
	{ "TXT", "\"a\\059\"",   "\"a;\"",       true },
	{ "TXT", "\"A\"",        "\"a\"",        false },
	{ "TXT", "\"\"",         "\"\" \"\"",    true },
	{ "TXT", "\"a\"",        "\"a\\000\"",   false },
	{ "MX",  "10 A.example.", "10 a.EXAMPLE.", true },
	{ "MX",  "10 a.example.", "20 a.example.", false },
	{ "CAA", "0 issue \"A\"", "0 issue \"a\"", false },
};
/* clang-format on */

static void a_value_comes_to_one_form_or_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct view got = VIEW_NULL, again;
		int r = rrset_value(*state, view_z(values[i].type),
				view_z(values[i].value), &got);

		if ((r == RRSET_OK) != (values[i].canonical != NULL))
			fail_msg("%s %s: %d", values[i].type, values[i].value, r);
		if (r)
			continue;
		assert_view(got, values[i].canonical);
		/* … which is its own. */
		assert_int_equal(rrset_value(*state, view_z(values[i].type), got, &again),
				RRSET_OK);
		assert_view(again, values[i].canonical);
	}
}

static struct view canonical(struct arena *arena, const char *type, const char *value)
{
	struct view out;

	assert_int_equal(rrset_value(arena, view_z(type), view_z(value), &out), RRSET_OK);
	return out;
}

static void values_are_equal_where_the_zone_is(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct view left = canonical(*state, pairs[i].type, pairs[i].left);
		struct view right = canonical(*state, pairs[i].type, pairs[i].right);
		struct view type = view_z(pairs[i].type);

		if (rrset_value_eq(type, left, right) != pairs[i].equal ||
				rrset_value_eq(type, right, left) != pairs[i].equal)
			fail_msg("%s: %s and %s", pairs[i].type, pairs[i].left,
					pairs[i].right);
	}
}

static void a_text_is_its_strings_joined(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(100);

	(void)state;
	rrset_text(VIEW("\"v=spf1 \" \"\\\"x\\\" \\\\ \\195\\164\""), &text);
	assert_view(buf_view(&text), "v=spf1 \"x\" \\ \303\244");
}

/* Values parted by `|`. */
static struct rrset set_of(struct arena *arena, const char *type, const char *text)
{
	struct view rest = view_z(text), list[8];
	struct rrset set;
	size_t count = 0;

	while (rest.len)
		list[count++] = view_cut(&rest, '|');
	assert_int_equal(rrset_make(arena, VIEW("A.example."), view_z(type), 300, list,
					 count, &set),
			RRSET_OK);
	return set;
}

static void assert_set(const struct rrset *set, const char *text)
{
	CLEANUP(buf_free) struct buf got = BUF_NULL(4096);

	for (size_t i = 0; i < set->count; i++)
		buf_addf(&got, "%s%.*s", i ? "|" : "", VIEW_ARG(set->values[i]));
	assert_view(buf_view(&got), text);
}

static void a_set_has_each_value_once_in_order(void **state)
{
	struct rrset set = set_of(*state, "TXT", "\"b\"|\"ab\"|\"a\" \"b\"|b");

	assert_view(set.name, "a.example");
	assert_set(&set, "\"ab\"|\"b\"");
	assert_true(rrset_has(&set, VIEW("\"a\" \"b\"")));
	assert_false(rrset_has(&set, VIEW("\"a\"")));
}

static void sets_are_joined_and_parted_by_value(void **state)
{
	struct rrset theirs = set_of(*state, "TXT", "\"v=spf1 \" \"-all\"|\"x\"");
	struct rrset ours = set_of(*state, "TXT", "\"v=spf1 -all\"|\"y\"");
	struct rrset nothing = set_of(*state, "TXT", ""), with, without;

	theirs.ttl = 60;
	with = rrset_with(*state, &theirs, &ours);
	/* What they wrote stays as they wrote it. */
	assert_set(&with, "\"v=spf1 \" \"-all\"|\"x\"|\"y\"");
	assert_int_equal(with.ttl, 60);
	with = rrset_with(*state, &nothing, &ours);
	assert_set(&with, "\"v=spf1 -all\"|\"y\"");
	assert_int_equal(with.ttl, 300);
	without = rrset_without(*state, &theirs, &ours);
	assert_set(&without, "\"x\"");
	without = rrset_without(*state, &ours, &ours);
	assert_set(&without, "");
	assert_true(rrset_eq(&without, &nothing));
	assert_false(rrset_eq(&theirs, &ours));
	assert_false(rrset_eq(&theirs, &nothing));
}

static void a_set_has_a_name_a_type_and_a_limit(void **state)
{
	const struct view one = VIEW("192.0.2.1");
	size_t most = limit_value(LIMIT_DNS_RECORDS);
	struct view *many = arena_array(*state, most + 1, sizeof(*many));
	struct rrset set;

	assert_int_equal(rrset_make(*state, VIEW("*._x.a.example"), VIEW("A"), 1, &one, 1,
					 &set),
			RRSET_OK);
	assert_view(set.name, "*._x.a.example");
	assert_int_equal(rrset_make(*state, VIEW(""), VIEW("A"), 1, &one, 1, &set),
			RRSET_E_NAME);
	assert_int_equal(rrset_make(*state, VIEW("a b.example"), VIEW("A"), 1, &one, 1,
					 &set),
			RRSET_E_NAME);
	assert_int_equal(rrset_make(*state, VIEW("a..example"), VIEW("A"), 1, &one, 1,
					 &set),
			RRSET_E_NAME);
	assert_int_equal(rrset_make(*state, VIEW("a.example"), VIEW("WHAT"), 1, &one, 1,
					 &set),
			RRSET_E_TYPE);
	for (size_t i = 0; i <= most; i++)
		many[i] = arena_printf(*state, "10.0.%zu.%zu", i / 256, i % 256);
	assert_int_equal(rrset_make(*state, VIEW("a.example"), VIEW("A"), 1, many, most,
					 &set),
			RRSET_OK);
	assert_int_equal(set.count, most);
	assert_int_equal(rrset_make(*state, VIEW("a.example"), VIEW("A"), 1, many,
					 most + 1, &set),
			RRSET_E_TOO_MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				a_value_comes_to_one_form_or_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
				values_are_equal_where_the_zone_is, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_text_is_its_strings_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_set_has_each_value_once_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
				sets_are_joined_and_parted_by_value, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_set_has_a_name_a_type_and_a_limit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

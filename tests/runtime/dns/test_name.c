#include "runtime/dns/name.h"
#include "tests/lib/test.h"

#define U_LABEL "b\303\274cher.example"

static void host_names_are_letters_digits_hyphens(void **state)
{
	static const char *const good[] = { "a", "example.org", "xn--bcher-kva.example",
		"3com.com", "a-b.c", "1.2.3.4", "EXAMPLE.org" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a-",
		"a.-b", "a_b", "a b", U_LABEL, "a\n", "a/b", "*.a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(name_is_host(view_z(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(name_is_host(view_z(bad[i])));
}

static void lengths_end_at_63_and_253(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(name_is_host(view_of(name, 63)));
	assert_false(name_is_host(view_of(name, 64)));
	name[63] = name[127] = name[191] = '.';
	assert_true(name_is_host(view_of(name, 253)));
	assert_false(name_is_host(view_of(name, 254)));
}

static void a_mail_domain_has_two_labels_and_is_no_number(void **state)
{
	(void)state;
	assert_true(name_is_domain(VIEW("example.org")));
	assert_false(name_is_domain(VIEW("localhost")));
	assert_false(name_is_domain(VIEW("192.0.2.1")));
}

static void two_spellings_have_one_form(void **state)
{
	/* clang-format off */
	static const struct { const char *name, *form; } cases[] = {
		{ "Example.ORG",                    "example.org" },
		{ "example.org.",                   "example.org" },
		{ U_LABEL,       "xn--bcher-kva.example" },
		{ "B\xc3\x9c" "CHER.example",       "xn--bcher-kva.example" },
		{ "bu\xcc\x88" "cher.example",      "xn--bcher-kva.example" },
		{ "XN--BCHER-KVA.example",          "xn--bcher-kva.example" },
		/* IDNA2008: sharp s stays itself */
		{ "stra\xc3\x9f" "e.example",       "xn--strae-oqa.example" },
		{ "",                               NULL },
		{ ".",                              NULL },
		{ "a..b",                           NULL },
		{ "\xc3.example",                   NULL },
		{ "\xe2\x80\xae.example",           NULL },
		{ "a b.example",                    NULL },
		{ "\xc3\xbc_.example",              NULL },
	};
	/* clang-format on */
	struct arena *arena = arena_new();
	struct view form;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool ok = name_normalise(arena, view_z(cases[i].name), &form);

		assert_int_equal(ok, cases[i].form != NULL);
		if (ok)
			assert_view(form, cases[i].form);
	}
	assert_false(name_normalise(arena, view_of("b\xc3\xbc\0.example", 12), &form));
	assert_view(name_for_people(arena, VIEW("xn--bcher-kva.example")), U_LABEL);
	assert_view(name_for_people(arena, VIEW("xn--\x80")), "xn--\x80");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_names_are_letters_digits_hyphens),
		cmocka_unit_test(lengths_end_at_63_and_253),
		cmocka_unit_test(a_mail_domain_has_two_labels_and_is_no_number),
		cmocka_unit_test(two_spellings_have_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

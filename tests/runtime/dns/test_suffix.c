#include "runtime/dns/suffix.h"
#include "tests/lib/test.h"

static void names_belong_to_organizations(void **state)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "example.com",             "example.com" },
		{ "a.b.example.com",         "example.com" },
		{ "a.example.co.uk",         "example.co.uk" },
		{ "example.co.uk",           "example.co.uk" },
		{ "co.uk",                   "co.uk" }, /* a public suffix stands for itself */
		{ "com",                     "com" },
		{ "a.b.www.ck",              "www.ck" }, /* an exception to *.ck */
		{ "a.b.c.ck",                "b.c.ck" },
		{ "mail.example.invalidtld", "example.invalidtld" },
		{ "a.xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "a.b.xn--p1ai",            "b.xn--p1ai" },
		{ "",                        "" },
	};
	/* clang-format on */
	CLEANUP(suffix_list_freep) struct suffix_list *list = suffix_list_load();

	(void)state;
	assert_non_null(list);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_view(suffix_organization(list, view_z(rows[i][0])), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_belong_to_organizations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

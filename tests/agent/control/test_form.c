#include "agent/control/form.h"

#include "tests/lib/test.h"

static void values_are_decoded(void **state)
{
	static const struct {
		const char *form, *value;
	} cases[] = {
		{ "password=a+b%21&again=x", "a b!" },
		{ "again=x&password=%C3%B6", "ö" },
		{ "password=1&password=2", "1" },
		{ "passwords=1", "" },
		{ "password", "" },
		{ "password=%", "%" },
		{ "password=%2&x", "%2" },
		{ "password=a=b", "a=b" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF_NULL(64);

		form_value(view_z(cases[i].form), "password", &out);
		assert_view(buf_view(&out), cases[i].value);
	}
}

static void what_is_too_long_is_said(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF_NULL(3);

	(void)state;
	form_value(VIEW("a=1234"), "a", &out);
	assert_true(buf_failed(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_decoded),
		cmocka_unit_test(what_is_too_long_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

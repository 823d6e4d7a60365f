#include "agent/people/password_rules.h"

#include "tests/lib/test.h"

static enum password_fault judge(const char *text)
{
	struct secret password = secret_copy(view_z(text));
	enum password_fault fault = password_judge(&password,
			VIEW("eva.ek@org-a.example"), VIEW("Eva Lindström Ek"));

	secret_free(&password);
	return fault;
}

static void what_is_refused_says_why(void **state)
{
	static const struct {
		const char *text;
		enum password_fault fault;
	} cases[] = {
		{ "", PASSWORD_SHORT },
		{ "elevenchars", PASSWORD_SHORT },
		{ "öööäääåååü1", PASSWORD_SHORT }, /* 11 characters in 21 bytes */
		{ "abababababababab", PASSWORD_REPEATS },
		{ "eva.ek@org-a.example", PASSWORD_IS_NAME },
		{ "EVA.EK@ORG-A.EXAMPLE1!", PASSWORD_IS_NAME },
		{ "Lindström2Eva", PASSWORD_IS_NAME },
		{ "Password12345678", PASSWORD_IS_COMMON },
		{ "qwertyuiopasdfghjkl", PASSWORD_IS_COMMON },
		{ "Summer2026Summer!", PASSWORD_IS_COMMON },
		{ "correcthorsebatterystaple", PASSWORD_IS_COMMON },
		{ "a line\nand another one", PASSWORD_NO_TEXT },
		{ "bad bytes \xff\xfe here", PASSWORD_NO_TEXT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (judge(cases[i].text) != cases[i].fault)
			fail_msg("`%s` is %d", cases[i].text, judge(cases[i].text));
}

static void what_is_fine_is_taken(void **state)
{
	static const char *const fine[] = { "three grey owls", "öl och kaffe på ön",
		"tK8#vQ2!mZ5&", "password-cellist-umbra", "eva likes 17 tulips" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		if (judge(fine[i]) != PASSWORD_FINE)
			fail_msg("`%s` is %d", fine[i], judge(fine[i]));
}

static void one_at_the_limit_is_taken_and_beyond_it_not(void **state)
{
	char text[514];

	(void)state;
	for (size_t i = 0; i < 513; i++)
		text[i] = (char)('a' + i % 23);
	text[513] = '\0';
	assert_int_equal(judge(text), PASSWORD_LONG);
	text[512] = '\0';
	assert_int_equal(judge(text), PASSWORD_FINE);
}

static void without_a_name_the_address_counts(void **state)
{
	struct secret password = secret_copy(VIEW("bo@a.example.net"));

	(void)state;
	assert_int_equal(password_judge(&password, VIEW("bo@a.example.net"), VIEW_NULL),
			PASSWORD_IS_NAME);
	secret_free(&password);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_says_why),
		cmocka_unit_test(what_is_fine_is_taken),
		cmocka_unit_test(one_at_the_limit_is_taken_and_beyond_it_not),
		cmocka_unit_test(without_a_name_the_address_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runtime/mail/status.h"
#include "tests/lib/test.h"

static void what_is_a_code(void **state)
{
	static const char *const good[] = { "2.0.0", "4.4.7", "5.1.10", "5.7.999" };
	static const char *const bad[] = { "", "5", "5.1", "3.1.1", "5.1.", "5..1",
		"5.1.1.", "5.1.1000", "55.1.1", "5.1.1 ", "5.a.1", "0.1.1", "5.1.-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(status_is_code(view_z(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (status_is_code(view_z(bad[i])))
			fail_msg("\"%s\" is taken for a code", bad[i]);
}

static void what_it_means(void **state)
{
	/* clang-format off */
	static const struct {
		const char *status;
		unsigned code;
		const char *begins;
	} cases[] = {
		{ "5.1.1",  550, "There is no such mailbox" },
		{ "5.1.10", 0,   "The domain says that it takes no mail" },
		{ "4.2.2",  452, "The mailbox is full" },
		{ "5.4.7",  0,   "It could not be delivered in the time" },
		{ "5.0.0",  550, "The host refused it" },
		{ "4.9.9",  450, "The host does not take it for now" },
		{ "",       0,   "The host could not be reached" },
		{ "5",      500, "The host refused it" },
		{ "9.1.1",  550, "The host refused it" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *words =
				status_in_words(view_z(cases[i].status), cases[i].code);

		if (!view_starts(view_z(words), view_z(cases[i].begins)))
			fail_msg("%s %u: %s", cases[i].status, cases[i].code, words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_code),
		cmocka_unit_test(what_it_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/control/query.h"
#include "tests/lib/test.h"

#include <string.h>

static void values_are_found_and_decoded(void **state)
{
	/* clang-format off */
	static const struct { const char *query, *name, *value; } table[] = {
		{ "object=user/anna",             "object", "user/anna" },
		{ "object=user%2Fanna",           "object", "user/anna" },
		{ "object=user%2fanna&for=Ready", "for",    "Ready" },
		{ "a=1&a=2",                      "a",      "1" },
		{ "a",                            "a",      "" },
		{ "a=",                           "a",      "" },
		{ "",                             "a",      "" },
		{ "&&&a=x&",                      "a",      "x" },
		{ "ab=x",                         "a",      "" },
		{ "A=x",                          "a",      "" },
		{ "a=b=c",                        "a",      "b=c" },
		{ "a=1+1",                        "a",      "1+1" },
		{ "%61=x",                        "a",      "" },
		/* what is no %XX stands for itself */
		{ "a=%",                          "a",      "%" },
		{ "a=%4",                         "a",      "%4" },
		{ "a=%4&b=1",                     "a",      "%4" },
		{ "a=%zz%41",                     "a",      "%zzA" },
		{ "a=%%41",                       "a",      "%A" },
		{ "a=%2541",                      "a",      "%41" },
		{ "a=100%",                       "a",      "100%" },
	};
	/* clang-format on */
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();

		assert_view(query_value(arena, view_z(table[i].query), table[i].name),
				table[i].value);
	}
}

static void any_byte_may_come_out(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view value = query_value(arena, VIEW("a=%00%ff%0a."), "a");

	(void)state;
	assert_int_equal(value.len, 4);
	assert_memory_equal(value.data, "\0\xff\n.", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_and_decoded),
		cmocka_unit_test(any_byte_may_come_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Targets as they are sent, and what is printed of an answer. */
#include "agent/command/connect.h"
#include "agent/control/query.h"
#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "tests/lib/test.h"

#include <string.h>

static void values_are_escaped_and_come_back(void **state)
{
	static const char *const values[] = { "user/anna", "o'neill@a.example",
		"a&b=c?d#e", "100%", "%41", "a b+c", "caf\xc3\xa9", "\xff\n\t\"", "" };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(buf_free) struct buf target = BUF_NULL(1000);
		struct view query;

		buf_add_z(&target, "/v1/status");
		target_add(&target, "first", "1");
		target_add(&target, "left-out", NULL);
		target_add(&target, "object", values[i]);
		query = view_z(target_end(&target));
		for (size_t k = 0; k < query.len; k++)
			assert_true(query.data[k] > ' ' && query.data[k] < 127);
		assert_view(view_cut(&query, '?'), "/v1/status");
		assert_view(query_value(arena, query, "object"), values[i]);
		assert_view(query_value(arena, query, "first"), "1");
		assert_view(query_value(arena, query, "left-out"), "");
	}
}

static void words_that_are_too_long_are_no_target(void **state)
{
	char word[10001];
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	buf_add_z(&target, "/v1/status");
	target_add(&target, "object", word);
	assert_null(target_end(&target));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_escaped_and_come_back),
		cmocka_unit_test(words_that_are_too_long_are_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A row's conditions: Ready first, `since` of the status and not of the words. */
#include "agent/database/condition.h"
#include "tests/lib/test.h"

static json_int_t since_of(const json_t *conditions, enum condition_type type)
{
	return json_integer_value(
			json_object_get(condition_get(conditions, type), "since"));
}

static void a_status_keeps_its_time_while_its_words_change(void **state)
{
	json_t *conditions = json_array();
	struct condition ready = { CONDITION_READY, false, "Queued",
		VIEW("its turn comes") };

	(void)state;
	assert_true(condition_set(conditions, &ready, 1, 100));
	assert_false(condition_set(conditions, &ready, 1, 200));
	ready.reason = "Timeout";
	assert_true(condition_set(conditions, &ready, 1, 300));
	assert_int_equal(since_of(conditions, CONDITION_READY), 100);
	ready.is = true;
	assert_true(condition_set(conditions, &ready, 2, 400));
	assert_int_equal(since_of(conditions, CONDITION_READY), 400);
	assert_true(condition_is(conditions, CONDITION_READY));
	assert_true(condition_set(
			conditions, &ready, 3, 500)); /* of a later generation */
	json_decref(conditions);
}

static void ready_stands_first(void **state)
{
	json_t *conditions = conditions_parse(VIEW("no json"));

	(void)state;
	condition_set(conditions,
			&(const struct condition){ CONDITION_STALLED, true, "Forbidden" },
			1, 1);
	condition_set(conditions,
			&(const struct condition){ CONDITION_READY, true, "Applied" }, 1,
			1);
	assert_ptr_equal(json_array_get(conditions, 0),
			condition_get(conditions, CONDITION_READY));
	assert_true(condition_drop(conditions, CONDITION_STALLED));
	assert_false(condition_drop(conditions, CONDITION_STALLED));
	assert_null(condition_get(conditions, CONDITION_STALLED));
	assert_int_equal(json_array_size(conditions), 1);
	json_decref(conditions);
}

static void a_row_reads_back_what_was_printed(void **state)
{
	struct arena *arena = arena_new();
	struct view text = condition_ready(arena,
			&(const struct condition){ .is = true, .reason = "Applied" }, 7,
			9);
	json_t *conditions = conditions_parse(text);

	(void)state;
	assert_view(text, "[{\"message\":\"\",\"observed_generation\":7,\"reason\":"
			  "\"Applied\",\"since\":9,\"status\":\"True\",\"type\":"
			  "\"Ready\"}]");
	assert_true(condition_is(conditions, CONDITION_READY));
	assert_view(conditions_print(conditions, arena), text.data);
	json_decref(conditions);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_keeps_its_time_while_its_words_change),
		cmocka_unit_test(ready_stands_first),
		cmocka_unit_test(a_row_reads_back_what_was_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runtime/base/arena.h"
#include "runtime/base/map.h"
#include "tests/lib/test.h"

static void what_is_set_is_found_until_it_is_removed(void **state)
{
	CLEANUP(map_free) struct map m = MAP_NULL;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	static int values[5000];

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_null(map_set(&m, arena_printf(arena, "key-%d", i), &values[i]));
	assert_int_equal(map_count(&m), 5000);
	for (int i = 0; i < 5000; i += 2)
		assert_ptr_equal(map_remove(&m, arena_printf(arena, "key-%d", i)),
				&values[i]);
	for (int i = 0; i < 5000; i++)
		assert_ptr_equal(map_get(&m, arena_printf(arena, "key-%d", i)),
				i % 2 ? &values[i] : NULL);
	assert_ptr_equal(map_set(&m, VIEW("key-1"), &values[0]), &values[1]);
	assert_int_equal(map_count(&m), 2500);
}

static void a_walk_meets_each_entry_once(void **state)
{
	CLEANUP(map_free) struct map m = MAP_NULL;
	int a = 0, b = 0;
	size_t at = 0;
	struct view key;
	void *value;

	(void)state;
	map_set(&m, VIEW("a"), &a);
	map_set(&m, VIEW(""), &b);
	map_set(&m, VIEW("c"), &a);
	map_remove(&m, VIEW("c"));
	while (map_next(&m, &at, &key, &value))
		++*(int *)value;
	assert_int_equal(a, 1);
	assert_int_equal(b, 1);
	assert_ptr_equal(map_get(&m, VIEW_NULL), &b);
}

static void churn_does_not_fill_it_with_graves(void **state)
{
	CLEANUP(map_free) struct map m = MAP_NULL;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	int value;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct view key = arena_printf(arena, "%d", i);

		map_set(&m, key, &value);
		map_remove(&m, key);
	}
	assert_int_equal(map_count(&m), 0);
	assert_true(m.capacity <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_found_until_it_is_removed),
		cmocka_unit_test(a_walk_meets_each_entry_once),
		cmocka_unit_test(churn_does_not_fill_it_with_graves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

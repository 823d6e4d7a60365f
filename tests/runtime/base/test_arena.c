#include "runtime/base/arena.h"
#include "tests/lib/test.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	char *last = NULL;

	(void)state;
	for (size_t i = 1; i < 3000; i += 7) {
		char *p = arena_alloc(arena, i);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, i);
		assert_ptr_not_equal(p, last);
		last = p;
	}
}

static void a_reset_arena_gives_clean_memory(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			struct view v = arena_copy(arena, VIEW("some text"));

			assert_view(v, "some text");
		}
		assert_true(arena_used(arena) >= 10000);
		arena_reset(arena);
		assert_int_equal(arena_used(arena), 0);
		assert_int_equal(*(char *)arena_alloc(arena, 64), 0);
	}
	assert_view(arena_printf(arena, "%d-%s", 5, "x"), "5-x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(a_reset_arena_gives_clean_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

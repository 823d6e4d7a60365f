#include "runtime/base/heap.h"
#include "tests/lib/test.h"

#include <stdlib.h>

static void what_is_due_first_comes_first(void **state)
{
	struct heap heap = HEAP_NULL;
	struct heap_link links[3] = { 0 };

	(void)state;
	assert_null(heap_first(&heap));
	assert_true(heap_due(&heap) == NSTIME_NEVER);
	heap_set(&heap, &links[0], 30);
	heap_set(&heap, &links[1], 10);
	heap_set(&heap, &links[2], 20);
	assert_ptr_equal(heap_first(&heap), &links[1]);
	heap_set(&heap, &links[1], 40); /* later than it was */
	assert_ptr_equal(heap_first(&heap), &links[2]);
	heap_set(&heap, &links[0], 5); /* sooner */
	assert_ptr_equal(heap_first(&heap), &links[0]);
	heap_remove(&heap, &links[0]);
	heap_remove(&heap, &links[0]);
	assert_int_equal(heap_due(&heap), 20);
	heap_free(&heap);
}

/* Random changes beside a plain array. */
static void it_agrees_with_an_array(void **state)
{
	enum {
		MEMBERS = 200,
		CHANGES = 50000
	};
	struct heap heap = HEAP_NULL;
	struct heap_link links[MEMBERS] = { 0 };
	bool in[MEMBERS] = { false };

	(void)state;
	srandom(20261124);
	for (int i = 0; i < CHANGES; i++) {
		long n = random() % MEMBERS;
		nstime first = NSTIME_NEVER;

		in[n] = random() % 3;
		if (in[n])
			heap_set(&heap, &links[n], random() % 1000);
		else
			heap_remove(&heap, &links[n]);
		for (size_t m = 0; m < MEMBERS; m++)
			if (in[m])
				first = nstime_min(first, links[m].due);
		assert_int_equal(heap_due(&heap), first);
		assert_int_equal(!links[n].at, !in[n]);
	}
	heap_free(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_due_first_comes_first),
		cmocka_unit_test(it_agrees_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

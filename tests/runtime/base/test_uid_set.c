#include "tests/lib/test.h"

#include "runtime/base/uid_set.h"

enum {
	SMALL = 24 /* numbers that the random sets are drawn from */
};

/* The set as one bit a number, to compare with. */
static uint32_t bits(const struct uid_set *set)
{
	uint32_t all = 0;

	for (uint32_t i = 0; i < SMALL; i++)
		if (uid_set_has(set, i))
			all |= UINT32_C(1) << i;
	return all;
}

static void assert_canonical(const struct uid_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		assert_true(set->ranges[i].first <= set->ranges[i].last);
		if (i)
			assert_true(set->ranges[i - 1].last + 1 < set->ranges[i].first);
	}
}

static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static uint32_t fill(struct uid_set *set, uint64_t *seed, bool raw)
{
	uint32_t all = 0;

	for (unsigned n = draw(seed) % 8; n; n--) {
		uint32_t first = draw(seed) % SMALL;
		uint32_t last = first + draw(seed) % (SMALL - first);

		if (raw)
			uid_set_add_raw(set, first, last);
		else
			uid_set_add(set, first, last);
		for (uint32_t i = first; i <= last; i++)
			all |= UINT32_C(1) << i;
	}
	uid_set_normalise(set);
	return all;
}

static void agrees_with_bits(void **state)
{
	uint64_t seed = 7;

	for (int round = 0; round < 5000; round++) {
		CLEANUP(uid_set_free) struct uid_set a = UID_SET_NULL;
		CLEANUP(uid_set_free) struct uid_set b = UID_SET_NULL;
		CLEANUP(uid_set_free) struct uid_set both = UID_SET_NULL;
		CLEANUP(uid_set_free) struct uid_set rest = UID_SET_NULL;
		uint32_t in_a = fill(&a, &seed, false), in_b = fill(&b, &seed, true);
		uint32_t out = draw(&seed) % SMALL;

		assert_int_equal(bits(&a), in_a);
		assert_int_equal(bits(&b), in_b);
		uid_set_intersect(&both, &a, &b);
		uid_set_subtract(&rest, &a, &b);
		assert_int_equal(bits(&both), in_a & in_b);
		assert_int_equal(bits(&rest), in_a & ~in_b);
		assert_int_equal(uid_set_size(&a), __builtin_popcount(in_a));
		uid_set_remove(&a, out);
		assert_int_equal(bits(&a), in_a & ~(UINT32_C(1) << out));
		assert_canonical(&a);
		assert_canonical(&b);
		assert_canonical(&both);
		assert_canonical(&rest);
	}
}

static void ends_of_the_numbers_hold(void **state)
{
	CLEANUP(uid_set_free) struct uid_set all = UID_SET_NULL;
	CLEANUP(uid_set_free) struct uid_set some = UID_SET_NULL;
	CLEANUP(uid_set_free) struct uid_set rest = UID_SET_NULL;

	uid_set_add(&all, 1, UINT32_MAX);
	uid_set_add(&all, 5, UINT32_MAX);
	uid_set_add(&all, UINT32_MAX, UINT32_MAX);
	assert_int_equal(all.count, 1);
	assert_int_equal(uid_set_size(&all), UINT32_MAX);
	assert_int_equal(uid_set_at(&all, UINT32_MAX - 1), UINT32_MAX);
	assert_int_equal(uid_set_at(&all, UINT32_MAX), 0);
	uid_set_add(&some, 3, 4);
	uid_set_add(&some, UINT32_MAX, UINT32_MAX);
	uid_set_subtract(&rest, &all, &some);
	assert_int_equal(rest.count, 2);
	assert_int_equal(rest.ranges[1].first, 5);
	assert_int_equal(rest.ranges[1].last, UINT32_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_bits),
		cmocka_unit_test(ends_of_the_numbers_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

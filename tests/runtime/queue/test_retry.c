#include "runtime/queue/retry.h"
#include "tests/lib/test.h"

static void the_first_retry_comes_soon(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 4096; random += 7) {
		assert_true(retry_delay(1, random) >= nstime_seconds(45));
		assert_true(retry_delay(1, random) <= nstime_seconds(75));
	}
}

static void retries_become_seldom_but_never_stop(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 100; n++) {
		assert_true(retry_delay(n + 1, 0) >= retry_delay(n, 0));
		assert_true(retry_delay(n, UINT32_MAX) <=
				nstime_seconds(RETRY_LONGEST_S));
	}
	assert_true(retry_delay(100, 512) > nstime_seconds(3 * 3600));
}

static void what_failed_together_comes_back_apart(void **state)
{
	(void)state;
	assert_true(retry_delay(5, 1023) - retry_delay(5, 0) > nstime_seconds(15 * 60));
}

/* A queue that is full of retries sees a message thirty to fifty times in its life. */
static void five_days_hold_some_forty_attempts(void **state)
{
	nstime at = 0;
	unsigned attempts = 0;

	(void)state;
	while (!retry_is_over(++attempts, at / NS_PER_S))
		at += retry_delay(attempts, 512);
	assert_in_range(attempts, 30, 50);
	assert_in_range(at / NS_PER_S, RETRY_EXPIRES_S,
			RETRY_EXPIRES_S + RETRY_LONGEST_S);
}

/* A week without power, or a clock that was ten years ahead, gives nothing up unseen. */
static void nothing_is_given_up_after_few_attempts(void **state)
{
	const walltime ten_years = (walltime)10 * 365 * 86400;

	(void)state;
	assert_false(retry_is_over(RETRY_ATTEMPTS - 1, ten_years));
	assert_true(retry_is_over(RETRY_ATTEMPTS, ten_years));
	assert_false(retry_is_over(1000, -ten_years));
}

static void a_clock_that_jumped_holds_nothing_back(void **state)
{
	const walltime now = 1795505623, ten_years = (walltime)10 * 365 * 86400;

	(void)state;
	assert_int_equal(retry_left(now + 60, now), nstime_seconds(60));
	assert_int_equal(retry_left(now - 60, now), 0);
	assert_int_equal(retry_left(now, now - ten_years),
			nstime_seconds(RETRY_LONGEST_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_retry_comes_soon),
		cmocka_unit_test(retries_become_seldom_but_never_stop),
		cmocka_unit_test(what_failed_together_comes_back_apart),
		cmocka_unit_test(five_days_hold_some_forty_attempts),
		cmocka_unit_test(nothing_is_given_up_after_few_attempts),
		cmocka_unit_test(a_clock_that_jumped_holds_nothing_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The classes and their requeue rules, by the clock that is an argument; the table's words. */
#include "agent/database/reason.h"
#include "tests/lib/test.h"

#include <ctype.h>
#include <string.h>

#define SECONDS(n) ((n)*NS_PER_S)
#define HIGHEST    UINT64_MAX

/* The longest wait after so many failures: the draw that hits the ceiling. */
static nstime ceiling(enum error_class class, unsigned failures)
{
	nstime longest = 0;

	for (uint64_t draw = 0; draw < 4096; draw++) {
		nstime delay = requeue_delay(
				class, failures, 0, draw * (HIGHEST / 4096) + draw);

		assert_true(delay >= 0);
		if (delay > longest)
			longest = delay;
	}
	return longest;
}

static void assert_near(nstime actual, nstime expected)
{
	assert_true(actual <= expected && actual > expected - expected / 50);
}

static void transient_failures_back_off_from_a_second_to_five_minutes(void **state)
{
	(void)state;
	assert_near(ceiling(CLASS_TRANSIENT, 1), SECONDS(1));
	assert_near(ceiling(CLASS_TRANSIENT, 2), SECONDS(2));
	assert_near(ceiling(CLASS_TRANSIENT, 5), SECONDS(16));
	assert_near(ceiling(CLASS_TRANSIENT, 10), SECONDS(300));
	assert_near(ceiling(CLASS_TRANSIENT, 4000000000u), SECONDS(300));
	assert_int_equal(requeue_delay(CLASS_TRANSIENT, 9, 0, 0), 0);
}

static void denials_back_off_to_an_hour(void **state)
{
	(void)state;
	assert_near(ceiling(CLASS_DENIED, 1), SECONDS(60));
	assert_near(ceiling(CLASS_DENIED, 7), SECONDS(3600));
	assert_near(ceiling(CLASS_DENIED, 70), SECONDS(3600));
}

static void mistakes_of_ours_back_off_to_half_a_minute(void **state)
{
	(void)state;
	assert_near(ceiling(CLASS_BUG, 1), 50 * NS_PER_MS);
	assert_near(ceiling(CLASS_BUG, 20), SECONDS(30));
}

static void the_time_that_was_given_is_kept(void **state)
{
	(void)state;
	assert_int_equal(requeue_delay(CLASS_LIMITED, 3, SECONDS(17), HIGHEST),
			SECONDS(17));
	assert_int_equal(requeue_delay(CLASS_LIMITED, 1, 0, 0), SECONDS(60));
	assert_int_equal(
			requeue_delay(CLASS_LIMITED, 1, NSTIME_NEVER, 0), SECONDS(86400));
	assert_int_equal(requeue_delay(CLASS_WAITING, 1, SECONDS(5), 0), SECONDS(5));
	assert_int_equal(requeue_delay(CLASS_CONFLICT, 1, 0, HIGHEST), SECONDS(300));
}

static void some_wait_for_something_else_than_time(void **state)
{
	(void)state;
	assert_int_equal(requeue_delay(CLASS_INVALID, 1, 0, 0), NSTIME_NEVER);
	assert_int_equal(requeue_delay(CLASS_UNTRUSTED, 1, 0, 0), NSTIME_NEVER);
	assert_int_equal(requeue_delay(CLASS_SAFETY, 1, 0, 0), NSTIME_NEVER);
}

static void every_word_is_found_in_its_class(void **state)
{
	const struct reason *reason;
	size_t count = 0;

	(void)state;
	while ((reason = reason_at(count++))) {
		assert_true(isupper((unsigned char)reason->word[0]));
		assert_true(strlen(reason->help) > 10);
		assert_ptr_equal(reason_find(view_z(reason->word)), reason);
		assert_int_equal(reason_class(view_z(reason->word)), reason->class);
	}
	assert_true(count > 50);
	assert_null(reason_find(VIEW("NoSuchWord")));
	assert_int_equal(reason_class(VIEW("NoSuchWord")), CLASS_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				transient_failures_back_off_from_a_second_to_five_minutes),
		cmocka_unit_test(denials_back_off_to_an_hour),
		cmocka_unit_test(mistakes_of_ours_back_off_to_half_a_minute),
		cmocka_unit_test(the_time_that_was_given_is_kept),
		cmocka_unit_test(some_wait_for_something_else_than_time),
		cmocka_unit_test(every_word_is_found_in_its_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

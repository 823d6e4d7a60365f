#include "runtime/queue/schedule.h"
#include "tests/lib/test.h"

#include <stdlib.h>

#define A VIEW("a.example")
#define B VIEW("b.example")

static const struct schedule_bounds narrow = { .in_lane = 2, .in_all = 3 };

static struct schedule *s;

static int setup(void **state)
{
	(void)state;
	s = schedule_new(narrow);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	schedule_free(s);
	return 0;
}

static struct errand *expect(nstime now, struct view destination, uint64_t message)
{
	struct errand *errand = schedule_next(s, now);

	assert_non_null(errand);
	assert_int_equal(errand_message(errand), message);
	assert_true(view_eq(errand_destination(errand), destination));
	return errand;
}

static void what_is_due_goes_in_order(void **state)
{
	(void)state;
	assert_true(schedule_deadline(s) == NSTIME_NEVER);
	schedule_add(s, A, 1, 30);
	schedule_add(s, B, 2, 10);
	assert_int_equal(schedule_deadline(s), 10);
	assert_null(schedule_next(s, 9));
	schedule_done(s, expect(10, B, 2));
	assert_null(schedule_next(s, 29));
	schedule_done(s, expect(30, A, 1));
	assert_int_equal(schedule_count(s), 0);
}

static void a_lane_sends_so_many_at_once(void **state)
{
	struct errand *first, *second;

	(void)state;
	for (uint64_t m = 1; m <= 3; m++)
		schedule_add(s, A, m, (nstime)m);
	schedule_add(s, B, 9, 9);
	first = expect(20, A, 1);
	second = expect(20, A, 2);
	schedule_done(s, expect(20, B, 9)); /* not behind what A holds up */
	assert_null(schedule_next(s, 20));
	schedule_done(s, first);
	schedule_done(s, expect(20, A, 3));
	schedule_done(s, second);
}

static void all_together_send_so_many_at_once(void **state)
{
	struct errand *out[3];

	(void)state;
	schedule_add(s, A, 1, 1);
	schedule_add(s, A, 2, 2);
	schedule_add(s, B, 3, 3);
	schedule_add(s, VIEW("c.example"), 4, 4);
	for (size_t i = 0; i < 3; i++)
		out[i] = schedule_next(s, 10);
	assert_int_equal(schedule_out(s), 3);
	assert_null(schedule_next(s, 10));
	assert_true(schedule_deadline(s) == NSTIME_NEVER);
	schedule_done(s, out[2]);
	assert_int_equal(schedule_deadline(s), 4);
	schedule_done(s, expect(10, VIEW("c.example"), 4));
	schedule_done(s, out[0]);
	schedule_done(s, out[1]);
}

static void what_failed_comes_again(void **state)
{
	(void)state;
	schedule_add(s, A, 1, 1);
	schedule_again(s, expect(1, A, 1), 61);
	assert_null(schedule_next(s, 60));
	schedule_done(s, expect(61, A, 1));
}

static void a_host_that_is_down_holds_its_lane(void **state)
{
	struct errand *errand;

	(void)state;
	schedule_add(s, A, 1, 1);
	schedule_add(s, A, 2, 2);
	schedule_add(s, B, 3, 50);
	errand = expect(10, A, 1);
	schedule_again(s, errand, 70);
	schedule_hold(s, A, 60);
	assert_int_equal(schedule_deadline(s), 50);
	schedule_done(s, expect(59, B, 3));
	assert_null(schedule_next(s, 59));
	schedule_done(s, expect(60, A, 2)); /* it was due long ago */
	assert_null(schedule_next(s, 60));
}

static void who_releases_brings_what_is_due(void **state)
{
	(void)state;
	schedule_add(s, A, 1, 10);
	schedule_add(s, A, 2, 2000);
	schedule_add(s, B, 3, 20);
	schedule_hold(s, A, 5000);
	schedule_hold(s, B, 6000);
	assert_int_equal(schedule_deadline(s), 5000);
	schedule_release(s);
	schedule_done(s, expect(20, A, 1));
	schedule_done(s, expect(20, B, 3));
	assert_int_equal(schedule_deadline(s), 2000);
}

static void a_connection_takes_what_follows(void **state)
{
	struct errand *out[2], *follower;

	(void)state;
	for (uint64_t m = 1; m <= 3; m++)
		schedule_add(s, A, m, (nstime)m);
	schedule_add(s, A, 4, 100);
	out[0] = expect(10, A, 1);
	out[1] = expect(10, A, 2);
	follower = schedule_follow(s, out[0], 10); /* though the lane is full */
	assert_int_equal(errand_message(follower), 3);
	schedule_done(s, out[0]);
	assert_null(schedule_follow(s, follower, 10)); /* 4 is not due */
	schedule_done(s, follower);
	schedule_done(s, out[1]);
	assert_int_equal(schedule_count(s), 1);
}

static void one_errand_a_message_and_destination(void **state)
{
	struct errand *errand;

	(void)state;
	assert_true(schedule_add(s, A, 1, 50));
	assert_false(schedule_add(s, A, 1, 20)); /* sooner */
	assert_false(schedule_add(s, A, 1, 90));
	assert_int_equal(schedule_deadline(s), 20);
	errand = expect(20, A, 1);
	assert_false(schedule_add(s, A, 1, 1));
	assert_null(schedule_next(s, 100));
	schedule_done(s, errand);
}

static void what_waits_can_be_taken_back(void **state)
{
	struct errand *errand;

	(void)state;
	schedule_add(s, A, 1, 1);
	schedule_add(s, A, 2, 2);
	assert_true(schedule_drop(s, A, 2));
	assert_false(schedule_drop(s, A, 2));
	assert_false(schedule_drop(s, B, 1));
	errand = expect(5, A, 1);
	assert_false(schedule_drop(s, A, 1)); /* it is out */
	schedule_done(s, errand);
}

/* Whatever happens, the bounds hold, and everything that is due comes out. */
static void random_lives_keep_the_bounds(void **state)
{
	enum {
		MESSAGES = 300,
		LANES = 7,
		STEPS = 20000
	};
	struct errand *out[8];
	size_t in_lane[LANES] = { 0 }, count = 0, finished = 0;
	uint64_t added = 0;
	nstime now = 0;

	(void)state;
	srandom(7);
	for (int i = 0; i < STEPS || finished < added; i++) {
		char lane = (char)('a' + random() % LANES);
		struct errand *errand;

		now += random() % 3;
		if (added < MESSAGES && random() % 2)
			schedule_add(s, view_of(&lane, 1), ++added, now + random() % 20);
		if (random() % 50 == 0)
			schedule_hold(s, view_of(&lane, 1), now + random() % 30);
		errand = schedule_next(s, now);
		if (errand) {
			size_t n = (size_t)(errand_destination(errand).data[0] - 'a');

			out[count++] = errand;
			assert_true(++in_lane[n] <= narrow.in_lane);
			assert_true(count <= narrow.in_all);
		} else {
			assert_true(count == narrow.in_all || schedule_deadline(s) > now);
		}
		if (count && random() % 2) {
			size_t n = (size_t)(errand_destination(out[0]).data[0] - 'a');

			in_lane[n]--;
			if (random() % 3) {
				schedule_again(s, out[0], now + random() % 20);
			} else {
				schedule_done(s, out[0]);
				finished++;
			}
			memmove(out, out + 1, --count * sizeof(*out));
		}
	}
	assert_int_equal(schedule_count(s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				what_is_due_goes_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_lane_sends_so_many_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
				all_together_send_so_many_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_failed_comes_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_host_that_is_down_holds_its_lane, setup, teardown),
		cmocka_unit_test_setup_teardown(
				who_releases_brings_what_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_connection_takes_what_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(
				one_errand_a_message_and_destination, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_waits_can_be_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
				random_lives_keep_the_bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runtime/service/allowance.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	DAY = 86400,
	PART = DAY / 16,
	NOON = 1785585600
};

struct desk {
	char folder[40], file[60];
	struct allowances *all;
};

static int setup(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	strcpy(desk->folder, "/tmp/allowance.XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	snprintf(desk->file, sizeof(desk->file), "%s/sending", desk->folder);
	desk->all = allowances_new(desk->folder, os_real());
	*state = desk;
	return 0;
}

static int teardown(void **state)
{
	struct desk *desk = *state;

	allowances_free(desk->all);
	unlink(desk->file);
	rmdir(desk->folder);
	free(desk);
	return 0;
}

static void restart(struct desk *desk)
{
	allowances_free(desk->all);
	desk->all = allowances_new(desk->folder, os_real());
}

static struct account_spec may_send(unsigned char n, uint64_t limit, int64_t seconds)
{
	return (struct account_spec){
		.uid = { n }, .send_limit = limit, .send_period = nstime_seconds(seconds)
	};
}

static unsigned take_all(struct desk *desk, const struct account_spec *a, walltime now)
{
	unsigned taken = 0;

	while (taken < 100000 && allowance_take(desk->all, a, now) == ALLOWANCE_OK)
		taken++;
	return taken;
}

static void a_limit_is_never_passed_and_comes_back(void **state)
{
	struct desk *desk = *state;
	struct account_spec anna = may_send(1, 100, DAY), bo = may_send(2, 3, DAY);

	assert_int_equal(take_all(desk, &anna, NOON), 100);
	assert_int_equal(allowance_take(desk->all, &anna, NOON), ALLOWANCE_E_SPENT);
	assert_int_equal(take_all(desk, &bo, NOON), 3);
	/* said once in a sixteenth */
	assert_int_equal(allowance_take(desk->all, &anna, NOON + PART),
			ALLOWANCE_E_SPENT_FIRST);
	assert_int_equal(
			allowance_take(desk->all, &anna, NOON + PART), ALLOWANCE_E_SPENT);
	for (walltime at = NOON; at <= NOON + DAY; at += 60)
		assert_int_not_equal(allowance_take(desk->all, &anna, at), ALLOWANCE_OK);
	assert_int_equal(take_all(desk, &anna, NOON + DAY + PART), 100);
}

/* In no day are there more than the limit, wherever it begins. */
static void no_window_has_more(void **state)
{
	enum {
		STEPS = 4000,
		STEP = 61,
		LIMIT = 50
	};
	struct desk *desk = *state;
	struct account_spec hourly = may_send(1, LIMIT, 3600);
	static unsigned char took[STEPS];
	unsigned in_window = 0, all = 0;

	srandom(7);
	for (int i = 0; i < STEPS; i++) {
		walltime now = NOON + i * (walltime)STEP;

		for (long n = random() % 6; n > 0; n--)
			took[i] += allowance_take(desk->all, &hourly, now) ==
				   ALLOWANCE_OK;
		in_window += took[i];
		if (i >= 3600 / STEP + 1)
			in_window -= took[i - 3600 / STEP - 1];
		assert_true(in_window <= LIMIT);
		all += took[i];
	}
	/* and nearly as many as there may be */
	assert_true(all > LIMIT * (STEPS * STEP / 3600) * 8 / 10);
}

static void short_times_work_as_long_ones(void **state)
{
	struct desk *desk = *state;
	struct account_spec fast = may_send(1, 2, 1), minute = may_send(2, 6, 60);

	assert_int_equal(take_all(desk, &fast, NOON), 2);
	assert_int_not_equal(allowance_take(desk->all, &fast, NOON + 1), ALLOWANCE_OK);
	assert_int_equal(take_all(desk, &fast, NOON + 2), 2);
	assert_int_equal(take_all(desk, &minute, NOON), 6);
	assert_int_equal(take_all(desk, &minute, NOON + 60), 0);
	assert_int_equal(take_all(desk, &minute, NOON + 64), 6);
}

static void no_limit_and_none_at_all(void **state)
{
	struct desk *desk = *state;
	struct account_spec free_ = may_send(1, 0, 0), shut = may_send(2, 0, DAY);

	assert_int_equal(take_all(desk, &free_, NOON), 100000);
	assert_int_equal(take_all(desk, &shut, NOON), 0);
}

static void what_was_not_sent_is_given_back(void **state)
{
	struct desk *desk = *state;
	struct account_spec anna = may_send(1, 10, DAY);

	assert_int_equal(take_all(desk, &anna, NOON), 10);
	allowance_give_back(desk->all, anna.uid, 4, NOON);
	assert_int_equal(take_all(desk, &anna, NOON), 4);
	/* also where the sixteenth has changed meanwhile */
	allowance_give_back(desk->all, anna.uid, 2, NOON);
	assert_int_equal(take_all(desk, &anna, NOON + PART), 2);
	allowance_give_back(desk->all, anna.uid, 1000, NOON);
	assert_int_equal(take_all(desk, &anna, NOON + PART), 10);
	allowance_give_back(desk->all, (const unsigned char[16]){ 9 }, 1, NOON);
}

static void a_restart_resets_nothing_that_was_sent(void **state)
{
	struct desk *desk = *state;
	struct account_spec anna = may_send(1, 10, DAY), bo = may_send(2, 5, DAY);

	for (int i = 0; i < 7; i++)
		assert_int_equal(allowance_take(desk->all, &anna, NOON), ALLOWANCE_OK);
	allowance_keep(desk->all, anna.uid);
	assert_int_equal(allowance_take(desk->all, &bo, NOON), ALLOWANCE_OK);
	allowance_keep(desk->all, bo.uid);
	restart(desk);
	assert_int_equal(take_all(desk, &anna, NOON + 60), 3);
	assert_int_equal(take_all(desk, &bo, NOON + 60), 4);
	allowance_keep(desk->all, bo.uid);
	restart(desk);
	assert_int_equal(take_all(desk, &anna, NOON + DAY / 2), 3);
	assert_int_equal(take_all(desk, &bo, NOON + DAY / 2), 0);
	assert_int_equal(take_all(desk, &bo, NOON + 2 * DAY), 5);
}

static void another_time_begins_with_what_counted_in_the_old(void **state)
{
	struct desk *desk = *state;
	struct account_spec daily = may_send(1, 10, DAY), hourly = may_send(1, 8, 3600);

	assert_int_equal(take_all(desk, &daily, NOON), 10);
	assert_int_equal(take_all(desk, &hourly, NOON), 0);
	assert_int_equal(take_all(desk, &hourly, NOON + 2 * 3600), 8);
	/* and what counts no more stays forgotten */
	assert_int_equal(take_all(desk, &daily, NOON + 30 * DAY), 10);
}

static void a_torn_record_is_none(void **state)
{
	struct desk *desk = *state;
	struct account_spec anna = may_send(1, 10, DAY), bo = may_send(2, 10, DAY);
	int fd;

	assert_int_equal(take_all(desk, &anna, NOON), 10);
	allowance_keep(desk->all, anna.uid);
	assert_int_equal(take_all(desk, &bo, NOON), 10);
	allowance_keep(desk->all, bo.uid);
	fd = open(desk->file, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 60), 1);
	close(fd);
	restart(desk);
	assert_int_equal(take_all(desk, &anna, NOON), 10);
	assert_int_equal(take_all(desk, &bo, NOON), 0);
	allowance_keep(desk->all, anna.uid);
	restart(desk);
	assert_int_equal(take_all(desk, &anna, NOON), 0);
	assert_int_equal(take_all(desk, &bo, NOON), 0);
}

static void a_clock_that_goes_back_gives_nothing_away(void **state)
{
	struct desk *desk = *state;
	struct account_spec anna = may_send(1, 10, DAY);

	assert_int_equal(take_all(desk, &anna, NOON), 10);
	assert_int_equal(take_all(desk, &anna, NOON - 10 * DAY), 0);
	allowance_give_back(desk->all, anna.uid, 1, NOON - 10 * DAY);
	assert_int_equal(take_all(desk, &anna, NOON - 10 * DAY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				a_limit_is_never_passed_and_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(no_window_has_more, setup, teardown),
		cmocka_unit_test_setup_teardown(
				short_times_work_as_long_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(
				no_limit_and_none_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_was_not_sent_is_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_restart_resets_nothing_that_was_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
				another_time_begins_with_what_counted_in_the_old, setup,
				teardown),
		cmocka_unit_test_setup_teardown(a_torn_record_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_clock_that_goes_back_gives_nothing_away,
				setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/backup/calendar.h"

#include "tests/lib/test.h"

#include <time.h>

static walltime at(const char *text)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
	return (walltime)timegm(&tm);
}

static void it_was_due_at_the_last_of_its_times(void **state)
{
	/* 2026-11-24 is a Tuesday */
	static const struct {
		const char *schedule, *now, *due;
	} rows[] = {
		{ "hourly", "2026-11-24 22:10", "2026-11-24 22:00" },
		{ "hourly", "2026-11-24 22:00", "2026-11-24 22:00" },
		{ "daily 03:00", "2026-11-24 02:59", "2026-11-23 03:00" },
		{ "daily 03:00", "2026-11-24 03:00", "2026-11-24 03:00" },
		{ "daily 00:00", "2026-01-01 00:00", "2026-01-01 00:00" },
		{ "weekly Sun 04:30", "2026-11-24 12:00", "2026-11-22 04:30" },
		{ "weekly Tue 13:00", "2026-11-24 12:00", "2026-11-17 13:00" },
		{ "monthly 1 02:00", "2026-11-24 12:00", "2026-11-01 02:00" },
		{ "monthly 28 02:00", "2026-03-01 12:00", "2026-02-28 02:00" },
		{ "*/15 * * * *", "2026-11-24 12:44", "2026-11-24 12:30" },
		{ "5 4 * * 1-5", "2026-11-22 12:00", "2026-11-20 04:05" },
		{ "0 0 29 2 *", "2026-11-24 12:00", "2024-02-29 00:00" },
		{ "0 6 13 * 5", "2026-11-24 12:00", "2026-11-20 06:00" },
		{ "0 6 * * 7", "2026-11-24 12:00", "2026-11-22 06:00" },
		{ "10,50 1,2 * 6 *", "2026-11-24 12:00", "2026-06-30 02:50" },
		{ "7/20 * * * *", "2026-11-24 12:46", "2026-11-24 12:27" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct calendar calendar;

		assert_true(calendar_read(view_z(rows[i].schedule), &calendar));
		if (calendar_before(&calendar, at(rows[i].now)) != at(rows[i].due))
			fail_msg("%s at %s", rows[i].schedule, rows[i].now);
		/* between the two it was not due */
		assert_int_equal(calendar_before(&calendar, at(rows[i].due)),
				at(rows[i].due));
		assert_true(calendar_before(&calendar, at(rows[i].due) - 1) <
				at(rows[i].due));
	}
}

static void what_never_comes_is_no_time(void **state)
{
	struct calendar calendar;

	(void)state;
	assert_true(calendar_read(VIEW("0 0 31 2 *"), &calendar));
	assert_int_equal(calendar_before(&calendar, at("2026-11-24 12:00")), 0);
}

static void what_is_no_schedule_is_refused(void **state)
{
	static const char *const wrong[] = { "", "often", "daily 25:00",
		"weekly Xyz 03:00", "monthly 0 03:00", "61 * * * *", "* * * *",
		"*/0 * * * *", "5- * * * *" };
	struct calendar calendar;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (calendar_read(view_z(wrong[i]), &calendar))
			fail_msg("%s", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_was_due_at_the_last_of_its_times),
		cmocka_unit_test(what_never_comes_is_no_time),
		cmocka_unit_test(what_is_no_schedule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/backup/keep.h"

#include <time.h>

enum {
	HOUR = 3600,
	DAY = 86400,
	WEEK = 7 * DAY,
	MONDAY = 4 *
		 DAY, /* 1970 began on a Thursday: the first Monday came so much later */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t hour_of(walltime at)
{
	return floor_div(at, HOUR);
}

static int64_t day_of(walltime at)
{
	return floor_div(at, DAY);
}

static int64_t week_of(walltime at)
{
	return floor_div(at - MONDAY, WEEK);
}

static int64_t month_of(walltime at)
{
	time_t t = at;
	struct tm tm;

	gmtime_r(&t, &tm);
	return (int64_t)tm.tm_year * 12 + tm.tm_mon;
}

static int64_t year_of(walltime at)
{
	return floor_div(month_of(at), 12);
}

/* Of the newest on, the first of each period, `wanted` of them. */
static void choose(int64_t (*period_of)(walltime), unsigned wanted, const walltime *at,
		size_t count, bool *keep)
{
	int64_t last = 0;

	for (size_t i = count; i-- > 0 && wanted > 0;) {
		int64_t period = period_of(at[i]);

		if (i + 1 < count && period == last)
			continue;
		last = period;
		keep[i] = true;
		wanted--;
	}
}

void keep_choose(const struct vault_keep *policy, const walltime *at, size_t count,
		bool *keep)
{
	for (size_t i = 0; i < count; i++)
		keep[i] = i + 1 == count;
	choose(hour_of, policy->hourly, at, count, keep);
	choose(day_of, policy->daily, at, count, keep);
	choose(week_of, policy->weekly, at, count, keep);
	choose(month_of, policy->monthly, at, count, keep);
	choose(year_of, policy->yearly, at, count, keep);
}

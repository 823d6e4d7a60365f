#include "agent/backup/calendar.h"

#include <string.h>
#include <time.h>

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	YEARS = 5,
	DAYS_BACK = YEARS * 366,
};

/* -- reading -- */

static const struct field {
	unsigned least, most;
} fields[] = { { 0, 59 }, { 0, 23 }, { 1, 31 }, { 1, 12 }, { 0, 7 } };

static bool read_number(struct view text, unsigned *out)
{
	uint64_t number;

	if (!view_to_u64(text, &number) || number > 59)
		return false;
	*out = (unsigned)number;
	return true;
}

/* "*", "5", "1-5", each with a step behind it: into a set. */
static bool read_part(struct view part, const struct field *field, uint64_t *set)
{
	struct view range = view_cut(&part, '/'), first = range;
	unsigned from = field->least, to = field->most, step = 1;

	if (part.data && (!read_number(part, &step) || step == 0))
		return false;
	if (!view_eq(range, VIEW("*"))) {
		first = view_cut(&range, '-');
		if (!read_number(first, &from))
			return false;
		if (range.data && !read_number(range, &to))
			return false;
		if (!range.data && !part.data)
			to = from;
	}
	if (from < field->least || to > field->most)
		return false;
	for (unsigned n = from; n <= to; n += step)
		*set |= 1ull << n;
	return true;
}

static bool read_list(struct view list, const struct field *field, uint64_t *set)
{
	*set = 0;
	while (list.data)
		if (!read_part(view_cut(&list, ','), field, set))
			return false;
	return *set != 0;
}

static bool read_cron(struct view text, struct calendar *out)
{
	uint64_t sets[5];
	bool any_day[5];

	for (size_t i = 0; i < 5; i++) {
		struct view list = view_cut(&text, ' ');

		any_day[i] = view_eq(list, VIEW("*"));
		if (!list.len || !read_list(list, &fields[i], &sets[i]))
			return false;
	}
	*out = (struct calendar){
		.minutes = sets[0],
		.hours = (uint32_t)sets[1],
		.month_days = (uint32_t)sets[2],
		.months = (uint32_t)sets[3],
		/* Sunday is 0 and 7 */
		.week_days = (uint32_t)((sets[4] | sets[4] >> 7) & 0x7f),
		.either = !any_day[2] && !any_day[4],
	};
	return true;
}

static bool read_time(struct view text, struct calendar *out)
{
	struct view hour = view_cut(&text, ':');
	unsigned h, m;

	if (!read_number(hour, &h) || !read_number(text, &m) || h > 23)
		return false;
	out->hours = 1u << h;
	out->minutes = 1ull << m;
	return true;
}

static bool read_week_day(struct view name, uint32_t *out)
{
	static const char days[] = "sunmontuewedthufrisat";
	char lower[3];

	if (name.len != sizeof(lower))
		return false;
	memcpy(lower, name.data, sizeof(lower));
	lower[0] |= 0x20;
	for (unsigned i = 0; i < 7; i++)
		if (memcmp(lower, days + 3 * i, sizeof(lower)) == 0) {
			*out = 1u << i;
			return true;
		}
	return false;
}

bool calendar_read(struct view text, struct calendar *out)
{
	struct view rest = text, every = view_cut(&rest, ' ');
	unsigned day;

	*out = (struct calendar){ .minutes = 1,
		.hours = 0xffffff,
		.month_days = 0xfffffffe,
		.months = 0x1ffe,
		.week_days = 0x7f };
	if (view_eq(every, VIEW("hourly")))
		return true;
	if (view_eq(every, VIEW("daily")))
		return read_time(rest, out);
	if (view_eq(every, VIEW("weekly")))
		return read_week_day(view_cut(&rest, ' '), &out->week_days) &&
		       read_time(rest, out);
	if (view_eq(every, VIEW("monthly"))) {
		if (!read_number(view_cut(&rest, ' '), &day) || day < 1 || day > 31)
			return false;
		out->month_days = 1u << day;
		return read_time(rest, out);
	}
	return read_cron(text, out);
}

/* -- looking back -- */

static bool has_day(const struct calendar *c, const struct tm *day)
{
	bool of_month = c->month_days >> day->tm_mday & 1;
	bool of_week = c->week_days >> day->tm_wday & 1;

	return c->months >> (day->tm_mon + 1) & 1 &&
	       (c->either ? of_month || of_week : of_month && of_week);
}

/* The last of its minutes of a day, from `most` back; -1: there is none. */
static int last_minute(const struct calendar *c, int most)
{
	for (int minute = most; minute >= 0; minute--)
		if (c->hours >> minute / 60 & 1 && c->minutes >> minute % 60 & 1)
			return minute;
	return -1;
}

walltime calendar_before(const struct calendar *c, walltime at)
{
	int most = (int)(at % DAY) / MINUTE;
	time_t day = (time_t)(at - at % DAY);

	for (unsigned i = 0; i < DAYS_BACK && day >= 0; i++, day -= DAY) {
		struct tm tm;
		int minute = -1;

		if (gmtime_r(&day, &tm) && has_day(c, &tm))
			minute = last_minute(c, most);
		if (minute >= 0)
			return (walltime)day + (walltime)minute * MINUTE;
		most = DAY / MINUTE - 1;
	}
	return 0;
}

#include "runtime/mail/date.h"

#include "runtime/mail/lexer.h"

#include <limits.h>
#include <stdlib.h>

enum {
	DAY_SECONDS = 86400,
	ZONE_MAX = 99 * 60 + 59
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

struct civil {
	int64_t year; /* 1 .. 9999 */
	int month;    /* 1 .. 12 */
	int day, hour, minute, second;
};

/* -- the calendar -- */

static int month_days(int64_t year, int month)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return length[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the Gregorian calendar. Years begin in March, so that the leap
 * day is the last; 400 of them have 146097 days. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t month_from_march = (month + 9) % 12;
	int64_t of_year = (153 * month_from_march + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static struct civil civil_of(walltime time)
{
	int64_t count = floor_div(time, DAY_SECONDS);
	int64_t second = time - count * DAY_SECONDS;
	int64_t z = count + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	int month = (int)(m < 10 ? m + 3 : m - 9);

	return (struct civil){
		.year = y + era * 400 + (month <= 2),
		.month = month,
		.day = (int)(of_year - (153 * m + 2) / 5 + 1),
		.hour = (int)(second / 3600),
		.minute = (int)(second / 60 % 60),
		.second = (int)(second % 60),
	};
}

static struct date date_of(const struct civil *c, int zone)
{
	int64_t local = days_of(c->year, c->month, c->day) * DAY_SECONDS +
			c->hour * 3600 + c->minute * 60 + c->second;

	return (struct date){ .time = local - (int64_t)zone * 60, .zone = zone };
}

int64_t date_day(struct date date)
{
	return floor_div(date.time + (int64_t)date.zone * 60, DAY_SECONDS);
}

/* The first three letters of `word` in a row of such: 1 …, or 0. */
static int find_name(const char *row, struct view word)
{
	for (int i = 0; row[i] && word.len >= 3; i += 3)
		if (view_starts_nocase(word, view_of(row + i, 3)))
			return i / 3 + 1;
	return 0;
}

/* -- header fields -- */

/* What has been read of a date; -1: not yet. */
struct reading {
	int64_t year;
	int month, day, hour, minute, second;
	int zone;
	bool has_zone;
};

static int zone_of_name(struct view name)
{
	/* clang-format off */
	static const struct { const char *name; int hours; } zones[] = {
		{ "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
		{ "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (view_eq_nocase(name, view_z(zones[i].name)))
			return zones[i].hours * 60;
	return 0; /* UT, GMT; military letters mean nothing (RFC 5322, 4.3) */
}

static int zone_of_digits(char sign, int64_t number)
{
	int64_t hours = number / 100, minutes = number % 100;
	int zone;

	if (hours > 99)
		hours = 99;
	if (minutes > 59)
		minutes = 59;
	zone = (int)(hours * 60 + minutes);
	return sign == '-' ? -zone : zone;
}

/* Digits as a number that does not overflow. */
static int64_t read_number(struct lexer *l, size_t *digits_out)
{
	int64_t number = 0;
	size_t start = l->at;

	for (; byte_is_digit(lexer_peek(l)); l->at++)
		if (number < INT_MAX)
			number = number * 10 + (lexer_peek(l) - '0');
	*digits_out = l->at - start;
	return number;
}

static int clamped(int64_t number, int least, int most)
{
	if (number < least)
		return least;
	return number > most ? most : (int)number;
}

/* ":minute[:second]" behind an hour. */
static void read_time(struct lexer *l, int64_t hour, struct reading *r)
{
	size_t digits;

	r->hour = clamped(hour, 0, 23);
	r->minute = r->second = 0;
	lexer_take(l, ':');
	lexer_skip(l);
	r->minute = clamped(read_number(l, &digits), 0, 59);
	lexer_skip(l);
	if (lexer_take(l, ':')) {
		lexer_skip(l);
		r->second = clamped(read_number(l, &digits), 0, 59);
	}
}

static void take_number(struct lexer *l, struct reading *r)
{
	size_t digits;
	int64_t number = read_number(l, &digits);

	lexer_skip(l);
	if (lexer_peek(l) == ':' && r->hour < 0) {
		read_time(l, number, r);
	} else if (r->day < 0 && digits <= 2) {
		r->day = clamped(number, 1, 31);
	} else if (r->year < 0) {
		if (digits <= 2 && number < 50)
			number += 2000;
		else if (digits <= 3)
			number += 1900;
		r->year = clamped(number, 1, 9999);
	}
}

static void take_word(struct lexer *l, struct reading *r)
{
	size_t start = l->at;
	struct view word;
	int month;

	while (byte_is_alpha(lexer_peek(l)))
		l->at++;
	word = view_sub(l->text, start, l->at - start);
	month = find_name(months, word);
	if (month && r->month < 0) {
		r->month = month;
	} else if (r->hour >= 0 && !r->has_zone) {
		r->zone = zone_of_name(word);
		r->has_zone = true;
	}
}

static void take_sign(struct lexer *l, struct reading *r)
{
	char sign = lexer_peek(l);
	size_t digits;

	l->at++;
	/* Before the time a '-' only parts day, month and year. */
	if (r->hour < 0 || r->has_zone || !byte_is_digit(lexer_peek(l)))
		return;
	r->zone = zone_of_digits(sign, read_number(l, &digits));
	r->has_zone = true;
}

bool date_parse(struct view text, struct date *out)
{
	struct lexer l = lexer_of(text);
	struct reading r = { .year = -1, .month = -1, .day = -1, .hour = -1 };
	struct civil c;

	for (lexer_skip(&l); !lexer_end(&l); lexer_skip(&l)) {
		char byte = lexer_peek(&l);

		if (byte_is_digit(byte))
			take_number(&l, &r);
		else if (byte_is_alpha(byte))
			take_word(&l, &r);
		else if (byte == '+' || byte == '-')
			take_sign(&l, &r);
		else
			l.at++;
	}
	if (r.day < 0 || r.month < 0 || r.year < 0 || l.too_deep)
		return false;
	c = (struct civil){ .year = r.year, .month = r.month, .day = r.day };
	c.day = clamped(c.day, 1, month_days(c.year, c.month));
	if (r.hour >= 0) {
		c.hour = r.hour;
		c.minute = r.minute;
		c.second = r.second;
	}
	*out = date_of(&c, r.zone);
	return true;
}

/* -- printing -- */

static struct civil local_civil(struct date *date)
{
	/* What a date can be: the years 1 to 9999. */
	static const walltime least = -62135596800, most = 253402300799;
	struct civil c;

	date->zone = clamped(date->zone, -ZONE_MAX, ZONE_MAX);
	if (date->time < least)
		date->time = least;
	if (date->time > most)
		date->time = most;
	c = civil_of(date->time + (int64_t)date->zone * 60);
	if (c.year < 1 || c.year > 9999) {
		date->zone = 0;
		c = civil_of(date->time);
	}
	return c;
}

static void add_zone(struct buf *out, int zone)
{
	int minutes = abs(zone);

	buf_addf(out, "%c%02d%02d", zone < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void date_print(struct buf *out, struct date date)
{
	struct civil c = local_civil(&date);
	int64_t weekday = ((date_day(date) + 4) % 7 + 7) % 7;

	buf_addf(out, "%.3s, %d %.3s %04d %02d:%02d:%02d ", days + weekday * 3, c.day,
			months + (c.month - 1) * 3, (int)c.year, c.hour, c.minute,
			c.second);
	add_zone(out, date.zone);
}

void internaldate_print(struct buf *out, struct date date)
{
	struct civil c = local_civil(&date);

	buf_addf(out, "%2d-%.3s-%04d %02d:%02d:%02d ", c.day, months + (c.month - 1) * 3,
			(int)c.year, c.hour, c.minute, c.second);
	add_zone(out, date.zone);
}

/* -- IMAP, strict -- */

static bool digits(struct lexer *l, size_t count, int *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++, l->at++) {
		if (!byte_is_digit(lexer_peek(l)))
			return false;
		*out = *out * 10 + (lexer_peek(l) - '0');
	}
	return true;
}

static bool imap_day(struct lexer *l, size_t day_digits, struct civil *c)
{
	int year;

	if (!digits(l, day_digits, &c->day) || !lexer_take(l, '-'))
		return false;
	c->month = find_name(months, view_sub(l->text, l->at, 3));
	l->at += 3;
	if (!c->month || !lexer_take(l, '-') || !digits(l, 4, &year))
		return false;
	c->year = year;
	return year >= 1 && c->day >= 1 && c->day <= month_days(year, c->month);
}

static bool imap_time(struct lexer *l, struct civil *c)
{
	if (!digits(l, 2, &c->hour) || !lexer_take(l, ':') || !digits(l, 2, &c->minute) ||
			!lexer_take(l, ':') || !digits(l, 2, &c->second))
		return false;
	if (c->second == 60)
		c->second = 59; /* a leap second, which no other clock here has */
	return c->hour <= 23 && c->minute <= 59 && c->second <= 59;
}

static bool imap_zone(struct lexer *l, int *out)
{
	char sign = lexer_peek(l);
	int number;

	if (sign != '+' && sign != '-')
		return false;
	l->at++;
	if (!digits(l, 4, &number) || number % 100 > 59)
		return false;
	*out = zone_of_digits(sign, number);
	return true;
}

bool internaldate_parse(struct view text, struct date *out)
{
	struct lexer l = lexer_of(text);
	size_t day_digits = lexer_take(&l, ' ') ? 1 : 2;
	struct civil c = { 0 };
	int zone;

	if (!imap_day(&l, day_digits, &c) || !lexer_take(&l, ' ') || !imap_time(&l, &c) ||
			!lexer_take(&l, ' ') || !imap_zone(&l, &zone) || !lexer_end(&l))
		return false;
	*out = date_of(&c, zone);
	return true;
}

bool search_date_parse(struct view text, int64_t *days_out)
{
	struct lexer l = lexer_of(text);
	struct civil c = { 0 };

	if (!imap_day(&l, view_find(text, '-') == 1 ? 1 : 2, &c) || !lexer_end(&l))
		return false;
	*days_out = days_of(c.year, c.month, c.day);
	return true;
}

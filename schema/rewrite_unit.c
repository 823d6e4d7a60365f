/* Sizes, durations, rates and times as people write them elsewhere. */
#include "schema/rewrite.h"
#include "schema/unit.h"

#include <stdio.h>

/* -- numbers and words -- */

static bool is_one_of(struct view word, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (view_eq_nocase(word, view_z(words[i])))
			return true;
	return false;
}

static void skip_blanks(struct view *text)
{
	while (text->len && text->data[0] == ' ')
		*text = view_from(*text, 1);
}

/* The digits in front; empty where there are none. */
static struct view take_digits(struct view *text)
{
	struct view digits;
	size_t n = 0;

	skip_blanks(text);
	while (n < text->len && byte_is_digit(text->data[n]))
		n++;
	digits = view_sub(*text, 0, n);
	*text = view_from(*text, n);
	return digits;
}

static struct view take_letters(struct view *text)
{
	struct view word;
	size_t n = 0;

	skip_blanks(text);
	while (n < text->len && byte_is_alpha(text->data[n]))
		n++;
	word = view_sub(*text, 0, n);
	*text = view_from(*text, n);
	return word;
}

/* -- sizes -- */

/* `1.5` of a unit; false where it is no number or past any size. */
static bool take_decimal(struct view *text, double *out)
{
	struct view whole = take_digits(text), part = VIEW_NULL;
	double value = 0, place = 1;

	if (!whole.len || whole.len > 15)
		return false;
	for (size_t i = 0; i < whole.len; i++)
		value = value * 10 + (whole.data[i] - '0');
	if (text->len > 1 && (text->data[0] == '.' || text->data[0] == ',')) {
		*text = view_from(*text, 1);
		part = take_digits(text);
		if (!part.len)
			return false;
	}
	for (size_t i = 0; i < part.len && i < 15; i++)
		value += (part.data[i] - '0') * (place /= 10);
	*out = value;
	return true;
}

struct view rewrite_size(struct arena *arena, const struct type *type, struct view text)
{
	static const char *const endless[] = { "unlimited", "infinite", "none", "max",
		"off", "-1", NULL };
	static const char *const rests[] = { "", "b", "ib", "bytes", "byte", NULL };
	static const char *const names[] = { "byte", "bytes", "kilobytes", "megabytes",
		"gigabytes", "terabytes", NULL };
	static const char letters[] = "BKMGT";
	const char *letter;
	struct view unit;
	double number;

	if (is_one_of(text, endless) && type->most)
		return size_print(arena, type->most);
	if (!take_decimal(&text, &number))
		return VIEW_NULL;
	unit = take_letters(&text);
	letter = unit.len ? strchr(letters, byte_upper(unit.data[0])) : NULL;
	if (!letter || !*letter || text.len)
		return VIEW_NULL;
	if (!is_one_of(view_from(unit, 1), rests) && !is_one_of(unit, names))
		return VIEW_NULL;
	for (const char *l = letters; l < letter; l++)
		number *= 1024;
	if (number > 9e18)
		return VIEW_NULL;
	return size_print(arena, (int64_t)number);
}

/* -- durations -- */

struct period {
	const char *words; /* between blanks */
	int64_t seconds;
};

static const struct period periods[] = {
	{ " s sec secs second seconds ", 1 },
	{ " m min mins minute minutes ", 60 },
	{ " h hr hrs hour hours ", 3600 },
	{ " d day days ", 86400 },
	{ " w wk week weeks ", 7 * 86400 },
	{ " mo month months ", 30 * 86400 },
	{ " y yr year years ", 365 * 86400 },
};

static const struct period *period_of(struct view word)
{
	for (size_t i = 0; i < ARRAY_LEN(periods); i++) {
		struct view rest = view_z(periods[i].words);

		while (rest.data && word.len)
			if (view_eq_nocase(view_cut(&rest, ' '), word))
				return &periods[i];
	}
	return NULL;
}

struct view rewrite_duration(struct arena *arena, struct view text)
{
	bool iso = text.len > 1 && byte_upper(text.data[0]) == 'P'; /* ISO 8601: PT5M */
	bool in_day = !iso;
	int64_t total = 0;

	if (iso)
		text = view_from(text, 1);
	if (view_eq(text, VIEW("0")))
		return VIEW("0s");
	while (text.len) {
		const struct period *period;
		struct view word;
		uint64_t number;

		if (iso && byte_upper(text.data[0]) == 'T') {
			in_day = true;
			text = view_from(text, 1);
		}
		if (!view_to_u64(take_digits(&text), &number) || number > 1000000000)
			return VIEW_NULL;
		word = take_letters(&text);
		if (iso && word.len > 1 && byte_upper(word.data[1]) == 'T') {
			text = view_of(word.data + 1, word.len - 1 + text.len);
			word = view_sub(word, 0, 1);
		}
		if (!in_day && view_eq_nocase(word, VIEW("m")))
			word = VIEW("month");
		period = period_of(word);
		if (!period)
			return VIEW_NULL;
		total += (int64_t)number * period->seconds;
		skip_blanks(&text);
	}
	return total ? duration_print(arena, total) : VIEW_NULL;
}

/* `300 per day`, `300/day`: a number, and a word of time at the end. */
struct view rewrite_rate(struct arena *arena, struct view text)
{
	struct view count = take_digits(&text), word;
	const struct period *period;
	size_t from = text.len;

	while (from && byte_is_alpha(text.data[from - 1]))
		from--;
	word = view_from(text, from);
	period = period_of(word);
	if (!count.len || !period || period->seconds > 86400)
		return VIEW_NULL;
	return arena_printf(arena, "%.*s/%c", VIEW_ARG(count), byte_lower(word.data[0]));
}

/* -- dates -- */

enum {
	DATE_PARTS = 5 /* year, month, day, hour, minute */
};

static bool print_date(
		struct arena *arena, const uint64_t *p, size_t count, struct view *out)
{
	if (p[0] < 1000 || p[0] > 9999 || p[1] > 99 || p[2] > 99)
		return false;
	*out = arena_printf(arena, "%04u-%02u-%02u", (unsigned)p[0], (unsigned)p[1],
			(unsigned)p[2]);
	if (count == DATE_PARTS)
		*out = arena_printf(arena, "%.*sT%02u:%02u", VIEW_ARG(*out),
				(unsigned)(p[3] % 100), (unsigned)(p[4] % 100));
	return true;
}

static void swap(uint64_t *a, uint64_t *b)
{
	uint64_t first = *a;

	*a = *b;
	*b = first;
}

struct view rewrite_date(struct arena *arena, struct view text)
{
	uint64_t parts[DATE_PARTS];
	struct view out = VIEW_NULL;
	size_t count = 0;
	char between = 0;

	while (text.len && count < DATE_PARTS) {
		if (!view_to_u64(take_digits(&text), &parts[count]))
			return VIEW_NULL;
		if (count++ == 0 && text.len)
			between = text.data[0];
		text = view_from(text, 1);
	}
	if (count != 3 && count != DATE_PARTS)
		return VIEW_NULL;
	/* 12/31/2026 can be read in one way only; 12/10/2026 in two */
	if (between == '/' && parts[0] <= 12 && parts[1] <= 12)
		return VIEW_NULL;
	if (parts[0] < 1000)
		swap(&parts[0], &parts[2]);
	if (parts[1] > 12)
		swap(&parts[1], &parts[2]);
	return print_date(arena, parts, count, &out) ? out : VIEW_NULL;
}

/* -- schedules -- */

static const char *const weekdays[] = { "sunday", "monday", "tuesday", "wednesday",
	"thursday", "friday", "saturday" };

static const char *weekday_of(struct view word)
{
	static const char *const shorts[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
		"Sat" };

	for (size_t i = 0; i < ARRAY_LEN(weekdays); i++)
		if (word.len >= 3 && view_starts_nocase(view_z(weekdays[i]), word))
			return shorts[i];
	return NULL;
}

static const char *rhythm_of(struct view word)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "hourly", "hourly" },   { "hour", "hourly" },   { "@hourly", "hourly" },
		{ "daily", "daily" },     { "day", "daily" },     { "@daily", "daily" }, { "nightly", "daily" }, { "everyday", "daily" },
		{ "weekly", "weekly" },   { "week", "weekly" },   { "@weekly", "weekly" },
		{ "monthly", "monthly" }, { "month", "monthly" }, { "@monthly", "monthly" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (view_eq_nocase(word, view_z(rows[i][0])))
			return rows[i][1];
	return NULL;
}

/* `3`, `3:30`, `03.00`, `3am`, `4pm`. */
static bool time_of(struct view word, unsigned *hour, unsigned *minute)
{
	uint64_t h, m = 0;

	if (!view_to_u64(take_digits(&word), &h))
		return false;
	if (word.len && (word.data[0] == ':' || word.data[0] == '.')) {
		word = view_from(word, 1);
		if (!view_to_u64(take_digits(&word), &m))
			return false;
	}
	if (view_eq_nocase(word, VIEW("pm")) && h < 12)
		h += 12;
	else if (word.len && !view_eq_nocase(word, VIEW("am")))
		return false;
	*hour = (unsigned)(h % 100);
	*minute = (unsigned)(m % 100);
	return h < 24 && m < 60;
}

struct view rewrite_schedule(struct arena *arena, struct view text)
{
	static const char *const fillers[] = { "", "at", "on", "every", "each", "the",
		NULL };
	const char *rhythm = NULL, *day = NULL, *found;
	char time[16] = "";

	while (text.len) {
		struct view word = view_cut(&text, ' ');
		unsigned hour, minute;

		if (word.len && word.data[word.len - 1] == ',')
			word.len--;
		found = weekday_of(word);
		if (rhythm_of(word))
			rhythm = rhythm_of(word);
		else if (found)
			day = found;
		else if (time_of(word, &hour, &minute))
			snprintf(time, sizeof(time), " %02u:%02u", hour, minute);
		else if (!is_one_of(word, fillers))
			return VIEW_NULL;
	}
	if (!rhythm && !day)
		return VIEW_NULL;
	if (day)
		return arena_printf(arena, "weekly %s%s", day, time);
	return arena_printf(arena, "%s%s", rhythm, time);
}

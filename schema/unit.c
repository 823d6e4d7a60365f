#include "schema/unit.h"

#include "runtime/base/buf.h"

struct unit {
	const char *name;
	int64_t value;
};

/* clang-format off */
static const struct unit sizes[] = {
	{ "TiB", (int64_t)1 << 40 },
	{ "GiB", (int64_t)1 << 30 },
	{ "MiB", (int64_t)1 << 20 },
	{ "KiB", (int64_t)1 << 10 },
	{ "B",   1 },
};

static const struct unit durations[] = {
	{ "w", 7 * 86400 },
	{ "d", 86400 },
	{ "h", 3600 },
	{ "m", 60 },
	{ "s", 1 },
};
/* clang-format on */

static size_t count_digits(struct view text)
{
	size_t n = 0;

	while (n < text.len && byte_is_digit(text.data[n]))
		n++;
	return n;
}

static bool read_number(struct view digits, int64_t *out)
{
	uint64_t value;

	if (!view_to_u64(digits, &value) || value > INT64_MAX)
		return false;
	*out = (int64_t)value;
	return true;
}

int size_parse(struct view text, int64_t *out)
{
	size_t digits = count_digits(text);
	struct view unit = view_from(text, digits);
	int64_t number, bytes;

	if (digits == 0)
		return UNIT_E_FORM;
	if (!read_number(view_sub(text, 0, digits), &number))
		return UNIT_E_RANGE;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		if (!view_eq(unit, view_z(sizes[i].name)))
			continue;
		if (__builtin_mul_overflow(number, sizes[i].value, &bytes))
			return UNIT_E_RANGE;
		*out = bytes;
		return UNIT_OK;
	}
	return UNIT_E_UNIT;
}

struct view size_print(struct arena *arena, int64_t bytes)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(sizes) && (bytes == 0 || bytes % sizes[i].value))
		i++;
	return arena_printf(arena, "%lld%s", (long long)(bytes / sizes[i].value),
			sizes[i].name);
}

/* Units fall from left to right: `2h30m`, not `30m2h`. */
int duration_parse(struct view text, int64_t *out)
{
	int64_t total = 0;
	size_t least = 0;

	if (text.len == 0)
		return UNIT_E_FORM;
	while (text.len) {
		size_t digits = count_digits(text);
		int64_t number, part;
		size_t i = least;

		if (digits == 0)
			return UNIT_E_FORM;
		if (digits == text.len)
			return UNIT_E_UNIT;
		while (i < ARRAY_LEN(durations) &&
				durations[i].name[0] != text.data[digits])
			i++;
		if (i == ARRAY_LEN(durations))
			return UNIT_E_UNIT;
		if (!read_number(view_sub(text, 0, digits), &number) ||
				__builtin_mul_overflow(
						number, durations[i].value, &part) ||
				__builtin_add_overflow(total, part, &total))
			return UNIT_E_RANGE;
		least = i + 1;
		text = view_from(text, digits + 1);
	}
	*out = total;
	return UNIT_OK;
}

/* Weeks are read and not printed: `180d` says more than `25w5d`. */
struct view duration_print(struct arena *arena, int64_t seconds)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(128);

	if (seconds == 0)
		return VIEW("0s");
	for (size_t i = 1; i < ARRAY_LEN(durations); i++) {
		if (seconds < durations[i].value)
			continue;
		buf_addf(&text, "%lld%s", (long long)(seconds / durations[i].value),
				durations[i].name);
		seconds %= durations[i].value;
	}
	return arena_copy(arena, buf_view(&text));
}

int rate_parse(struct view text, int64_t *count_out, char *per_out)
{
	struct view per = text, count = view_cut(&per, '/');

	if (!per.data || count_digits(count) != count.len || count.len == 0)
		return UNIT_E_FORM;
	if (per.len != 1 || !memchr("smhd", per.data[0], 4))
		return UNIT_E_UNIT;
	if (!read_number(count, count_out))
		return UNIT_E_RANGE;
	*per_out = per.data[0];
	return UNIT_OK;
}

/* -- calendar -- */

static bool two_digits(struct view text, size_t at, unsigned most, unsigned *out)
{
	if (at + 2 > text.len || count_digits(view_sub(text, at, 2)) != 2)
		return false;
	*out = (unsigned)(text.data[at] - '0') * 10 + (unsigned)(text.data[at + 1] - '0');
	return *out <= most;
}

static bool is_time(struct view text)
{
	unsigned hour, minute;

	return text.len == 5 && text.data[2] == ':' && two_digits(text, 0, 23, &hour) &&
	       two_digits(text, 3, 59, &minute);
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

int date_check(struct view text)
{
	struct view time = text, day_text = view_cut(&time, 'T');
	unsigned century, year, month, day, second;

	if (day_text.len != 10 || day_text.data[4] != '-' || day_text.data[7] != '-')
		return UNIT_E_FORM;
	if (!two_digits(day_text, 0, 99, &century) ||
			!two_digits(day_text, 2, 99, &year) ||
			!two_digits(day_text, 5, 99, &month) ||
			!two_digits(day_text, 8, 99, &day))
		return UNIT_E_FORM;
	if (month < 1 || month > 12 || day < 1 ||
			day > days_in(century * 100 + year, month))
		return UNIT_E_RANGE;
	if (!time.data)
		return UNIT_OK;
	if (view_ends(time, VIEW("Z")))
		time.len--;
	if (time.len == 8 && time.data[5] == ':') {
		if (!two_digits(time, 6, 60, &second))
			return UNIT_E_FORM;
		time.len = 5;
	}
	return is_time(time) ? UNIT_OK : UNIT_E_FORM;
}

struct cron_field {
	unsigned least, most;
};

static const struct cron_field cron_fields[] = { { 0, 59 }, { 0, 23 }, { 1, 31 },
	{ 1, 12 }, { 0, 7 } };

static bool cron_number(struct view text, const struct cron_field *field)
{
	uint64_t number;

	return text.len <= 2 && view_to_u64(text, &number) && number >= field->least &&
	       number <= field->most;
}

/* One of `*`, `N`, `N-M`, each with `/STEP`. */
static bool cron_part(struct view part, const struct cron_field *field)
{
	struct view step = part, range = view_cut(&step, '/'), to = range, from;
	uint64_t number;

	if (step.data && (!view_to_u64(step, &number) || number == 0 || number > 59))
		return false;
	if (view_eq(range, VIEW("*")))
		return true;
	from = view_cut(&to, '-');
	return cron_number(from, field) && (!to.data || cron_number(to, field));
}

static bool is_cron(struct view text)
{
	for (size_t i = 0; i < ARRAY_LEN(cron_fields); i++) {
		struct view list = view_cut(&text, ' ');

		if (list.len == 0)
			return false;
		while (list.data)
			if (!cron_part(view_cut(&list, ','), &cron_fields[i]))
				return false;
	}
	return !text.data;
}

static bool is_day_name(struct view word)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
		"Sun" };

	for (size_t i = 0; i < ARRAY_LEN(days); i++)
		if (view_eq(word, view_z(days[i])))
			return true;
	return false;
}

int schedule_parse(struct arena *arena, struct view text, struct view *out)
{
	struct view rest = text, every = view_cut(&rest, ' '), on = VIEW_NULL;
	struct cron_field month_day = { 1, 28 };

	*out = text;
	if (every.len && (byte_is_digit(every.data[0]) || every.data[0] == '*'))
		return is_cron(text) ? UNIT_OK : UNIT_E_FORM;
	if (view_eq(every, VIEW("hourly")))
		return rest.data ? UNIT_E_FORM : UNIT_OK;
	if (view_eq(every, VIEW("weekly"))) {
		on = rest.data ? view_cut(&rest, ' ') : VIEW("Sun");
		if (!is_day_name(on))
			return UNIT_E_FORM;
	} else if (view_eq(every, VIEW("monthly"))) {
		on = rest.data ? view_cut(&rest, ' ') : VIEW("1");
		if (!cron_number(on, &month_day))
			return UNIT_E_FORM;
	} else if (!view_eq(every, VIEW("daily"))) {
		return UNIT_E_FORM;
	}
	if (!rest.data)
		rest = VIEW("03:00");
	if (!is_time(rest))
		return UNIT_E_RANGE;
	*out = arena_printf(arena, "%.*s%s%.*s %.*s", VIEW_ARG(every), on.len ? " " : "",
			VIEW_ARG(on), VIEW_ARG(rest));
	return UNIT_OK;
}

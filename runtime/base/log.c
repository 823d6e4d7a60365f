#include "runtime/base/log.h"

#include "runtime/base/buf.h"
#include "runtime/base/log_kept.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum {
	LONGEST_LINE = 4096,
	LONGEST_VALUE = 1024
};

static _Atomic enum log_level least_level = LOG_INFO;

void log_set_level(enum log_level level)
{
	least_level = level;
}

static void add_time(struct buf *line)
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	buf_addf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", parts.tm_year + 1900,
			parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
			parts.tm_sec, now.tv_nsec / 1000000);
}

/* Bare where that is unambiguous, else in quotes with \xx for what is not printable
 * ASCII. */
static void add_value(struct buf *line, struct view value)
{
	bool bare = value.len > 0;

	value = view_sub(value, 0, LONGEST_VALUE);
	for (size_t i = 0; i < value.len && bare; i++)
		bare = value.data[i] > ' ' && value.data[i] < 127 &&
		       value.data[i] != '"' && value.data[i] != '\\';
	if (bare) {
		buf_add(line, value);
		return;
	}
	buf_add_byte(line, '"');
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c == '"' || c == '\\')
			buf_addf(line, "\\%c", c);
		else if (c >= ' ' && c < 127)
			buf_add_byte(line, (char)c);
		else
			buf_addf(line, "\\x%02x", c);
	}
	buf_add_byte(line, '"');
}

static void add_field(struct buf *line, const struct log_field *field)
{
	buf_add_byte(line, ' ');
	buf_add_z(line, field->name);
	buf_add_byte(line, '=');
	switch (field->type) {
	case LOG_FIELD_NUMBER:
		buf_addf(line, "%" PRId64, field->number);
		break;
	case LOG_FIELD_ID:
		buf_addf(line, "%" PRIx64, (uint64_t)field->number);
		break;
	case LOG_FIELD_ERRNO:
		add_value(line, view_z(strerrordesc_np((int)-field->number)));
		break;
	case LOG_FIELD_VIEW:
	case LOG_FIELD_END:
		add_value(line, field->view);
		break;
	}
}

void log_write(enum log_level level, const char *name, const struct log_field *fields)
{
	static const char *const words[] = { "debug", "info", "warn", "error" };
	CLEANUP(buf_free) struct buf line = BUF_NULL(LONGEST_LINE);

	if (level < least_level || level >= LOG_OFF)
		return;
	add_time(&line);
	buf_addf(&line, "%s %s", words[level], name);
	for (; fields->type != LOG_FIELD_END; fields++)
		add_field(&line, fields);
	if (buf_failed(&line)) {
		line.failed = false;
		buf_truncate(&line,
				line.len < LONGEST_LINE ? line.len : LONGEST_LINE - 1);
	}
	buf_add_byte(&line, '\n');
	log_keep(buf_view(&line));
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		return; /* there is nowhere left to say so */
}

/* -- reading a line again -- */

/* Takes the value at the front: in quotes, or up to the next blank. */
static struct view cut_value(struct view *rest)
{
	size_t end = 1;
	struct view value;

	if (rest->len == 0 || rest->data[0] != '"')
		return view_cut(rest, ' ');
	while (end < rest->len && rest->data[end] != '"')
		end += rest->data[end] == '\\' ? 2 : 1;
	value = view_sub(*rest, 0, end + 1);
	*rest = view_from(*rest, end + 2);
	return value;
}

static int hex_digit(char c)
{
	return byte_is_digit(c) ? c - '0' : c - 'a' + 10;
}

/* Takes back what add_value does. */
static void add_read_value(struct buf *out, struct view value)
{
	if (!view_starts(value, VIEW("\""))) {
		buf_add(out, value);
		return;
	}
	/* of a line that was cut off the end is not there */
	value = view_sub(value, 1, value.len > 1 ? value.len - 2 : 0);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '\\' && i + 3 < value.len && value.data[i + 1] == 'x') {
			c = (char)(16 * hex_digit(value.data[i + 2]) +
					hex_digit(value.data[i + 3]));
			i += 3;
		} else if (c == '\\' && i + 1 < value.len) {
			c = value.data[++i];
		}
		buf_add_byte(out, c);
	}
}

bool log_line_value(struct view line, struct view field, struct buf *out)
{
	for (int i = 0; i < 3; i++) /* the time, the level, the event */
		(void)view_cut(&line, ' ');
	while (line.len) {
		struct view name = view_cut(&line, '='), value = cut_value(&line);

		if (!view_eq(name, field))
			continue;
		add_read_value(out, value);
		return true;
	}
	return false;
}

bool log_line_has(struct view line, struct view field, struct view value)
{
	CLEANUP(buf_free) struct buf wanted = BUF_NULL(4 * LONGEST_VALUE + 2);
	struct view rest = line, level, event;

	add_value(&wanted, value);
	(void)view_cut(&rest, ' '); /* the time */
	level = view_cut(&rest, ' ');
	event = view_cut(&rest, ' ');
	if (view_eq(field, VIEW("level")) && view_eq(level, value))
		return true;
	if (view_eq(field, VIEW("event")) && view_eq(event, value))
		return true;
	while (rest.len) {
		struct view name = view_cut(&rest, '=');

		if (view_eq(cut_value(&rest), buf_view(&wanted)) && view_eq(name, field))
			return true;
	}
	return false;
}

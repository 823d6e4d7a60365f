#include "runtime/base/log.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* What one call writes, its time cut off. */
static const char *logged(void (*call)(void))
{
	static char text[8192];
	int pipe_ends[2], saved = dup(STDERR_FILENO);
	ssize_t len;

	assert_int_equal(pipe(pipe_ends), 0);
	dup2(pipe_ends[1], STDERR_FILENO);
	call();
	dup2(saved, STDERR_FILENO);
	close(pipe_ends[1]);
	close(saved);
	len = read(pipe_ends[0], text, sizeof(text) - 1);
	close(pipe_ends[0]);
	assert_true(len >= 0);
	text[len] = '\0';
	return len > 25 ? text + 25 : text;
}

static void log_a_hostile_value(void)
{
	log_event(LOG_WARN, "smtp.rcpt.refused", log_id("session", 0x9f3a21),
			log_view("rcpt", VIEW("<x\r\nfake.event a=\"b\"\x1b>")),
			log_number("tries", -2), log_fault(-ENOSPC));
}

static void log_a_long_value(void)
{
	static char long_text[3000];

	memset(long_text, 1, sizeof(long_text) - 1);
	log_event(LOG_INFO, "x", log_text("v", long_text), log_text("w", long_text));
}

static void log_below_the_level(void)
{
	log_event(LOG_DEBUG, "not.seen", log_text("a", "b"));
}

static void a_peer_cannot_write_a_line(void **state)
{
	(void)state;
	assert_string_equal(logged(log_a_hostile_value),
			"warn smtp.rcpt.refused session=9f3a21 "
			"rcpt=\"<x\\x0d\\x0afake.event a=\\\"b\\\"\\x1b>\" tries=-2 "
			"error=\"No space left on device\"\n");
}

static void a_line_ends_however_long(void **state)
{
	const char *line = logged(log_a_long_value);

	(void)state;
	assert_true(strlen(line) <= 4096);
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void levels_are_kept(void **state)
{
	(void)state;
	assert_string_equal(logged(log_below_the_level), "");
}

static void a_line_is_found_by_its_fields(void **state)
{
	/* clang-format off */
	static const struct { const char *field, *value; bool has; } table[] = {
		{ "level",   "warn",                          true },
		{ "event",   "smtp.rcpt.refused",             true },
		{ "event",   "smtp.rcpt",                     false },
		{ "session", "9f3a21",                        true },
		{ "session", "9f3a2",                         false },
		{ "rcpt",    "<x\r\nfake.event a=\"b\"\x1b>",  true },
		{ "a",       "b",                             false }, /* stands within a value */
		{ "tries",   "-2",                            true },
		{ "error",   "No space left on device",       true },
		{ "ries",    "-2",                            false },
		{ "",        "",                              false },
	};
	/* clang-format on */
	CLEANUP(freep) char *line = NULL;

	(void)state;
	assert_true(asprintf(&line, "2026-01-01T00:00:00.000Z %s",
				    logged(log_a_hostile_value)) > 0);
	line[strlen(line) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_int_equal(log_line_has(view_z(line), view_z(table[i].field),
						 view_z(table[i].value)),
				table[i].has);
	/* A line that was cut off within a value. */
	for (size_t len = strlen(line); len-- > 0;)
		(void)!log_line_has(view_of(line, len), VIEW("none"), VIEW("x"));
}

static void a_value_is_read_as_it_was_given(void **state)
{
	/* clang-format off */
	static const struct { const char *field, *value; } table[] = {
		{ "session", "9f3a21" },
		{ "rcpt",    "<x\r\nfake.event a=\"b\"\x1b>" },
		{ "tries",   "-2" },
		{ "error",   "No space left on device" },
	};
	/* clang-format on */
	CLEANUP(buf_free) struct buf value = BUF_NULL(4096);
	CLEANUP(freep) char *line = NULL;

	(void)state;
	assert_true(asprintf(&line, "2026-01-01T00:00:00.000Z %s",
				    logged(log_a_hostile_value)) > 0);
	line[strlen(line) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		buf_clear(&value);
		assert_true(log_line_value(view_z(line), view_z(table[i].field), &value));
		assert_view(buf_view(&value), table[i].value);
	}
	assert_false(log_line_value(view_z(line), VIEW("a"), &value));
	assert_false(log_line_value(view_z(line), VIEW("event"), &value));
	/* A line that was cut off within a value. */
	for (size_t len = strlen(line); len-- > 0;)
		(void)!log_line_value(view_of(line, len), VIEW("rcpt"), &value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_cannot_write_a_line),
		cmocka_unit_test(a_line_ends_however_long),
		cmocka_unit_test(levels_are_kept),
		cmocka_unit_test(a_line_is_found_by_its_fields),
		cmocka_unit_test(a_value_is_read_as_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

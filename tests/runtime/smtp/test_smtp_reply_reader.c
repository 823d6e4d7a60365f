#include "runtime/smtp/smtp_reply_reader.h"

#include "runtime/base/limit.h"
#include "tests/lib/test.h"

#include <stdio.h>

/* Reads it byte by byte, and whole; how much of it was taken. */
static size_t read_all(struct smtp_reply_reader *r, struct view text)
{
	size_t taken = 0, whole;

	smtp_reply_reader_init(r);
	while (r->at == SMTP_REPLY_UNDER_WAY && taken < text.len)
		taken += smtp_reply_read(r, view_sub(text, taken, 1));
	if (r->at != SMTP_REPLY_FAULT) {
		struct smtp_reply_reader other;

		smtp_reply_reader_init(&other);
		whole = smtp_reply_read(&other, text);
		assert_int_equal(whole, taken);
		assert_int_equal(other.at, r->at);
		assert_int_equal(other.code, r->code);
		assert_string_equal(other.status, r->status);
		assert_true(view_eq(buf_view(&other.text), buf_view(&r->text)));
		smtp_reply_reader_deinit(&other);
	}
	return taken;
}

/* clang-format off */
static const struct {
	const char *text; /* whole */
	unsigned code;
	const char *status, *lines;
} good[] = {
	{ "250 Ok\r\n",                               250, "",          "Ok" },
	{ "250\r\n",                                  250, "",          "" },
	{ "250 \r\n",                                 250, "",          "" },
	{ "250 Ok\n",                                 250, "",          "Ok" },
	{ "250-a\r\n250-\r\n250 b\r\n",               250, "",          "a\n\nb" },
	{ "250-a\r\n250\r\n",                         250, "",          "a\n" },
	{ "250 2.1.5 Ok\r\n",                         250, "2.1.5",     "Ok" },
	{ "250 2.1.5\r\n",                            250, "2.1.5",     "" },
	{ "550 5.123.456 No\r\n",                     550, "5.123.456", "No" },
	{ "550-5.1.1 No\r\n550-5.1.1\r\n550 5.2.0 b\r\n", 550, "5.1.1", "No\n\nb" },
	{ "550 4.1.1 No\r\n",                         550, "",          "4.1.1 No" },
	{ "550 5.1234.1 No\r\n",                      550, "",          "5.1234.1 No" },
	{ "550 5.1.1: No\r\n",                        550, "",          "5.1.1: No" },
	{ "550 5.1. No\r\n",                          550, "",          "5.1. No" },
	{ "550 5.1\r\n",                              550, "",          "5.1" },
	{ "571 5.7.1 No\r\n",                         571, "5.7.1",     "No" },
	{ "200 a\tb\x01" "c\x7f\xc3\xa9\r d\r\n",     200, "",          "a b?c???? d" },
	{ "599 x\r\n",                                599, "",          "x" },
};

static const struct {
	const char *text, *fault;
} bad[] = {
	{ "\r\n",                  "it does not begin with a reply code" },
	{ "\n",                    "it does not begin with a reply code" },
	{ "25\r\n",                "it does not begin with a reply code" },
	{ "250Ok\r\n",             "it does not begin with a reply code" },
	{ "250_Ok\r\n",            "it does not begin with a reply code" },
	{ " 250 Ok\r\n",           "it does not begin with a reply code" },
	{ "+250 Ok\r\n",           "it does not begin with a reply code" },
	{ "2 0 Ok\r\n",            "it does not begin with a reply code" },
	{ "100 Ok\r\n",            "it does not begin with a reply code" },
	{ "199 Ok\r\n",            "it does not begin with a reply code" },
	{ "600 Ok\r\n",            "it does not begin with a reply code" },
	{ "5.7.2\r\n",             "it does not begin with a reply code" },
	{ "250-a\r\n251 b\r\n",    "its lines have different codes" },
	{ "250-a\r\nb\r\n",        "it does not begin with a reply code" },
};
/* clang-format on */

static void replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct smtp_reply_reader r;
		struct view text = view_z(good[i].text);

		assert_int_equal(read_all(&r, text), text.len);
		if (r.at != SMTP_REPLY_WHOLE)
			fail_msg("%s: %s", good[i].text, r.fault ? r.fault : "not whole");
		assert_int_equal(r.code, good[i].code);
		assert_string_equal(r.status, good[i].status);
		assert_view(buf_view(&r.text), good[i].lines);
		smtp_reply_reader_deinit(&r);
	}
}

static void S33_no_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct smtp_reply_reader r;

		read_all(&r, view_z(bad[i].text));
		if (r.at != SMTP_REPLY_FAULT)
			fail_msg("\"%s\" was read", bad[i].text);
		assert_string_equal(r.fault, bad[i].fault);
		/* it takes no more */
		assert_int_equal(smtp_reply_read(&r, VIEW("250 Ok\r\n")), 0);
		smtp_reply_reader_deinit(&r);
	}
}

static void a_reply_behind_another(void **state)
{
	const struct view both = VIEW("550 5.1.1 No\r\n250-a\r\n250 Ok\r\n354 x");
	struct smtp_reply_reader r;
	size_t taken;

	(void)state;
	smtp_reply_reader_init(&r);
	taken = smtp_reply_read(&r, both);
	assert_int_equal(taken, 14);
	assert_int_equal(r.code, 550);
	taken += smtp_reply_read(&r, view_from(both, taken));
	assert_int_equal(taken, 29);
	assert_int_equal(r.code, 250);
	assert_string_equal(r.status, "");
	assert_view(buf_view(&r.text), "a\nOk");
	taken += smtp_reply_read(&r, view_from(both, taken));
	assert_int_equal(r.at, SMTP_REPLY_UNDER_WAY);
	assert_int_equal(taken, both.len);
	smtp_reply_reader_deinit(&r);
}

/* A line of `len` octets with its CRLF. */
static enum smtp_reply_at read_line(size_t len)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(4096);
	struct smtp_reply_reader r;
	enum smtp_reply_at at;

	buf_add_z(&text, "250 ");
	while (text.len < len - 2)
		buf_add_byte(&text, 'x');
	buf_add_z(&text, "\r\n");
	read_all(&r, buf_view(&text));
	at = r.at;
	if (at == SMTP_REPLY_FAULT)
		assert_string_equal(r.fault, limit_reply(LIMIT_SMTP_CLIENT_REPLY_LINE));
	smtp_reply_reader_deinit(&r);
	return at;
}

static enum smtp_reply_at read_lines(size_t count, size_t len, size_t *kept_out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);
	struct smtp_reply_reader r;
	enum smtp_reply_at at;

	for (size_t i = 1; i <= count; i++) {
		buf_addf(&text, "250%c", i == count ? ' ' : '-');
		for (size_t k = 0; k < len; k++)
			buf_add_byte(&text, 'x');
		buf_add_z(&text, "\r\n");
	}
	read_all(&r, buf_view(&text));
	at = r.at;
	if (at == SMTP_REPLY_FAULT)
		assert_string_equal(r.fault, limit_reply(LIMIT_SMTP_CLIENT_REPLY_LINES));
	*kept_out = r.text.len;
	smtp_reply_reader_deinit(&r);
	return at;
}

static void S33_each_limit_holds_at_its_value(void **state)
{
	const size_t line = limit_value(LIMIT_SMTP_CLIENT_REPLY_LINE);
	const size_t lines = limit_value(LIMIT_SMTP_CLIENT_REPLY_LINES);
	const size_t text = limit_value(LIMIT_SMTP_CLIENT_REPLY_TEXT);
	size_t kept;

	(void)state;
	assert_int_equal(read_line(line - 1), SMTP_REPLY_WHOLE);
	assert_int_equal(read_line(line), SMTP_REPLY_WHOLE);
	assert_int_equal(read_line(line + 1), SMTP_REPLY_FAULT);
	assert_int_equal(read_lines(lines - 1, 1, &kept), SMTP_REPLY_WHOLE);
	assert_int_equal(read_lines(lines, 1, &kept), SMTP_REPLY_WHOLE);
	assert_int_equal(read_lines(lines + 1, 1, &kept), SMTP_REPLY_FAULT);
	/* 16 lines of 511 octets, and what joins them, are 8,191 */
	assert_int_equal(read_lines(16, 511, &kept), SMTP_REPLY_WHOLE);
	assert_int_equal(kept, text - 1);
	assert_int_equal(read_lines(17, 511, &kept), SMTP_REPLY_WHOLE);
	assert_int_equal(kept, text);
	assert_int_equal(read_lines(lines, 1000, &kept), SMTP_REPLY_WHOLE);
	assert_int_equal(kept, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(S33_no_replies),
		cmocka_unit_test(a_reply_behind_another),
		cmocka_unit_test(S33_each_limit_holds_at_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

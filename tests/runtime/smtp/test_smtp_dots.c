#include "runtime/smtp/smtp_dots.h"

#include "runtime/smtp/smtp_body.h"
#include "tests/lib/test.h"

/* clang-format off */
static const struct {
	const char *message, *sent;
} rows[] = {
	{ "",                     ".\r\n" },
	{ "a",                    "a\r\n.\r\n" },
	{ "a\r\n",                "a\r\n.\r\n" },
	{ ".",                    "..\r\n.\r\n" },
	{ ".\r\n",                "..\r\n.\r\n" },
	{ "..\r\n.a",             "...\r\n..a\r\n.\r\n" },
	{ "a.\r\n.",              "a.\r\n..\r\n.\r\n" },
	{ "\r\n.\r\n",            "\r\n..\r\n.\r\n" },
	{ "a\n.\nb",              "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r.\rb",              "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\r\nb",             "a\r\n\r\nb\r\n.\r\n" },
	{ "a\n\rb",               "a\r\n\r\nb\r\n.\r\n" },
	{ "a\r\n.\r",             "a\r\n..\r\n.\r\n" },
	{ "\r",                   "\r\n.\r\n" },
	{ "\n",                   "\r\n.\r\n" },
};
/* clang-format on */

/* In two parts, and what the server's own reader makes of it. */
static void check(struct view message, size_t split, struct view sent)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(256);
	CLEANUP(buf_free) struct buf back = BUF_NULL(256);
	struct smtp_dots dots = { 0 };
	struct smtp_body body = { 0 };

	smtp_dots_add(&dots, view_sub(message, 0, split), &out);
	smtp_dots_add(&dots, view_from(message, split), &out);
	smtp_dots_end(&dots, &out);
	if (!view_eq(buf_view(&out), sent))
		fail_msg("\"%.*s\" split at %zu: \"%.*s\"", VIEW_ARG(message), split,
				VIEW_ARG(buf_view(&out)));
	assert_true(out.len <= SMTP_DOTS_TIMES * message.len + SMTP_DOTS_END);
	/* S01: the one end is at the end, and no line end is a bare one */
	assert_int_equal(smtp_body_read(&body, buf_view(&out), &back), out.len);
	assert_int_equal(body.at, BODY_AT_END);
	assert_int_equal(body.fault, BODY_SOUND);
}

static void S01_what_is_sent_is_one_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view message = view_z(rows[i].message);

		for (size_t split = 0; split <= message.len; split++)
			check(message, split, view_z(rows[i].sent));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S01_what_is_sent_is_one_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runtime/mail/received.h"
#include "tests/lib/test.h"

static void the_protocol_is_named_as_it_was(void **state)
{
	/* clang-format off */
	static const struct {
		bool extended, authenticated, tls, utf8;
		const char *with;
	} rows[] = {
		{ false, false, false, false, " with SMTP\r\n" },
		{ true,  false, false, false, " with ESMTP\r\n" },
		{ true,  false, true,  false, " with ESMTPS\r\n" },
		{ true,  true,  false, false, " with ESMTPA\r\n" },
		{ true,  true,  true,  false, " with ESMTPSA\r\n" },
		{ true,  false, false, true,  " with UTF8SMTP\r\n" },
		{ true,  false, true,  true,  " with UTF8SMTPS\r\n" },
		{ true,  true,  false, true,  " with UTF8SMTPA\r\n" },
		{ true,  true,  true,  true,  " with UTF8SMTPSA\r\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(1000);
		struct received received = {
			.helo = VIEW("c"),
			.by = VIEW("mx.example.org"),
			.id = VIEW("1"),
			.tls = rows[i].tls ? VIEW("TLSv1.3 X") : VIEW_NULL,
			.extended = rows[i].extended,
			.authenticated = rows[i].authenticated,
			.utf8 = rows[i].utf8,
		};

		received_write(&out, &received);
		if (view_find_view(buf_view(&out), view_z(rows[i].with)) == out.len)
			fail_msg("not%sbut %.*s", rows[i].with, VIEW_ARG(buf_view(&out)));
	}
}

static void utf8_stands_where_it_was_asked(void **state)
{
	struct received received = { .recipient = VIEW("j\xc3\xb6rg@example.org"),
		.extended = true };
	CLEANUP(buf_free) struct buf out = BUF_NULL(1000);

	(void)state;
	received_write(&out, &received);
	assert_true(view_find_view(buf_view(&out), VIEW("for <j??rg@example.org>")) <
			out.len);
	buf_clear(&out);
	received.utf8 = true;
	received_write(&out, &received);
	assert_true(view_find_view(buf_view(&out),
				    VIEW("for <j\xc3\xb6rg@example.org>")) < out.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_protocol_is_named_as_it_was),
		cmocka_unit_test(utf8_stands_where_it_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

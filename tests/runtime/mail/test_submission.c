#include "runtime/mail/submission.h"
#include "tests/lib/test.h"

#define NOW  ((walltime)1795505623)
#define DATE "Date: Tue, 24 Nov 2026 07:33:43 +0000\r\n"
#define ID   "Message-ID: <1.2@here.example>\r\n"

/* clang-format off */
static const struct {
	const char *in, *out;
} cases[] = {
	{ "Date: x\r\nMessage-ID: <1@a>\r\n\r\nbody\r\n",
	  "Date: x\r\nMessage-ID: <1@a>\r\n\r\nbody\r\n" },
	{ "Subject: x\r\n\r\nbody\r\n",
	  DATE ID "Subject: x\r\n\r\nbody\r\n" },
	{ "message-id: <1@a>\r\nSubject: x\r\n\r\n",
	  DATE "message-id: <1@a>\r\nSubject: x\r\n\r\n" },
	{ "Date: x\r\nMessage-ID: <1@a>\r\nBcc: secret@a.example,\r\n other@b.example\r\nTo: c\r\nBCC : more\r\nResent-Bcc: r\r\nX-Bcc: stays\r\n\r\nBcc: in the body\r\n",
	  "Date: x\r\nMessage-ID: <1@a>\r\nTo: c\r\nX-Bcc: stays\r\n\r\nBcc: in the body\r\n" },
	{ "\r\nbody\r\n",
	  DATE ID "\r\nbody\r\n" },
	{ "\r\n",
	  DATE ID "\r\n" },
	{ "Subject: no body\r\n",
	  DATE ID "Subject: no body\r\n" },
	{ "",
	  DATE ID },
	{ "Subject: x\r\n\r\n\r\n\r\nBcc: y\r\n\r\n",
	  DATE ID "Subject: x\r\n\r\n\r\n\r\nBcc: y\r\n\r\n" },
	{ "not a field\r\nBcc: z\r\n\r\nq\r\n",
	  DATE ID "not a field\r\n\r\nq\r\n" },
};
/* clang-format on */

static void pass(struct view in, size_t piece, struct buf *out)
{
	struct submission s;

	submission_init(&s, VIEW("1.2"), VIEW("here.example"), NOW);
	for (size_t at = 0; at < in.len; at += piece)
		submission_feed(&s, view_sub(in, at, piece), out);
	submission_finish(&s, out);
	submission_deinit(&s);
}

/* Whole, and in pieces of every length. */
static void what_a_message_becomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct view in = view_z(cases[i].in);

		for (size_t piece = 1; piece <= in.len + 1; piece++) {
			CLEANUP(buf_free) struct buf out = BUF_NULL(10000);

			pass(in, piece, &out);
			assert_view(buf_view(&out), cases[i].out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_message_becomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

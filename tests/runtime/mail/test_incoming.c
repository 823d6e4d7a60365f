#include "runtime/mail/incoming.h"
#include "tests/lib/test.h"

/* clang-format off */
static const struct {
	const char *in, *out;
} cases[] = {
	{ "From: a@b.example\r\n\r\nbody\r\n",
	  "From: a@b.example\r\n\r\nbody\r\n" },
	{ "Authentication-Results: mx.here.example; spf=pass\r\nFrom: a@b.example\r\n\r\nbody\r\n",
	  "From: a@b.example\r\n\r\nbody\r\n" },
	/* of others */
	{ "Authentication-Results: mx.there.example; spf=pass\r\n\r\n",
	  "Authentication-Results: mx.there.example; spf=pass\r\n\r\n" },
	{ "X-Authentication-Results: mx.here.example; spf=pass\r\n\r\n",
	  "X-Authentication-Results: mx.here.example; spf=pass\r\n\r\n" },
	/* folded, quoted, in another case, with a version, of nobody */
	{ "A: 1\r\nAuthentication-Results:\r\n (hello) \"MX.Here.example\" 1\r\n ; dkim=pass\r\n header.d=b.example\r\nB: 2\r\n\r\n",
	  "A: 1\r\nB: 2\r\n\r\n" },
	{ "AUTHENTICATION-RESULTS : mx.here.example.; none\r\nB: 2\r\n\r\n",
	  "B: 2\r\n\r\n" },
	{ "Authentication-Results: mx.here.example mx.there.example; none\r\nB: 2\r\n\r\n",
	  "B: 2\r\n\r\n" },
	{ "Authentication-Results:\r\n\r\n",
	  "\r\n" },
	/* the body is nobody's business */
	{ "A: 1\r\n\r\nAuthentication-Results: mx.here.example; none\r\n\r\n",
	  "A: 1\r\n\r\nAuthentication-Results: mx.here.example; none\r\n\r\n" },
	{ "Authentication-Results: mx.here.example; none\r\n",
	  "" },
	{ "", "" },
};
/* clang-format on */

static void pass(struct view in, size_t piece, struct buf *out)
{
	struct incoming i;

	incoming_init(&i, VIEW("mx.here.example"));
	for (size_t at = 0; at < in.len; at += piece)
		incoming_feed(&i, view_sub(in, at, piece), out);
	incoming_finish(&i, out);
	incoming_deinit(&i);
}

/* Whole, and in pieces of every length. */
static void M14_what_says_it_is_ours_is_taken_out(void **state)
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
		cmocka_unit_test(M14_what_says_it_is_ours_is_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

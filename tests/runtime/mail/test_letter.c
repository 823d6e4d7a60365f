#include "runtime/mail/header.h"
#include "runtime/mail/letter.h"
#include "tests/lib/test.h"

#define NOW ((walltime)1795505623)

static struct letter letter_of(const char *subject, const char *text)
{
	static struct view anna;

	anna = VIEW("anna@elsewhere.example");
	return (struct letter){ .host = VIEW("mail.here.example"),
		.from = VIEW("postmaster@here.example"),
		.to = &anna,
		.to_count = 1,
		.subject = view_z(subject),
		.text = view_z(text),
		.unique = VIEW("0123abcd"),
		.now = NOW };
}

static void plain_text_stays_readable(void **state)
{
	const struct letter letter = letter_of("Trouble: user/anna", "One.\nTwo.\n");
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);

	(void)state;
	letter_write(&out, &letter);
	assert_view(buf_view(&out), "Date: Tue, 24 Nov 2026 07:33:43 +0000\r\n"
				    "From: posthus <postmaster@here.example>\r\n"
				    "To: <anna@elsewhere.example>\r\n"
				    "Message-ID: <0123abcd@mail.here.example>\r\n"
				    "Subject: Trouble: user/anna\r\n"
				    "Auto-Submitted: auto-generated\r\n"
				    "MIME-Version: 1.0\r\n"
				    "Content-Type: text/plain; charset=us-ascii\r\n"
				    "Content-Transfer-Encoding: 7bit\r\n"
				    "\r\n"
				    "One.\r\nTwo.\r\n");
}

static void other_text_is_base64_in_short_lines(void **state)
{
	const struct letter letter = letter_of("x", "Schöne Grüße, und zwar von "
						    "diesem und allen anderen Leuten\n");
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);

	(void)state;
	letter_write(&out, &letter);
	assert_true(view_ends(buf_view(&out),
			VIEW("Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Transfer-Encoding: base64\r\n"
			     "\r\n"
			     "U2Now7ZuZSBHcsO8w59lLCB1bmQgendhciB2b24gZGllc2VtIH"
			     "VuZCBhbGxlbiBhbmRlcmVuIExl\r\n"
			     "dXRlbg0K\r\n")));
}

static void a_long_line_is_not_sent_as_it_is(void **state)
{
	char line[1200];
	struct letter letter = letter_of("x", "");
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);
	struct view rest;

	(void)state;
	memset(line, 'x', sizeof(line));
	letter.text = view_of(line, sizeof(line));
	letter_write(&out, &letter);
	rest = buf_view(&out);
	while (rest.len)
		assert_true(view_cut(&rest, '\n').len < 80);
}

static void a_subject_begins_no_field(void **state)
{
	const struct letter letter =
			letter_of("a\r\nBcc: <eve@evil.example>\n\xc3\xb6", "x\n");
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);
	struct header_field field;

	(void)state;
	letter_write(&out, &letter);
	assert_false(header_find(buf_view(&out), VIEW("Bcc"), &field));
	assert_true(header_find(buf_view(&out), VIEW("Subject"), &field));
	assert_view(view_trim(field.value), "a??Bcc: <eve@evil.example>???");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays_readable),
		cmocka_unit_test(other_text_is_base64_in_short_lines),
		cmocka_unit_test(a_long_line_is_not_sent_as_it_is),
		cmocka_unit_test(a_subject_begins_no_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

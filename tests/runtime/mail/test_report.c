#include "runtime/mail/header.h"
#include "runtime/mail/message.h"
#include "runtime/mail/report.h"
#include "tests/lib/test.h"

#define NOW ((walltime)1795505623)

static struct report_recipient ana_failed(void)
{
	return (struct report_recipient){ .action = REPORT_FAILED,
		.address = VIEW("ana@a.example"),
		.orcpt = VIEW("rfc822;Ana+2Bx@a.example"),
		.status = VIEW("5.1.1"),
		.host = VIEW("mx.a.example"),
		.code = 550,
		.text = VIEW("No such user"),
		.last_attempt = NOW - 60 };
}

static struct report report_of(const struct report_recipient *recipients, size_t count)
{
	return (struct report){ .host = VIEW("mail.here.example"),
		.to = VIEW("eva@here.example"),
		.unique = VIEW("0123abcd"),
		.now = NOW,
		.arrived = NOW - 120,
		.envid = VIEW("QQ+2B1"),
		.header = VIEW("Message-ID: <1@here.example>\r\nSubject: Lunch?\r\n"),
		.recipients = recipients,
		.recipient_count = count };
}

static void write(const struct report *report, struct buf *out)
{
	report_begin(out, report);
	buf_add(out, report->header);
	report_end(out, report);
	assert_false(buf_failed(out));
}

static void a_failure(void **state)
{
	const struct report_recipient ana = ana_failed();
	struct report report = report_of(&ana, 1);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);

	(void)state;
	write(&report, &out);
	assert_view(buf_view(&out),
			"Date: Tue, 24 Nov 2026 07:33:43 +0000\r\n"
			"From: Mail Delivery System <mailer-daemon@mail.here.example>\r\n"
			"To: <eva@here.example>\r\n"
			"Message-ID: <0123abcd@mail.here.example>\r\n"
			"Subject: Not delivered: Lunch?\r\n"
			"In-Reply-To: <1@here.example>\r\n"
			"References: <1@here.example>\r\n"
			"Auto-Submitted: auto-replied\r\n"
			"MIME-Version: 1.0\r\n"
			"Content-Type: multipart/report; report-type=delivery-status;\r\n"
			"\tboundary=\"=_0123abcd\"\r\n"
			"\r\n"
			"--=_0123abcd\r\n"
			"Content-Type: text/plain; charset=us-ascii\r\n"
			"\r\n"
			"This is the mail server mail.here.example.\r\n"
			"\r\n"
			"Your message could not be delivered to:\r\n"
			"\r\n"
			"  ana@a.example\r\n"
			"      There is no such mailbox. Look at the part before the @ "
			"for a "
			"mistake.\r\n"
			"      The host mx.a.example said: 550 No such user\r\n"
			"\r\n"
			"It is not tried again. The header of the message is below.\r\n"
			"\r\n"
			"--=_0123abcd\r\n"
			"Content-Type: message/delivery-status\r\n"
			"\r\n"
			"Original-Envelope-Id: QQ+1\r\n"
			"Reporting-MTA: dns; mail.here.example\r\n"
			"Arrival-Date: Tue, 24 Nov 2026 07:31:43 +0000\r\n"
			"\r\n"
			"Original-Recipient: rfc822; Ana+x@a.example\r\n"
			"Final-Recipient: rfc822; ana@a.example\r\n"
			"Action: failed\r\n"
			"Status: 5.1.1\r\n"
			"Remote-MTA: dns; mx.a.example\r\n"
			"Diagnostic-Code: smtp; 550 No such user\r\n"
			"Last-Attempt-Date: Tue, 24 Nov 2026 07:32:43 +0000\r\n"
			"\r\n"
			"--=_0123abcd\r\n"
			"Content-Type: text/rfc822-headers\r\n"
			"\r\n"
			"Message-ID: <1@here.example>\r\n"
			"Subject: Lunch?\r\n"
			"\r\n"
			"--=_0123abcd--\r\n");
}

static bool holds(const struct buf *out, const char *text)
{
	return view_find_view(buf_view(out), view_z(text)) < out->len;
}

static void a_delay_says_until_when(void **state)
{
	const struct report_recipient slow = { .action = REPORT_DELAYED,
		.address = VIEW("ben@b.example"),
		.status = VIEW("4.4.1"),
		.text = VIEW("connection refused"),
		.until = NOW + 4 * 86400 };
	struct report report = report_of(&slow, 1);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);

	(void)state;
	write(&report, &out);
	assert_true(holds(&out, "Subject: Not delivered yet: Lunch?"));
	assert_true(holds(&out, "You need not do anything"));
	assert_true(holds(&out, "Will-Retry-Until: Sat, 28 Nov 2026 07:33:43 +0000"));
	assert_true(holds(&out, "Diagnostic-Code: x-posthus; connection refused"));
	assert_false(holds(&out, "Remote-MTA"));
}

static void the_worst_comes_first(void **state)
{
	const struct report_recipient several[] = {
		{ .action = REPORT_RELAYED,
				.address = VIEW("cy@c.example"),
				.status = VIEW("2.0.0") },
		ana_failed(),
	};
	struct report report = report_of(several, 2);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);

	(void)state;
	write(&report, &out);
	assert_true(holds(&out, "Subject: Not delivered: Lunch?"));
	assert_true(view_find_view(buf_view(&out), VIEW("could not be delivered to")) <
			view_find_view(buf_view(&out), VIEW("was passed on")));
	assert_true(holds(&out, "Action: relayed\r\nStatus: 2.0.0"));
	assert_true(holds(&out, "Action: failed"));
}

/* What a stranger said is text, never a line of ours. */
static void S33_nothing_a_host_said_begins_a_field(void **state)
{
	struct report_recipient bad = ana_failed();
	struct report report = report_of(&bad, 1);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);
	char endless[20000];

	(void)state;
	bad.text = VIEW("no\r\nAction: delivered\r\n--=_0123abcd--\r\n\0\xff");
	write(&report, &out);
	assert_false(holds(&out, "\nAction: delivered"));
	assert_int_equal(view_find_view(buf_view(&out), VIEW("\n--=_0123abcd--")),
			out.len - strlen("\n--=_0123abcd--\r\n"));
	assert_false(holds(&out, "\xff"));
	buf_clear(&out);
	memset(endless, 'x', sizeof(endless));
	bad.text = view_of(endless, sizeof(endless));
	write(&report, &out);
	for (size_t at = 0, line = 0; at < out.len; at++) {
		line = out.data[at] == '\n' ? 0 : line + 1;
		assert_true(line <= 998);
	}
}

static void a_hostile_subject_stays_one(void **state)
{
	const struct report_recipient ana = ana_failed();
	struct report report = report_of(&ana, 1);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);
	struct header_field field;

	(void)state;
	report.header = VIEW("Subject: a\r\n b\xffX\x01\r\nMessage-ID: none\r\n");
	write(&report, &out);
	assert_true(header_find(buf_view(&out), VIEW("Subject"), &field));
	assert_view(field.value, " Not delivered: a b?X?");
	assert_false(header_find(buf_view(&out), VIEW("References"), &field));
	buf_clear(&out);
	report.header = VIEW_NULL;
	write(&report, &out);
	assert_true(header_find(buf_view(&out), VIEW("Subject"), &field));
	assert_view(field.value, " Not delivered");
}

/* RFC 6533: who asked for SMTPUTF8 reads UTF-8. */
static void wide_addresses_stay(void **state)
{
	struct report_recipient joerg = ana_failed();
	struct report report = report_of(&joerg, 1);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);

	(void)state;
	joerg.address = VIEW("j\xc3\xb6rg@a.example");
	report.wide = true;
	write(&report, &out);
	assert_true(holds(&out, "Content-Type: message/global-delivery-status\r\n"));
	assert_true(holds(&out, "Final-Recipient: utf-8; j\xc3\xb6rg@a.example\r\n"));
	assert_true(holds(&out, "Content-Type: message/global-headers\r\n"));
}

static void it_reads_as_a_report(void **state)
{
	const struct report_recipient ana = ana_failed();
	struct report report = report_of(&ana, 1);
	CLEANUP(buf_free) struct buf out = BUF_NULL(100000);
	struct message_parser *parser = message_parser_new();
	const struct message *m;

	(void)state;
	report.whole = true;
	write(&report, &out);
	message_parser_feed(parser, buf_view(&out));
	m = message_parser_finish(parser);
	assert_non_null(m);
	assert_true(m->part_count >= 4);
	message_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure),
		cmocka_unit_test(a_delay_says_until_when),
		cmocka_unit_test(the_worst_comes_first),
		cmocka_unit_test(S33_nothing_a_host_said_begins_a_field),
		cmocka_unit_test(a_hostile_subject_stays_one),
		cmocka_unit_test(wide_addresses_stay),
		cmocka_unit_test(it_reads_as_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

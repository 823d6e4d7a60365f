#include "runtime/mail/report.h"

#include "runtime/base/error.h"
#include "runtime/mail/date.h"
#include "runtime/mail/encoded_word.h"
#include "runtime/mail/header.h"
#include "runtime/mail/status.h"

enum {
	TEXT_MAX = 900, /* octets of a reply in a field of its own: a line has 998 */
};

static bool tells(const struct report *report, enum report_action action)
{
	for (size_t i = 0; i < report->recipient_count; i++)
		if (report->recipients[i].action == action)
			return true;
	return false;
}

static enum report_action main_action(const struct report *report)
{
	for (int action = REPORT_FAILED; action < REPORT_DELIVERED; action++)
		if (tells(report, (enum report_action)action))
			return (enum report_action)action;
	return REPORT_DELIVERED;
}

/* Octets that could end a line, and what is not ASCII where that may not stand. */
static void add_clean(struct buf *out, struct view text, bool wide)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		buf_add_byte(out, c < ' ' || c == 127 || (c > 127 && !wide)
						  ? '?'
						  : text.data[i]);
	}
}

static void add_date(struct buf *out, walltime time)
{
	date_print(out, (struct date){ time, 0 });
}

/* -- the header -- */

static const char *subject_of(enum report_action action)
{
	switch (action) {
	case REPORT_FAILED:
		return "Not delivered";
	case REPORT_DELAYED:
		return "Not delivered yet";
	case REPORT_RELAYED:
		return "Passed on";
	case REPORT_DELIVERED:
		break;
	}
	return "Delivered";
}

/* The subject of the message in ours, as it was written: whoever can read the one reads the
 * other. */
static void add_subject(struct buf *out, const struct report *report)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf value = BUF_NULL(2000);
	struct header_field field;

	buf_add_z(&value, subject_of(main_action(report)));
	if (header_find(report->header, VIEW("Subject"), &field)) {
		struct view text = header_unfold(arena, field.value);

		buf_add_z(&value, ": ");
		add_clean(&value, view_sub(text, 0, TEXT_MAX), report->wide);
	}
	if (header_write(out, VIEW("Subject"), buf_view(&value)))
		die("a subject of ours cannot be written");
}

static void add_reference(struct buf *out, const struct report *report)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct header_field field;
	struct view id;

	if (!header_find(report->header, VIEW("Message-ID"), &field))
		return;
	id = header_unfold(arena, field.value);
	if (id.len == 0 || id.len > TEXT_MAX || id.data[0] != '<')
		return;
	buf_add_z(out, "In-Reply-To: ");
	add_clean(out, id, report->wide);
	buf_add_z(out, "\r\nReferences: ");
	add_clean(out, id, report->wide);
	buf_add_z(out, "\r\n");
}

static void add_header(struct buf *out, const struct report *report)
{
	buf_add_z(out, "Date: ");
	add_date(out, report->now);
	buf_addf(out, "\r\nFrom: Mail Delivery System <mailer-daemon@%.*s>\r\nTo: <",
			VIEW_ARG(report->host));
	add_clean(out, report->to, report->wide);
	buf_addf(out, ">\r\nMessage-ID: <%.*s@%.*s>\r\n", VIEW_ARG(report->unique),
			VIEW_ARG(report->host));
	add_subject(out, report);
	add_reference(out, report);
	buf_addf(out,
			"Auto-Submitted: auto-replied\r\n"
			"MIME-Version: 1.0\r\n"
			"Content-Type: multipart/report; report-type=delivery-status;\r\n"
			"\tboundary=\"=_%.*s\"\r\n"
			"\r\n",
			VIEW_ARG(report->unique));
}

static void begin_part(struct buf *out, const struct report *report, const char *type)
{
	buf_addf(out, "--=_%.*s\r\nContent-Type: %s\r\n", VIEW_ARG(report->unique), type);
	if (report->wide)
		buf_add_z(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_add_z(out, "\r\n");
}

/* -- for people -- */

static const char *introduction(const struct report *report, enum report_action action)
{
	switch (action) {
	case REPORT_FAILED:
		if (report->sent_on)
			return "A message to you was to be sent on, and could not be "
			       "delivered to:";
		return "Your message could not be delivered to:";
	case REPORT_DELAYED:
		return "Your message could not be delivered yet to:";
	case REPORT_RELAYED:
		return "Your message was passed on to another host, which makes no "
		       "reports "
		       "of\r\nits own, for:";
	case REPORT_DELIVERED:
		break;
	}
	return "Your message was delivered to:";
}

static void add_reason(struct buf *out, const struct report *report,
		const struct report_recipient *r)
{
	buf_addf(out, "      %s\r\n", status_in_words(r->status, r->code));
	if (r->text.len == 0)
		return;
	buf_add_z(out, "      ");
	if (r->host.len)
		buf_addf(out, "The host %.*s said: ", VIEW_ARG(r->host));
	if (r->code)
		buf_addf(out, "%u ", r->code);
	add_clean(out, view_sub(r->text, 0, TEXT_MAX), report->wide);
	buf_add_z(out, "\r\n");
}

static void add_group(
		struct buf *out, const struct report *report, enum report_action action)
{
	walltime until = 0;

	if (!tells(report, action))
		return;
	buf_addf(out, "%s\r\n\r\n", introduction(report, action));
	for (size_t i = 0; i < report->recipient_count; i++) {
		const struct report_recipient *r = &report->recipients[i];

		if (r->action != action)
			continue;
		buf_add_z(out, "  ");
		add_clean(out, r->address, report->wide);
		buf_add_z(out, "\r\n");
		if (action == REPORT_FAILED || action == REPORT_DELAYED)
			add_reason(out, report, r);
		if (r->until > until)
			until = r->until;
	}
	if (action == REPORT_FAILED) {
		buf_addf(out, "\r\nIt is not tried again. %s.\r\n\r\n",
				report->whole ? "The message comes back to you below"
					      : "The header of the message is below");
	} else if (action == REPORT_DELAYED) {
		buf_add_z(out, "\r\nYou need not do anything: it is tried again until ");
		add_date(out, until);
		buf_add_z(out, ",\r\nand you hear of it if that fails.\r\n\r\n");
	} else {
		buf_add_z(out, "\r\n");
	}
}

static void add_text(struct buf *out, const struct report *report)
{
	begin_part(out, report,
			report->wide ? "text/plain; charset=utf-8"
				     : "text/plain; charset=us-ascii");
	buf_addf(out, "This is the mail server %.*s.\r\n\r\n", VIEW_ARG(report->host));
	for (int action = REPORT_FAILED; action <= REPORT_DELIVERED; action++)
		add_group(out, report, (enum report_action)action);
}

/* -- for programs -- */

static const char *action_name(enum report_action action)
{
	static const char *const names[] = {
		[REPORT_FAILED] = "failed",
		[REPORT_DELAYED] = "delayed",
		[REPORT_RELAYED] = "relayed",
		[REPORT_DELIVERED] = "delivered",
	};

	return names[action];
}

static int hex_value(char c)
{
	return byte_is_digit(c) ? c - '0' : c - 'A' + 10;
}

/* It was checked as it came (mail/dsn.h). */
static void add_xtext(struct buf *out, struct view text, bool wide)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '+' && i + 2 < text.len) {
			c = (char)(16 * hex_value(text.data[i + 1]) +
					hex_value(text.data[i + 2]));
			i += 2;
		}
		add_clean(out, view_of(&c, 1), wide);
	}
}

static const char *address_type(const struct report *report, struct view address)
{
	for (size_t i = 0; report->wide && i < address.len; i++)
		if ((unsigned char)address.data[i] > 127)
			return "utf-8";
	return "rfc822";
}

static void add_diagnostic(struct buf *out, const struct report *report,
		const struct report_recipient *r)
{
	if (r->host.len)
		buf_addf(out, "Remote-MTA: dns; %.*s\r\n", VIEW_ARG(r->host));
	if (r->text.len) {
		buf_addf(out, "Diagnostic-Code: %s; ", r->code ? "smtp" : "x-posthus");
		if (r->code)
			buf_addf(out, "%u ", r->code);
		add_clean(out, view_sub(r->text, 0, TEXT_MAX), report->wide);
		buf_add_z(out, "\r\n");
	}
	if (r->last_attempt) {
		buf_add_z(out, "Last-Attempt-Date: ");
		add_date(out, r->last_attempt);
		buf_add_z(out, "\r\n");
	}
	if (r->action == REPORT_DELAYED) {
		buf_add_z(out, "Will-Retry-Until: ");
		add_date(out, r->until);
		buf_add_z(out, "\r\n");
	}
}

static void add_recipient(struct buf *out, const struct report *report,
		const struct report_recipient *r)
{
	buf_add_z(out, "\r\n");
	if (r->orcpt.len) {
		struct view address = r->orcpt, type = view_cut(&address, ';');

		buf_addf(out, "Original-Recipient: %.*s; ", VIEW_ARG(type));
		add_xtext(out, address, report->wide);
		buf_add_z(out, "\r\n");
	}
	buf_addf(out, "Final-Recipient: %s; ", address_type(report, r->address));
	add_clean(out, r->address, report->wide);
	buf_addf(out, "\r\nAction: %s\r\nStatus: %.*s\r\n", action_name(r->action),
			VIEW_ARG(r->status));
	add_diagnostic(out, report, r);
}

static void add_status(struct buf *out, const struct report *report)
{
	begin_part(out, report,
			report->wide ? "message/global-delivery-status"
				     : "message/delivery-status");
	if (report->envid.len) {
		buf_add_z(out, "Original-Envelope-Id: ");
		add_xtext(out, report->envid, false);
		buf_add_z(out, "\r\n");
	}
	buf_addf(out, "Reporting-MTA: dns; %.*s\r\nArrival-Date: ",
			VIEW_ARG(report->host));
	add_date(out, report->arrived);
	buf_add_z(out, "\r\n");
	for (size_t i = 0; i < report->recipient_count; i++)
		add_recipient(out, report, &report->recipients[i]);
	buf_add_z(out, "\r\n");
}

/* -- the whole -- */

static const char *last_type(const struct report *report)
{
	if (report->whole)
		return report->wide ? "message/global" : "message/rfc822";
	return report->wide ? "message/global-headers" : "text/rfc822-headers";
}

void report_begin(struct buf *out, const struct report *report)
{
	add_header(out, report);
	add_text(out, report);
	add_status(out, report);
	begin_part(out, report, last_type(report));
}

void report_end(struct buf *out, const struct report *report)
{
	buf_addf(out, "\r\n--=_%.*s--\r\n", VIEW_ARG(report->unique));
}

#include "runtime/mail/letter.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/mail/date.h"
#include "runtime/mail/header.h"

enum {
	LINE_MAX_PLAIN = 200,
	LINE_BYTES = 57, /* that base64 makes 76 letters of (RFC 2045, 6.8) */
};

static bool is_plain(struct view text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		column = c == '\n' ? 0 : column + 1;
		if (c > '~' || (c < ' ' && c != '\n' && c != '\t') ||
				column > LINE_MAX_PLAIN)
			return false;
	}
	return true;
}

static void add_lines(struct buf *out, struct view text)
{
	while (text.len) {
		struct view line = view_cut(&text, '\n');

		buf_add(out, line);
		buf_add_z(out, "\r\n");
	}
}

static void add_base64(struct buf *out, struct view text)
{
	CLEANUP(buf_free) struct buf lines = BUF_NULL(2 * text.len + 2);

	add_lines(&lines, text);
	for (size_t at = 0; at < lines.len; at += LINE_BYTES) {
		base64_add(out, view_sub(buf_view(&lines), at, LINE_BYTES));
		buf_add_z(out, "\r\n");
	}
}

static void add_field(struct buf *out, struct view name, struct view value)
{
	if (header_write(out, name, value))
		die("a header field of ours cannot be written");
}

static void add_recipients(struct buf *out, const struct letter *letter)
{
	CLEANUP(buf_free) struct buf list = BUF_NULL(SIZE_MAX);

	for (size_t i = 0; i < letter->to_count; i++)
		buf_addf(&list, "%s<%.*s>", i ? ", " : "", VIEW_ARG(letter->to[i]));
	add_field(out, VIEW("To"), buf_view(&list));
}

static void add_subject(struct buf *out, struct view subject)
{
	CLEANUP(buf_free) struct buf clean = BUF_NULL(subject.len + 1);

	for (size_t i = 0; i < subject.len; i++)
		buf_add_byte(&clean, subject.data[i] < ' ' || subject.data[i] > '~'
						     ? '?'
						     : subject.data[i]);
	add_field(out, VIEW("Subject"), buf_view(&clean));
}

void letter_write(struct buf *out, const struct letter *letter)
{
	bool plain = is_plain(letter->text);

	buf_add_z(out, "Date: ");
	date_print(out, (struct date){ letter->now, 0 });
	buf_addf(out, "\r\nFrom: posthus <%.*s>\r\n", VIEW_ARG(letter->from));
	add_recipients(out, letter);
	buf_addf(out, "Message-ID: <%.*s@%.*s>\r\n", VIEW_ARG(letter->unique),
			VIEW_ARG(letter->host));
	add_subject(out, letter->subject);
	buf_addf(out,
			"Auto-Submitted: auto-generated\r\n"
			"MIME-Version: 1.0\r\n"
			"Content-Type: text/plain; charset=%s\r\n"
			"Content-Transfer-Encoding: %s\r\n"
			"\r\n",
			plain ? "us-ascii" : "utf-8", plain ? "7bit" : "base64");
	if (plain)
		add_lines(out, letter->text);
	else
		add_base64(out, letter->text);
}

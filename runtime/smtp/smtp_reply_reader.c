#include "runtime/smtp/smtp_reply_reader.h"

#include "runtime/base/limit.h"

void smtp_reply_reader_init(struct smtp_reply_reader *r)
{
	*r = (struct smtp_reply_reader){
		.line = BUF_NULL(limit_value(LIMIT_SMTP_CLIENT_REPLY_LINE) -
				 1), /* its LF */
		.text = BUF_NULL(limit_value(LIMIT_SMTP_CLIENT_REPLY_TEXT)),
	};
}

void smtp_reply_reader_deinit(struct smtp_reply_reader *r)
{
	buf_free(&r->line);
	buf_free(&r->text);
}

void smtp_reply_forget(struct smtp_reply_reader *r)
{
	buf_clear(&r->line);
	buf_clear(&r->text);
	r->at = SMTP_REPLY_UNDER_WAY;
	r->code = r->lines = 0;
	r->status[0] = '\0';
	r->fault = NULL;
}

static void fail(struct smtp_reply_reader *r, const char *fault)
{
	r->at = SMTP_REPLY_FAULT;
	r->fault = fault;
}

/* RFC 5321, 4.2: three digits. The second one is free here: some servers write their status
 * there ("571"). */
static unsigned read_code(struct view line)
{
	uint64_t code;

	if (line.len < 3 || !view_to_u64(view_sub(line, 0, 3), &code) || code < 200 ||
			code > 599)
		return 0;
	return (unsigned)code;
}

static size_t digits_at(struct view text, size_t at)
{
	size_t count = 0;

	while (at + count < text.len && byte_is_digit(text.data[at + count]))
		count++;
	return count;
}

/* The octets of a status code of this class at the start of `text` (RFC 3463, 2); 0: there
 * is none. */
static size_t status_length(struct view text, unsigned class)
{
	size_t subject, detail, end;

	if (text.len < 5 || text.data[0] != (char)('0' + class) || text.data[1] != '.')
		return 0;
	subject = digits_at(text, 2);
	if (subject < 1 || subject > 3 || 2 + subject == text.len ||
			text.data[2 + subject] != '.')
		return 0;
	detail = digits_at(text, 3 + subject);
	end = 3 + subject + detail;
	if (detail < 1 || detail > 3 || (end < text.len && text.data[end] != ' '))
		return 0;
	return end;
}

static struct view take_status(struct smtp_reply_reader *r, struct view text)
{
	size_t len = status_length(text, r->code / 100);

	if (len == 0)
		return text;
	if (r->status[0] == '\0') {
		memcpy(r->status, text.data, len);
		r->status[len] = '\0';
	}
	text = view_from(text, len);
	return text.len ? view_from(text, 1) : text;
}

static void keep_text(struct smtp_reply_reader *r, struct view text)
{
	if (r->lines > 1 && r->text.len < r->text.max)
		buf_add_byte(&r->text, '\n');
	text = view_sub(text, 0, r->text.max - r->text.len);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i] == '\t' ? ' ' : text.data[i];

		buf_add_byte(&r->text, c >= ' ' && c <= '~' ? c : '?');
	}
}

/* One line, without its end. */
static void read_line(struct smtp_reply_reader *r, struct view line)
{
	unsigned code = read_code(line);
	char behind = line.len > 3 ? line.data[3] : ' ';

	if (code == 0 || (behind != ' ' && behind != '-')) {
		fail(r, "it does not begin with a reply code");
		return;
	}
	if (r->lines && code != r->code) {
		fail(r, "its lines have different codes");
		return;
	}
	if (++r->lines > limit_value(LIMIT_SMTP_CLIENT_REPLY_LINES)) {
		fail(r, limit_reply(LIMIT_SMTP_CLIENT_REPLY_LINES));
		return;
	}
	r->code = code;
	keep_text(r, take_status(r, view_from(line, 4)));
	if (behind == ' ')
		r->at = SMTP_REPLY_WHOLE;
}

size_t smtp_reply_read(struct smtp_reply_reader *r, struct view bytes)
{
	size_t taken = 0;

	if (r->at == SMTP_REPLY_WHOLE)
		smtp_reply_forget(r);
	while (r->at == SMTP_REPLY_UNDER_WAY && taken < bytes.len) {
		struct view rest = view_from(bytes, taken);
		size_t end = view_find(rest, '\n');
		struct view line;

		buf_add(&r->line, view_sub(rest, 0, end));
		if (buf_failed(&r->line)) {
			fail(r, limit_reply(LIMIT_SMTP_CLIENT_REPLY_LINE));
			break;
		}
		if (end == rest.len)
			return bytes.len;
		taken += end + 1;
		line = buf_view(&r->line);
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		read_line(r, line);
		buf_clear(&r->line);
	}
	return taken;
}

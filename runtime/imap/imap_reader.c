#include "runtime/imap/imap_reader.h"

#include "runtime/base/limit.h"

#include <assert.h>

/* A buf that was used for small commands stays for the next; larger ones go. */
enum {
	KEPT_CAPACITY = 1024
};

static void begin_command(struct imap_reader *r)
{
	if (r->text.capacity > KEPT_CAPACITY)
		buf_wipe(&r->text);
	buf_clear(&r->text);
	r->line_start = 0;
	r->state = IMAP_READING_LINE;
}

void imap_reader_init(struct imap_reader *r)
{
	*r = (struct imap_reader){
		.line_max = limit_value(LIMIT_IMAP_COMMAND_BEFORE_LOGIN),
		.text_max = limit_value(LIMIT_IMAP_COMMAND_BEFORE_LOGIN),
	};
	r->text = BUF_NULL(r->text_max);
}

void imap_reader_deinit(struct imap_reader *r)
{
	buf_wipe(&r->text);
}

void imap_reader_trust(struct imap_reader *r)
{
	r->line_max = limit_value(LIMIT_IMAP_LINE);
	r->text_max = limit_value(LIMIT_IMAP_COMMAND);
	r->text.max = r->text_max;
}

/* What the end of a line announces. */
enum announced {
	NO_LITERAL,
	A_LITERAL,
	NOT_A_NUMBER, /* of a non-synchronising literal */
};

/* Reads "{n}" or "{n+}", with "~" before it or without, at the end of the line. A size that is no number is left to the
 * parser, which finds the brace; but where the octets come unasked it is the end. */
static enum announced read_announcement(struct imap_reader *r, struct view line)
{
	size_t open = view_find_last(line, '{');
	struct view number;
	bool nonsync;

	if (!view_ends(line, VIEW("}")) || open == line.len)
		return NO_LITERAL;
	number = view_sub(line, open + 1, line.len - open - 2);
	nonsync = view_ends(number, VIEW("+"));
	if (nonsync)
		number.len--;
	if (!view_to_u64(number, &r->left) || r->left > UINT32_MAX)
		return nonsync ? NOT_A_NUMBER : NO_LITERAL;
	r->nonsync = nonsync;
	r->binary = view_ends(view_sub(line, 0, open), VIEW(" ~"));
	r->announced = r->line_start + open - r->binary;
	return A_LITERAL;
}

static enum imap_reader_event end_line(struct imap_reader *r)
{
	struct view line = view_from(buf_view(&r->text), r->line_start);

	if (!view_ends(line, VIEW("\r\n"))) {
		begin_command(r);
		return IMAP_READER_BARE_LF;
	}
	line.len -= 2;
	switch (read_announcement(r, line)) {
	case A_LITERAL:
		return IMAP_READER_LITERAL;
	case NOT_A_NUMBER:
		return IMAP_READER_BAD_LITERAL;
	case NO_LITERAL:
		break;
	}
	buf_truncate(&r->text, r->text.len - 2);
	return IMAP_READER_LINE;
}

static size_t read_line(
		struct imap_reader *r, struct view bytes, enum imap_reader_event *event)
{
	size_t end = view_find(bytes, '\n');
	size_t len = end < bytes.len ? end + 1 : bytes.len;

	if (r->text.len - r->line_start + len > r->line_max ||
			r->text.len + len > r->text_max) {
		*event = IMAP_READER_TOO_BIG;
		return len;
	}
	buf_add(&r->text, view_sub(bytes, 0, len));
	*event = end < bytes.len ? end_line(r) : IMAP_READER_MORE;
	return len;
}

static size_t read_octets(struct imap_reader *r, struct view bytes, size_t stream_max,
		enum imap_reader_event *event)
{
	size_t len = bytes.len < r->left ? bytes.len : (size_t)r->left;

	*event = IMAP_READER_MORE;
	if (r->state == IMAP_READING_LITERAL) {
		buf_add(&r->text, view_sub(bytes, 0, len));
		r->line_start = r->text.len;
	} else if (r->left == 0) {
		*event = IMAP_READER_END;
	} else {
		len = len < stream_max ? len : stream_max;
		r->octets = view_sub(bytes, 0, len);
		*event = IMAP_READER_OCTETS;
	}
	r->left -= len;
	if (r->left == 0 && *event != IMAP_READER_OCTETS)
		r->state = IMAP_READING_LINE;
	return len;
}

size_t imap_reader_feed(struct imap_reader *r, struct view bytes, size_t stream_max,
		enum imap_reader_event *event)
{
	if (r->state == IMAP_READING_LINE)
		return read_line(r, bytes, event);
	return read_octets(r, bytes, stream_max, event);
}

bool imap_reader_accept(struct imap_reader *r)
{
	if (r->text.len + r->left > r->text_max)
		return false;
	r->state = IMAP_READING_LITERAL;
	r->line_start = r->text.len;
	if (r->left == 0)
		r->state = IMAP_READING_LINE;
	return true;
}

void imap_reader_stream(struct imap_reader *r)
{
	r->state = IMAP_READING_STREAM;
}

struct buf imap_reader_take(struct imap_reader *r)
{
	struct buf text = r->text;

	r->text = BUF_NULL(r->text_max);
	begin_command(r);
	return text;
}

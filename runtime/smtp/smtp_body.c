#include "runtime/smtp/smtp_body.h"

#include <assert.h>

static void fault_found(struct smtp_body *body, enum smtp_body_fault found)
{
	if (body->fault == BODY_SOUND)
		body->fault = found;
}

/* The bytes before the next one that means something. */
static size_t plain_run(struct view bytes)
{
	size_t len = view_find(bytes, '\r');

	len = view_find(view_sub(bytes, 0, len), '\n');
	return view_find(view_sub(bytes, 0, len), '\0');
}

/* One byte that is not behind a CR and begins no line. */
static void read_middle(struct smtp_body *body, char byte, struct buf *out)
{
	if (byte == '\r') {
		body->at = BODY_AT_CR; /* goes out with what follows it */
		return;
	}
	body->at = BODY_AT_MIDDLE;
	if (byte == '\n')
		fault_found(body, BODY_BARE_LF);
	if (byte == '\0')
		fault_found(body, BODY_NUL);
	buf_add_byte(out, byte);
}

static void read_behind_cr(struct smtp_body *body, char byte, struct buf *out)
{
	if (byte == '\n') {
		buf_add(out, VIEW("\r\n"));
		body->at = BODY_AT_START;
		return;
	}
	fault_found(body, BODY_BARE_CR);
	buf_add_byte(out, '\r');
	read_middle(body, byte, out);
}

static void read_byte(struct smtp_body *body, char byte, struct buf *out)
{
	switch (body->at) {
	case BODY_AT_START:
		if (byte == '.' && !body->counted)
			body->at = BODY_AT_DOT;
		else
			read_middle(body, byte, out);
		break;
	case BODY_AT_DOT:
		if (byte == '\r')
			body->at = BODY_AT_DOT_CR;
		else
			read_middle(body, byte, out);
		break;
	case BODY_AT_DOT_CR:
		if (byte == '\n')
			body->at = BODY_AT_END;
		else
			read_behind_cr(body, byte, out);
		break;
	case BODY_AT_MIDDLE:
		read_middle(body, byte, out);
		break;
	case BODY_AT_CR:
		read_behind_cr(body, byte, out);
		break;
	case BODY_AT_END:
		break;
	}
}

size_t smtp_body_read(struct smtp_body *body, struct view bytes, struct buf *out)
{
	size_t at = 0;

	while (at < bytes.len && body->at != BODY_AT_END) {
		if (body->at == BODY_AT_MIDDLE) {
			size_t run = plain_run(view_from(bytes, at));

			buf_add(out, view_sub(bytes, at, run));
			at += run;
		}
		if (at < bytes.len)
			read_byte(body, bytes.data[at++], out);
	}
	assert(!buf_failed(out));
	return at;
}

void smtp_body_end(struct smtp_body *body, struct buf *out)
{
	if (body->at == BODY_AT_CR)
		fault_found(body, BODY_BARE_CR);
	else if (body->at == BODY_AT_MIDDLE)
		buf_add(out, VIEW("\r\n"));
	body->at = BODY_AT_END;
}

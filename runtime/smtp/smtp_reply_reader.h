/* What a server says (RFC 5321, 4.2): one reply, of one line or many, read as its bytes
 * come, with the status code that its text may begin with (RFC 2034).
 *
 * A line ends in LF, with or without its CR. Nothing of a reply is trusted: its lines are
 * limited in length and number, of its text 8 KiB are kept, and what is no printable ASCII
 * is kept as '?'. What is no reply is a fault, and the reader takes no more. */
#ifndef SMTP_SMTP_REPLY_READER_H
#define SMTP_SMTP_REPLY_READER_H

#include "runtime/base/buf.h"

enum smtp_reply_at {
	SMTP_REPLY_UNDER_WAY,
	SMTP_REPLY_WHOLE,
	SMTP_REPLY_FAULT,
};

enum {
	SMTP_STATUS_SIZE = 12 /* "5.123.123" and its NUL */
};

struct smtp_reply_reader {
	enum smtp_reply_at at;
	unsigned code;                 /* 200 to 599 */
	char status[SMTP_STATUS_SIZE]; /* of the same class; empty: none was given */
	struct buf text;   /* a line each, LF between two, without their codes */
	const char *fault; /* what is wrong with it, for people */
	struct buf line;
	unsigned lines;
};

void smtp_reply_reader_init(struct smtp_reply_reader *reader);
void smtp_reply_reader_deinit(struct smtp_reply_reader *reader);
/* Takes bytes up to the end of the reply; returns how many. The next call after a whole
 * reply begins a new one. */
MUST_USE size_t smtp_reply_read(struct smtp_reply_reader *reader, struct view bytes);
/* Forgets what it has. */
void smtp_reply_forget(struct smtp_reply_reader *reader);

#endif

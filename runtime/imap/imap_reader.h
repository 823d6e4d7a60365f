/* Collects commands from the bytes of a client: lines and the literals in them.
 *
 *   LINE ──CRLF──► a whole command        LITERAL: octets that join the command
 *     │ ▲                                 STREAM:  octets handed on as they come
 *     │ └── all octets in ──┐
 *     └──"{n}" CRLF──► the caller accepts or streams, or takes and refuses
 *
 * A line ends in CRLF (RFC 3501, 2.2); one that ends in a bare LF is told as such. What
 * the reader buffers is bounded by LIMIT_IMAP_LINE and LIMIT_IMAP_COMMAND, before login
 * by LIMIT_IMAP_COMMAND_BEFORE_LOGIN. */
#ifndef IMAP_READER_H
#define IMAP_READER_H

#include "runtime/base/buf.h"

enum imap_reader_event {
	IMAP_READER_MORE, /* all bytes are taken, nothing is whole yet */
	IMAP_READER_LINE, /* a whole command (or line) is in `text`, without its CRLF */
	IMAP_READER_LITERAL,     /* one is announced: `left` octets; the caller decides */
	IMAP_READER_OCTETS,      /* octets of a stream */
	IMAP_READER_END,         /* the stream is over; a line follows */
	IMAP_READER_BARE_LF,     /* a line that does not end in CRLF; it is dropped */
	IMAP_READER_TOO_BIG,     /* a line or a command passed its limit: no way on */
	IMAP_READER_BAD_LITERAL, /* a non-synchronising literal whose size is no number:
				    no way on */
};

struct imap_reader {
	enum {
		IMAP_READING_LINE,
		IMAP_READING_LITERAL,
		IMAP_READING_STREAM,
	} state;
	struct buf text;   /* the command so far */
	size_t line_start; /* where in `text` the present line begins */
	size_t announced; /* where in `text` the announced literal begins: at "{" or "~" */
	size_t line_max, text_max;
	uint64_t left;      /* octets of the literal */
	bool nonsync;       /* it comes without being asked for (RFC 7888) */
	bool binary;        /* it is one of "~{n}": NUL is allowed (RFC 3516) */
	struct view octets; /* IMAP_READER_OCTETS: a view into what was fed */
};

void imap_reader_init(struct imap_reader *r);
void imap_reader_deinit(struct imap_reader *r);
/* After login more may be buffered. */
void imap_reader_trust(struct imap_reader *r);

/* Takes bytes up to the next event and returns how many. At most `stream_max` octets of a
 * stream come at once. */
size_t imap_reader_feed(struct imap_reader *r, struct view bytes, size_t stream_max,
		enum imap_reader_event *event);

/* After IMAP_READER_LITERAL: its octets shall join the command. False where the command would pass its limit. */
MUST_USE bool imap_reader_accept(struct imap_reader *r);
/* After IMAP_READER_LITERAL and imap_reader_take: its octets shall be handed on. */
void imap_reader_stream(struct imap_reader *r);
/* What was read of the command, the caller's to free by buf_wipe; a new one begins. */
MUST_USE struct buf imap_reader_take(struct imap_reader *r);

#endif

/* Holds the header of a message that passes in pieces until its end has come, for whoever
 * edits it. */
#ifndef MAIL_HELD_HEADER_H
#define MAIL_HELD_HEADER_H

#include "runtime/base/buf.h"

struct held_header {
	struct buf bytes; /* and, for a moment, what came with its end */
	bool passed;
};

/* Of at most LIMIT_SMTP_HEADER octets: the server has refused what is longer. */
void held_header_init(struct held_header *held);
/* Harmless twice. */
void held_header_deinit(struct held_header *held);

/* Takes a piece. Once, true: the header is whole. `header` is all up to its empty line, `rest`
 * what follows, with that line; both until held_header_deinit. Lines end in CRLF. */
MUST_USE bool held_header_feed(struct held_header *held, struct view bytes,
		struct view *header, struct view *rest);
/* The message has ended: true where its header had no end, and is all there is. */
MUST_USE bool held_header_finish(struct held_header *held, struct view *header);

#endif

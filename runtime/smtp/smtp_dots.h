/* A message as DATA carries it (RFC 5321, 4.5.2): a dot before each line that begins with
 * one, and at the end a dot on a line of its own.
 *
 * Every CR, LF and CR LF of the message leaves as CR LF: what the other side takes for the
 * end of a line we have taken for one too, so no message can be seen to end early. */
#ifndef SMTP_SMTP_DOTS_H
#define SMTP_SMTP_DOTS_H

#include "runtime/base/buf.h"

struct smtp_dots {
	bool within; /* a line; else at its beginning */
	bool cr;     /* one has come, and what it ends is written; an LF belongs to it */
};

enum {
	SMTP_DOTS_TIMES = 2, /* bytes that come out of one that goes in, at most */
	SMTP_DOTS_END = 5    /* bytes of the end, at most */
};

/* Adds what the bytes become; `out` has room. */
void smtp_dots_add(struct smtp_dots *dots, struct view bytes, struct buf *out);
/* Adds the end. */
void smtp_dots_end(struct smtp_dots *dots, struct buf *out);

#endif

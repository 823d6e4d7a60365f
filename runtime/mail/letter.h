/* A letter of ours: what this server itself has to tell a person, in plain text. It is no
 * report on a message (report.h), and nothing answers it (RFC 3834, 5). */
#ifndef MAIL_LETTER_H
#define MAIL_LETTER_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

struct letter {
	struct view host;      /* ours: of the Message-ID */
	struct view from;      /* an address */
	const struct view *to; /* addresses */
	size_t to_count;
	struct view subject; /* one line; what is not printable ASCII becomes `?` */
	struct view text;    /* UTF-8; lines end by LF */
	struct view unique; /* of the Message-ID: letters and digits, the same for the same
				letter */
	walltime now;
};

/* Writes all of it, as it goes into the log. Where the text is ASCII with lines of a sane
 * length it stays readable as it is, else it is base64: so no host on the way has to take
 * 8-bit octets. Addresses with other than ASCII need SMTPUTF8. */
void letter_write(struct buf *out, const struct letter *letter);

#endif

/* What a submission server makes of a message's header before it goes on (RFC 6409, 8): it
 * adds a Date and a Message-ID where there is none (8.3, 8.2), and takes Bcc out, whose
 * whole sense is that nobody else reads it (RFC 5322, 3.6.3). All else goes through byte
 * for byte. The message passes in pieces; the header is held until its end. */
#ifndef MAIL_SUBMISSION_H
#define MAIL_SUBMISSION_H

#include "runtime/base/clock.h"
#include "runtime/mail/held_header.h"

struct submission {
	struct held_header held;
	struct view id; /* left of the @ of a Message-ID; borrowed */
	struct view host;
	walltime now;
};

/* `id` and `host` live as long as it does. */
void submission_init(
		struct submission *s, struct view id, struct view host, walltime now);
void submission_deinit(struct submission *s);

/* Adds to `out` what goes on, perhaps nothing yet; the header whole, with the first bytes.
 * Lines end in CRLF. */
void submission_feed(struct submission *s, struct view bytes, struct buf *out);
/* The message has ended: what was held goes on. */
void submission_finish(struct submission *s, struct buf *out);

#endif

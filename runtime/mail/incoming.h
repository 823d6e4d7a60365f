/* What a server at the border makes of the header of a message from outside before it keeps
 * it: it takes out Authentication-Results that say they are ours (RFC 8601, 5), which only we
 * may write. All else goes through byte for byte. The message passes in pieces; the header is
 * held until its end. */
#ifndef MAIL_INCOMING_H
#define MAIL_INCOMING_H

#include "runtime/mail/held_header.h"

struct incoming {
	struct held_header held;
	struct view id; /* our name in such fields; borrowed */
};

/* `id` lives as long as it does. */
void incoming_init(struct incoming *in, struct view id);
/* Harmless twice. */
void incoming_deinit(struct incoming *in);

/* Adds to `out` what goes on, perhaps nothing yet; the header whole, with the first bytes.
 * Lines end in CRLF. */
void incoming_feed(struct incoming *in, struct view bytes, struct buf *out);
/* The message has ended: what was held goes on. */
void incoming_finish(struct incoming *in, struct buf *out);

#endif

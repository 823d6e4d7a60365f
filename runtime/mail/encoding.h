/* Transfer encodings of bodies (RFC 2045, 6.7 and 6.8): streaming decoders that take what
 * people send, and never refuse. */
#ifndef MAIL_ENCODING_H
#define MAIL_ENCODING_H

#include "runtime/base/buf.h"
#include "runtime/mail/mime.h"

/* Bytes in any pieces in, decoded bytes out. Values only: nothing to free. */
struct decoder {
	enum transfer_encoding encoding;
	uint32_t bits; /* base64 */
	unsigned have;
	bool done;
	char held[80]; /* quoted-printable: an escape that is not whole, or blanks that
			  may end a line */
	size_t held_len;
};

void decoder_init(struct decoder *decoder, enum transfer_encoding encoding);
/* Adds what is decoded to `out`; it grows by at most bytes.len + sizeof(held). */
void decoder_feed(struct decoder *decoder, struct view bytes, struct buf *out);
void decoder_finish(struct decoder *decoder, struct buf *out);

#endif

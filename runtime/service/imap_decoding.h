/* What the transfer encoding of a part hides (RFC 3516): how many octets that are, whether
 * one is NUL, and any stretch of them.
 *
 * Only decoding tells a size, so a part is decoded once for it, in chunks; the sizes of the
 * last parts are kept. The decoder stays where it is, so that a part which is read from its
 * start to its end, stretch by stretch, is decoded once more and not once a stretch.
 *
 * One for the parts of one account: contents are numbered in each. */
#ifndef SERVICE_IMAP_DECODING_H
#define SERVICE_IMAP_DECODING_H

#include "runtime/store/message.h"

struct imap_decoding;

struct decoded {
	uint64_t len;
	bool has_nul;
};

MUST_USE struct imap_decoding *imap_decoding_new(void);
/* NULL is fine. */
void imap_decoding_free(struct imap_decoding *d);

/* `part` is where the part lies in the content. Both add to *passed_inout how many encoded
 * octets they had to go through: none for a size that is kept. They answer what message_read
 * does. */
MUST_USE int imap_decoding_measure(struct imap_decoding *d, struct account_store *store,
		int64_t content, const struct section_range *part, uint64_t *passed_inout,
		struct decoded *out);
/* Adds up to `len` decoded octets from octet `at` on to `out`, fewer only at the end. */
MUST_USE int imap_decoding_read(struct imap_decoding *d, struct account_store *store,
		int64_t content, const struct section_range *part, uint64_t at,
		uint64_t len, uint64_t *passed_inout, struct buf *out);

#endif

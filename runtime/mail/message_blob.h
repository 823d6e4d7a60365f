/* The tree of a message packed into a few bytes, so that the store keeps it beside the
 * message and IMAP sections resolve to ranges without parsing again (RFC 3501, 6.4.5). */
#ifndef MAIL_MESSAGE_BLOB_H
#define MAIL_MESSAGE_BLOB_H

#include "runtime/base/buf.h"
#include "runtime/mail/message.h"

/* Adds offsets, sizes, kinds, types, charsets and encodings of all parts. */
void message_pack(const struct message *message, struct buf *out);

enum {
	SECTION_OK = 0,
	SECTION_E_ABSENT = 1, /* well formed, but the message has no such part */
	SECTION_E_SYNTAX, /* not a section, or HEADER, TEXT or MIME where they do not go
			   */
	SECTION_E_BLOB,   /* the blob is damaged */
};

struct section_range {
	uint64_t offset, len;
	/* How these octets are encoded: that of the part where they are the body of one
	 * without parts of its own; of all else ENCODING_BINARY, since what has parts may
	 * not be encoded (RFC 2045, 6.4). */
	enum transfer_encoding encoding;
};

/* Where a section of IMAP's FETCH (RFC 3501, 6.4.5) lies in the message: "" the whole,
 * "HEADER", "TEXT", "1.2", "1.2.MIME", "2.HEADER", "2.TEXT". HEADER.FIELDS is asked as
 * HEADER and then header_select(). */
MUST_USE int message_section_range(
		struct view blob, struct view section, struct section_range *out);

/* A part as the blob knows it. */
struct packed_part {
	enum part_kind kind;
	bool opaque;
	unsigned depth;
	uint64_t header_offset, header_size, body_offset, body_size;
	enum transfer_encoding encoding;
	struct view type, subtype, charset; /* views into the blob; lower case */
};

struct packed_iterator {
	struct view rest;
	uint64_t left;
	uint64_t at;
};

/* Walks the parts in the order of the message. False: the blob is damaged. */
MUST_USE bool packed_iterate(struct view blob, struct packed_iterator *out);
/* The next part. False at the end or where the blob is damaged. */
bool packed_next(struct packed_iterator *it, struct packed_part *out);

#endif

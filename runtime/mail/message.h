/* The structure of a message: which octets are which part (RFC 5322, RFC 2045, RFC 2046).
 *
 * A push parser: bytes go in as they come, in any pieces; at the end there is a tree of
 * the parts with offsets into the message, and the few header fields that ENVELOPE and
 * BODYSTRUCTURE need. It never holds a body. It never fails: a limit that is passed makes
 * the part opaque, and `notes` says so. Time is linear in the message, whatever the
 * boundaries are.
 *
 *   header lines ──empty line──► body lines ──delimiter of an open multipart──► header
 * lines of the next part, or the epilogue
 *
 * A delimiter is a whole line: "--", the boundary, perhaps "--", blanks. The line end
 * before it belongs to it. A line without a colon in a header is passed over. */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/mail/mime.h"

enum part_kind {
	PART_LEAF,
	PART_MULTIPART, /* has at least one child, if need be an empty one */
	PART_MESSAGE,   /* message/rfc822: has one child, the message in it */
};

/* The header fields that are kept, as folded values. */
enum part_field {
	/* of every part */
	FIELD_CONTENT_TYPE,
	FIELD_CONTENT_TRANSFER_ENCODING,
	FIELD_CONTENT_DISPOSITION,
	FIELD_CONTENT_ID,
	FIELD_CONTENT_DESCRIPTION,
	FIELD_CONTENT_LANGUAGE,
	FIELD_CONTENT_LOCATION,
	FIELD_CONTENT_MD5,
	/* of the message, and of a message in it */
	FIELD_DATE,
	FIELD_SUBJECT,
	FIELD_FROM,
	FIELD_SENDER,
	FIELD_REPLY_TO,
	FIELD_TO,
	FIELD_CC,
	FIELD_BCC,
	FIELD_IN_REPLY_TO,
	FIELD_MESSAGE_ID,
	FIELD_COUNT,
};

/* What was odd: a set. */
/* clang-format off */
enum message_note {
	NOTE_DUPLICATE_FIELD  = 1 << 0, /* a kept field came twice: the first counts */
	NOTE_TOO_DEEP         = 1 << 1, /* LIMIT_MIME_DEPTH */
	NOTE_TOO_MANY_PARTS   = 1 << 2, /* LIMIT_MIME_PARTS */
	NOTE_HEADER_TOO_LONG  = 1 << 3, /* LIMIT_MIME_HEADER */
	NOTE_BOUNDARY_MISSING = 1 << 4, /* a multipart with no boundary, or one too long */
	NOTE_UNCLOSED         = 1 << 5, /* a multipart without its closing delimiter */
	NOTE_FIELDS_DROPPED   = 1 << 6, /* LIMIT_MIME_KEPT: later fields count as absent */
};
/* clang-format on */

struct message_part {
	enum part_kind kind;
	bool opaque; /* a multipart or message that was not looked into */
	struct message_part *parent, *first_child, *next; /* next: sibling */
	struct message_part *following; /* in the order of the message */
	unsigned depth;                 /* the message itself: 0 */

	/* In octets from the start of the message; the body follows the header. The header
	 * has the empty line; lines are counted by their line ends. */
	uint64_t header_offset, header_size;
	uint64_t body_offset, body_size, body_lines;

	struct content_type type; /* the default where it is absent or malformed */
	bool type_is_default;
	struct view encoding_token; /* lower case; "7bit" where it is absent */
	enum transfer_encoding encoding;
	bool has_field[FIELD_COUNT];
	struct view field[FIELD_COUNT];
};

struct message {
	struct message_part *root;
	size_t part_count;
	uint64_t size; /* octets */
	uint64_t work; /* octets looked at: a small multiple of size, whatever came */
	unsigned notes;
};

struct message_parser;

MUST_USE struct message_parser *message_parser_new(void);
/* NULL is fine; the tree goes with it. */
void message_parser_free(struct message_parser *parser);
void message_parser_freep(struct message_parser **parser);

void message_parser_feed(struct message_parser *parser, struct view bytes);
/* The end of the message. The tree is the parser's; feed no more. */
const struct message *message_parser_finish(struct message_parser *parser);
/* True once the header of the message itself has been read. */
bool message_parser_in_body(const struct message_parser *parser);

#endif

/* Watches a message's header block as it passes: its size, its hops, its octets
 * beyond ASCII, who says he wrote it. Keeps nothing but that; the message goes on. */
#ifndef SMTP_SMTP_HEADER_H
#define SMTP_SMTP_HEADER_H

#include "runtime/base/buf.h"

enum {
	SMTP_HEADER_NAME_SIZE = 16 /* the longest name that matters, and more */
};

/* The field that a line belongs to. */
enum smtp_header_field {
	HEADER_FIELD_OTHER,
	HEADER_FIELD_RECEIVED,
	HEADER_FIELD_FROM,
	HEADER_FIELD_SENDER,
};

struct smtp_header {
	bool ended; /* by an empty line; what follows is no business of ours */
	size_t at;  /* in its line; 0: at the start of one */
	bool named; /* the colon of this line has passed, or there is none */
	char name[SMTP_HEADER_NAME_SIZE];
	enum smtp_header_field field;
	uint64_t size; /* bytes so far */
	unsigned received_count, from_count, sender_count;
	bool wide;     /* it has octets above 127 (RFC 6532) */
	bool not_utf8; /* that make no UTF-8 */
	struct {
		char bytes[4];
		size_t len, wanted;
	} sequence;              /* the one under way */
	struct buf from, sender; /* their bodies, folds and all */
};

void smtp_header_init(struct smtp_header *header);
/* Harmless twice. */
void smtp_header_deinit(struct smtp_header *header);
/* Whole lines or parts of them, in order; lines end in CRLF. */
void smtp_header_pass(struct smtp_header *header, struct view bytes);

#endif

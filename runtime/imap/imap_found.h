/* What a SEARCH answers: a list of numbers (RFC 3501, 7.2.5), or what RETURN asked for
 * (ESEARCH, RFC 4731), which may be to keep it as "$" (SEARCHRES, RFC 5182). */
#ifndef IMAP_FOUND_H
#define IMAP_FOUND_H

#include "runtime/imap/imap_session.h"

enum imap_found_option {
	IMAP_FOUND_MIN = 1 << 0,
	IMAP_FOUND_MAX = 1 << 1,
	IMAP_FOUND_ALL = 1 << 2,
	IMAP_FOUND_COUNT = 1 << 3,
	IMAP_FOUND_SAVE = 1 << 4,
};

struct imap_found {
	unsigned options; /* a set of enum imap_found_option; none: a list of numbers */
	bool modseq;      /* MODSEQ was among the keys (RFC 7162, 3.1.5) */
	/* How far it is told. */
	bool begun;
	size_t range;   /* the range that is next */
	uint32_t taken; /* numbers of it that are told; a list */
};

/* Reads " RETURN (…)" where it is next. */
void imap_found_parse(struct imap_parse *p, struct imap_found *found);
/* The search has found; "$" and the numbers as the client counts them. */
void imap_found_take(struct imap_session *s, const struct imap_found *found,
		struct imap_search_op *op);
/* Adds to the output until it is full. True where all is told. */
bool imap_found_tell(struct imap_session *s, struct imap_found *found,
		const struct imap_search_op *op);

#endif

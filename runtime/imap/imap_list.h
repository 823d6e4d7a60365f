/* What a LIST or LSUB asks for: read in imap_list.c, told in imap_listing.c. */
#ifndef IMAP_LIST_H
#define IMAP_LIST_H

#include "runtime/imap/imap_pattern.h"
#include "runtime/imap/imap_session.h"

enum imap_list_select {
	IMAP_LIST_SUBSCRIBED = 1 << 0,
	IMAP_LIST_SPECIAL_USE = 1 << 1,
	IMAP_LIST_RECURSIVE = 1 << 2, /* and names above those that are selected */
};

enum imap_list_return {
	IMAP_LIST_RETURN_SUBSCRIBED = 1 << 0,
	IMAP_LIST_RETURN_CHILDREN = 1 << 1, /* told in any case, as is the next */
	IMAP_LIST_RETURN_SPECIAL_USE = 1 << 2,
	IMAP_LIST_RETURN_STATUS = 1 << 3,
};

enum {
	IMAP_LIST_PATTERNS = 16, /* of one command */
};

struct imap_list {
	bool lsub;
	bool extended;    /* RFC 5258, 1 */
	bool has_empty;   /* a pattern is empty: where not extended, asks the separator */
	bool asked;       /* the rows are there, or on their way */
	unsigned selects; /* a set of enum imap_list_select */
	unsigned returns; /* a set of enum imap_list_return */
	unsigned status;  /* items, of RETURN (STATUS …) */
	struct imap_pattern patterns[IMAP_LIST_PATTERNS];
	size_t pattern_count;
	bool *matched;        /* by row: a pattern matches its name */
	size_t at;            /* the row that is next */
	struct view previous; /* the name of the last row whose levels were looked at */
};

/* The answer to the empty pattern: the separator and the root. */
void imap_list_tell_root(struct imap_session *s, const struct imap_list *list);
/* Tells of some further rows, from list->at on. */
void imap_list_tell_rows(struct imap_session *s, struct imap_list *list,
		const struct imap_list_op *op);

#endif

/* Search: a program over the messages of one mailbox.
 *
 * A program is a list of keys in postfix order: operands first, then AND, OR or NOT. It
 * is run for each message by what costs least first (flags, then stored header fields,
 * then the bytes), and only as far as it decides. Text matches as a substring of the
 * decoded text without case, in UTF-8 (RFC 3501, 6.4.4); dates compare as days. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "runtime/base/uid_set.h"
#include "runtime/store/account.h"

enum search_key {
	/* operators */
	SEARCH_AND, /* of the `number` operands before it; none: true */
	SEARCH_OR,
	SEARCH_NOT, /* of the one before it */
	/* operands */
	SEARCH_ALL,
	SEARCH_UIDS,        /* uids (sequence numbers are the session's to translate) */
	SEARCH_FLAGS,       /* has all of `number`, a mask of bits; NOT for UNSEEN … */
	SEARCH_KEYWORD,     /* text: a keyword */
	SEARCH_LARGER,      /* number: bytes */
	SEARCH_SMALLER,     /* number: bytes */
	SEARCH_MODSEQ,      /* number: this or later (RFC 7162, 3.1.5) */
	SEARCH_BEFORE,      /* day: of the internal date, in UTC */
	SEARCH_ON,          /* day */
	SEARCH_SINCE,       /* day */
	SEARCH_SENT_BEFORE, /* day: of the Date field, as written */
	SEARCH_SENT_ON,     /* day */
	SEARCH_SENT_SINCE,  /* day */
	SEARCH_SUBJECT,     /* text */
	SEARCH_FROM,        /* text: in names and addresses */
	SEARCH_TO,          /* text */
	SEARCH_CC,          /* text */
	SEARCH_BCC,         /* text */
	SEARCH_HEADER, /* text in the fields called `name`; empty: such a field is there
			*/
	SEARCH_BODY,   /* text in the decoded text parts */
	SEARCH_TEXT,   /* text in the header or the body */
};

struct search_term {
	enum search_key key;
	uint64_t number;
	int64_t day; /* since 1970-01-01 */
	struct view name;
	struct view text; /* UTF-8 */
	const struct uid_set *uids;
};

struct search_program {
	const struct search_term *terms;
	size_t count; /* at most LIMIT_STORE_SEARCH_TERMS; none: all messages */
	const struct uid_set *among; /* only these; NULL: all of the mailbox */
};

struct search_result {
	struct uid_set uids;
	/* Of the messages found: of the first, of the last, and the highest. */
	uint64_t first_modseq, last_modseq, modseq;
	uint32_t next;   /* where the next call goes on; 0: that was all */
	uint64_t effort; /* of the calls that were cut short */
};

/* Adds what it finds from UID `from` on to `result` (which begins zeroed and ends by
 * search_result_free). `effort` bounds one call: about so many KiB of message read or
 * rows passed. LIMIT: the program is malformed or too long; ABSENT: the mailbox. */
MUST_USE int search_run(struct account_store *store, int64_t mailbox,
		const struct search_program *program, uint32_t from, size_t effort,
		struct search_result *result);
void search_result_free(struct search_result *result);

#endif

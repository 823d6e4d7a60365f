/* Performs what the IMAP engine asks of an account, on its store.
 *
 * One performer a session. It is used from the jobs of the account's queue alone; what an
 * operation answers, its results and its outcome are in the operation. */
#ifndef SERVICE_IMAP_PERFORM_H
#define SERVICE_IMAP_PERFORM_H

#include "runtime/imap/imap_op.h"
#include "runtime/store/account.h"
#include "runtime/store/search.h"

enum {
	IMAP_CHANGES_MAX = 2
};

struct imap_appending;
struct imap_decoding;

struct imap_performer {
	struct imap_appending *append;  /* an APPEND is open */
	struct search_result *found;    /* a SEARCH goes on */
	struct imap_decoding *decoding; /* parts of the selected mailbox were decoded */
	/* What the operation changed, for other sessions: ids of mailboxes, 0 for the list
	 * of them. */
	uint64_t changed[IMAP_CHANGES_MAX];
	size_t changed_count;
	bool again; /* it did a part and wants to go on in a further job */
};

/* The next move of an operation other than IMAP_OP_LOGIN. Returns what the store
 * answered last: 0, an outcome or a fault. */
int imap_perform(struct imap_performer *p, struct account_store *store,
		struct imap_op *op);
/* The account could not be opened, or the session is over: drops what is unfinished. */
void imap_perform_end(struct imap_performer *p);

/* The IMAP outcome of what a store answered. */
enum imap_outcome imap_outcome_of(int r);

#endif

/* What the files of the performer share: a function for each operation. Each fills in the
 * answer and returns what the store said. */
#ifndef SERVICE_IMAP_PERFORMER_H
#define SERVICE_IMAP_PERFORMER_H

#include "runtime/service/imap_perform.h"
#include "runtime/store/flags.h"

typedef int imap_perform_one(struct imap_performer *p, struct account_store *store,
		struct imap_op *op);

/* imap_mailboxes.c */
imap_perform_one imap_perform_list;
imap_perform_one imap_perform_status;
imap_perform_one imap_perform_create;
imap_perform_one imap_perform_delete;
imap_perform_one imap_perform_rename;
imap_perform_one imap_perform_subscribe;
imap_perform_one imap_perform_select;
imap_perform_one imap_perform_sync;

/* imap_fetching.c */
imap_perform_one imap_perform_fetch;
imap_perform_one imap_perform_read;

/* imap_changing.c */
imap_perform_one imap_perform_store;
imap_perform_one imap_perform_copy;
imap_perform_one imap_perform_expunge;

/* imap_appending.c */
imap_perform_one imap_perform_append;
/* Drops the messages. NULL is fine. */
void imap_appending_free(struct imap_appending *appending);

/* imap_searching.c */
imap_perform_one imap_perform_search;

/* Other sessions shall hear that the mailbox (0: the list of them) changed. */
void imap_perform_changed(struct imap_performer *p, int64_t mailbox);

/* Flags as IMAP names them. The names of keywords are looked up once where one message
 * after the other has the same: begin with a zeroed one for each operation. */
struct imap_flag_names {
	uint64_t bits;
	struct view keywords;
};

struct imap_flags imap_flags_of(const struct account_store *store, uint64_t bits,
		struct imap_flag_names *names, struct arena *arena);
struct flag_list imap_flag_list(const struct imap_flags *flags);

#endif

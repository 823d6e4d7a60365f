/* Within the store: what the files of an account share.
 *
 * A change is store_begin … store_commit. The counters of the account live in memory and
 * are written by the commit; where it does not come to that, store_end puts them back.
 *
 *	CLEANUP(store_end) struct store_change change = { 0 };
 *
 *	r = store_begin(store, &change);
 *	...
 *	return store_commit(&change);
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "runtime/base/list.h"
#include "runtime/store/account.h"
#include "runtime/store/database.h"
#include "runtime/store/flags.h"
#include "runtime/store/mailbox.h"

struct store_counters {
	uint64_t modseq; /* the last that was given out, as are the next two */
	uint64_t content;
	uint64_t uidvalidity;
	uint64_t used; /* bytes of all messages */
	uint64_t messages;
	uint64_t commits;
	uint64_t uidnext; /* the largest of any mailbox; it stands in their rows */
};

struct store_change {
	struct account_store *store; /* NULL: none is open */
	struct transaction transaction;
	struct store_counters before;
	uint64_t rows_before; /* database_rows_changed() */
};

struct account_store {
	struct database *db;
	uint64_t quota;
	struct store_counters counters;
	struct account_mark mark;         /* of the last commit */
	char *keywords[FLAG_KEYWORD_END]; /* by bit; NULL: free */
	bool keywords_changed;            /* since the last commit */
	struct list appends;              /* that are open */
	bool in_batch;
	struct store_change batch;       /* the transaction that appends join */
	void *compressor, *decompressor; /* zstd contexts */
};

/* An outcome of the database as one of the store; faults stay what they are. */
int store_outcome(int r);
/* The same for a step: DATABASE_ROW stays, 0 (no row) as well. */
MUST_USE int store_step(struct statement *s);
MUST_USE int store_run(struct statement *s);
MUST_USE int store_prepare(
		struct account_store *store, const char *sql, struct statement **out);

MUST_USE int store_begin(struct account_store *store, struct store_change *change);
MUST_USE int store_commit(struct store_change *change);
void store_end(struct store_change *change);

/* What was put back from a copy goes on beyond `known` and under new UIDVALIDITYs. LIMIT:
 * there are none left. */
MUST_USE int account_renew(struct account_store *store, const struct account_mark *known,
		walltime now);

/* What a change does to the counters of a mailbox. */
struct mailbox_delta {
	int64_t messages, unseen, deleted, size;
	uint64_t modseq;  /* 0: as it was */
	uint32_t uidnext; /* 0: as it was */
};

void mailbox_delta_add(struct mailbox_delta *delta, uint64_t flags, uint64_t size);
void mailbox_delta_drop(struct mailbox_delta *delta, uint64_t flags, uint64_t size);
/* Within a change. */
MUST_USE int mailbox_apply(struct account_store *store, int64_t mailbox,
		const struct mailbox_delta *delta);
/* True where so many bytes more stay within the quota. */
bool store_has_room(const struct account_store *store, uint64_t bytes);

/* The standard form of a name, in the arena: INBOX in capitals, no separator at the end.
 * STORE_E_NAME. */
MUST_USE int mailbox_name(struct arena *arena, struct view name, struct view *out);
/* Makes a mailbox within a change. */
MUST_USE int mailbox_insert(struct account_store *store, struct view name,
		enum special_use use, int64_t *id_out);

/* The bits of a list of flags; keywords that have none get one, within a change. LIMIT. */
MUST_USE int flags_resolve(struct account_store *store, const struct flag_list *list,
		uint64_t *bits_out);
/* Reads the keywords afresh. */
MUST_USE int keywords_load(struct account_store *store);
void keywords_free(struct account_store *store);

/* A message as the scans of copy, move, expunge and store see it. */
struct message_brief {
	uint32_t uid;
	uint64_t flags;
	uint64_t modseq;
	uint64_t size;
	walltime internal_date;
	int64_t content;
};

struct brief_list {
	struct message_brief *items;
	size_t count, capacity;
};

/* The messages of a set (NULL: all), ascending. */
MUST_USE int briefs_read(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, struct brief_list *out);
void briefs_free(struct brief_list *list);

/* All within a change; the counters of the mailbox follow. */

/* Puts messages with their contents into a mailbox under new UIDs, which are added to
 * `uids_out` in their order; they carry `modseq`. */
MUST_USE int messages_put(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, uint64_t modseq, struct uid_set *uids_out);
/* Takes the rows out and leaves tombstones under `modseq`; the contents stay. */
MUST_USE int messages_take(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, uint64_t modseq);
/* The same, and contents that nothing uses any more go; the account's counters follow. */
MUST_USE int messages_remove(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, uint64_t modseq);

#endif

/* Messages: putting them in, listing, reading, copying, moving, taking out.
 *
 * A message in a mailbox is a short row that points to a content: the bytes, kept as they
 * came, and what was computed from them once (envelope, structure, where the parts are).
 * Copies share it. The bytes lie in pieces of 64 KiB, so that a part of a large message
 * is read without the rest. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/uid_set.h"
#include "runtime/mail/message_blob.h"
#include "runtime/store/account.h"
#include "runtime/store/flags.h"

/* -- putting in -- */

struct append;

/* Begins a message. What arrives is held in memory up to 256 KiB, then goes into the file
 * in transactions of its own, invisible until the commit; a crash or append_abort leaves
 * nothing. Several may be open on one store. */
MUST_USE int append_begin(struct account_store *store, struct append **out);
/* FULL: the append is of no more use but for append_abort. */
MUST_USE int append_chunk(struct append *append, struct view bytes);

struct append_options {
	int64_t mailbox;
	struct flag_list flags;
	walltime internal_date;
	bool ignore_quota; /* delivery: the answer was given at RCPT */
	/* For delivery: (intake, recipient) is filed once, a second time does nothing.
	 * 0: an APPEND. */
	uint64_t intake;
	struct view recipient;
};

struct append_result {
	uint32_t uidvalidity;
	uint32_t uid; /* 0: it was filed before (same intake and recipient) */
	uint64_t modseq;
};

/* Whether an append of so many bytes would pass the quota: asked before the bytes come.
 * QUOTA, or ABSENT for the mailbox. */
MUST_USE int append_check(struct account_store *store, int64_t mailbox, uint64_t size);

/* Files it: ABSENT, LIMIT (keywords), QUOTA, FULL. On success the append is freed and
 * *append NULL; else it is the caller's to abort, or, after FULL or ABSENT, to try again.
 */
MUST_USE int append_commit(struct append **append, const struct append_options *options,
		struct append_result *out);
/* Files them in one transaction, all or none; as append_commit for each. */
MUST_USE int append_commit_all(struct append **appends,
		const struct append_options *options, size_t count,
		struct append_result *out);
/* These are whole: what is held of them in memory goes into the file, in one transaction,
 * invisible until the commit. FULL: they are as they were. */
MUST_USE int append_settle(struct append **appends, size_t count);
/* Drops it. NULL is fine. */
void append_abort(struct append *append);

/* Between these two, append_commit joins one transaction: what it files is durable when
 * append_batch_commit has answered 0, and all of it gone otherwise. `floor`: intakes
 * below it are never filed again, so their marks go. No other call may come between. */
MUST_USE int append_batch_begin(struct account_store *store);
MUST_USE int append_batch_commit(struct account_store *store, uint64_t floor);
void append_batch_abort(struct account_store *store);

/* -- listing -- */

/* What a listing shall carry beyond uid, flags, modseq, size and date: a set. */
enum message_want {
	MESSAGE_WANT_ENVELOPE = 1 << 0,
	MESSAGE_WANT_BODY = 1 << 1,          /* BODY, without extension data */
	MESSAGE_WANT_BODYSTRUCTURE = 1 << 2, /* with it */
};

struct message_row {
	uint32_t uid;
	uint64_t flags;
	uint64_t modseq;
	uint64_t size; /* RFC822.SIZE */
	walltime internal_date;
	int64_t content;                           /* for message_read, message_section */
	struct view envelope, body, bodystructure; /* as IMAP sends them; arena */
};

struct message_budget {
	size_t rows;  /* at most so many */
	size_t bytes; /* no further row once the texts of those before reached it */
};

struct message_page {
	struct message_row *rows; /* ascending; arena */
	size_t count;
	uint32_t next; /* where the next call goes on; 0: that was all */
};

/* Lists messages of `uids` from UID `from` on, within the budget. Messages that are not
 * there are left out. `changed_since`: only those with a larger MODSEQ; 0: all. */
MUST_USE int message_list(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, uint32_t from, uint64_t changed_since,
		unsigned want, struct message_budget budget, struct arena *arena,
		struct message_page *out);

/* -- reading -- */

/* Where a section lies in the message, without reading its bytes. `section` as IMAP writes
 * it: "", "HEADER", "TEXT", "1.2", "1.2.MIME", "2.HEADER" (runtime/mail/message.h).
 * ABSENT: there is no such section, or the content has gone. */
MUST_USE int message_section(struct account_store *store, int64_t content,
		struct view section, struct section_range *out);

/* Adds up to `len` bytes from `offset` to `out`, fewer only at the message's end. ABSENT:
 * the content has gone (expunged meanwhile). */
MUST_USE int message_read(struct account_store *store, int64_t content, uint64_t offset,
		uint64_t len, struct buf *out);

/* -- copying, moving, taking out
 * --------------------------------------------------------- */

struct copy_result {
	uint32_t uidvalidity; /* of the target */
	/* The n-th of one became the n-th of the other; the caller frees both. */
	struct uid_set from, to;
	uint64_t modseq_before, modseq; /* a move: the source's highest */
};

/* Copies the messages of `uids` that are there, flags and date with them; all or none.
 * ABSENT (a mailbox), QUOTA, FULL. */
MUST_USE int message_copy(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, int64_t target, struct copy_result *out);
/* The same, and they leave `mailbox` in the same transaction (RFC 6851). */
MUST_USE int message_move(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, int64_t target, struct copy_result *out);
void copy_result_free(struct copy_result *result);

struct expunge_result {
	struct uid_set expunged; /* the caller frees it */
	uint64_t modseq_before, modseq;
};

/* Takes out the messages of `uids` (NULL: all) that have \Deleted. */
MUST_USE int message_expunge(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, struct expunge_result *out);
/* Takes out the messages of `uids`, whatever their flags: they have gone to another
 * account. */
MUST_USE int message_remove(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, struct expunge_result *out);

#endif

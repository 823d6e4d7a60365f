/* Flags: 63 bits a message. The low ones are the system's, those above are keywords, each
 * name with a bit of its account.
 *
 * A keyword takes a bit when it is first stored and gives it back when a further keyword
 * needs one and no message has it any more; so names of bits are asked for with each
 * answer (flags_keywords), which costs no disk. */
#ifndef STORE_FLAGS_H
#define STORE_FLAGS_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/uid_set.h"
#include "runtime/store/account.h"

#define FLAG_SEEN     (UINT64_C(1) << 0)
#define FLAG_ANSWERED (UINT64_C(1) << 1)
#define FLAG_FLAGGED  (UINT64_C(1) << 2)
#define FLAG_DELETED  (UINT64_C(1) << 3)
#define FLAG_DRAFT    (UINT64_C(1) << 4)
#define FLAGS_SYSTEM  UINT64_C(0xff)

enum {
	FLAG_KEYWORD_FIRST = 8, /* bits below are the system's */
	FLAG_KEYWORD_END = 63,
};

/* Flags as a client names them. */
struct flag_list {
	uint64_t system;      /* FLAG_… */
	struct view keywords; /* atoms parted by blanks; the same in any case */
};

/* Adds the names of the keywords among `bits`, parted by blanks, in the order of their
 * bits. */
void flags_keywords(const struct account_store *store, uint64_t bits, struct buf *out);
/* The bit of a keyword, as a mask; 0 where it has none: no message has it. */
uint64_t flags_keyword_mask(const struct account_store *store, struct view keyword);

enum flags_action {
	FLAGS_ADD,
	FLAGS_REMOVE,
	FLAGS_REPLACE,
};

struct flags_change {
	enum flags_action action;
	struct flag_list flags;
	/* Messages that changed after it are left alone and named in `modified` (RFC
	 * 7162, 3.1.3). UINT64_MAX: no condition. */
	uint64_t unchanged_since;
};

struct flags_row {
	uint32_t uid;
	bool changed;
	uint64_t flags;
	uint64_t modseq;
};

struct flags_stored {
	struct flags_row *rows; /* each message of the set that was there and not in
				   `modified`; arena */
	size_t count;
	struct uid_set modified; /* the caller frees it */
	/* The mailbox's highest before and after: the same where nothing changed. */
	uint64_t modseq_before, modseq;
};

/* Changes the flags of the messages that are there; all that change share one new MODSEQ.
 * ABSENT (the mailbox), LIMIT (LIMIT_STORE_KEYWORDS). */
MUST_USE int flags_store(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, const struct flags_change *change,
		struct arena *arena, struct flags_stored *out);

#endif

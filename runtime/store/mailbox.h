/* Mailboxes: names, ids and counters.
 *
 * A name is UTF-8 (the protocol's own encoding is the engine's), its levels parted by
 * '/', "INBOX" in any case is INBOX. A mailbox that goes while it has children leaves a
 * bare level behind: listed, not selectable. */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include "runtime/base/arena.h"
#include "runtime/base/uid_set.h"
#include "runtime/store/account.h"

enum special_use { /* RFC 6154 */
	SPECIAL_NONE,
	SPECIAL_DRAFTS,
	SPECIAL_SENT,
	SPECIAL_TRASH,
	SPECIAL_JUNK,
	SPECIAL_ARCHIVE,
};

enum {
	MAILBOX_SEPARATOR = '/',
};

/* What STATUS answers with. */
struct mailbox_status {
	int64_t id;
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint32_t messages;
	uint32_t unseen;
	uint32_t deleted; /* with \Deleted */
	uint64_t size;    /* bytes of all its messages */
	uint64_t modseq;  /* of its last change: HIGHESTMODSEQ */
};

struct mailbox_entry {
	struct view name;
	int64_t id;  /* 0: a bare level, or only subscribed; then `status` is zero */
	bool exists; /* false: subscribed, but not there */
	bool subscribed;
	bool has_children;
	enum special_use special_use;
	struct mailbox_status status;
};

/* A mailbox as it is at this moment, for a session that selects it. */
struct mailbox_view {
	struct mailbox_status status;
	struct uid_set uids;   /* what is there; the n-th of it is sequence number n */
	uint32_t first_unseen; /* UID; 0: all are seen */
};

/* The id behind a name. STORE_E_ABSENT: no such mailbox, or a bare level. */
MUST_USE int mailbox_find(struct account_store *store, struct view name, int64_t *id_out);
/* `out` begins zeroed and ends by mailbox_view_free. */
MUST_USE int mailbox_open(
		struct account_store *store, int64_t id, struct mailbox_view *out);
void mailbox_view_free(struct mailbox_view *view);
MUST_USE int mailbox_status(
		struct account_store *store, int64_t id, struct mailbox_status *out);

/* Every mailbox, bare level and subscribed name, ordered by name, INBOX first. */
MUST_USE int mailbox_list(struct account_store *store, struct arena *arena,
		struct mailbox_entry **entries_out, size_t *count_out);

/* Makes it and the levels above it. A separator at its end is taken off (RFC 3501,
 * 6.3.3). EXISTS, NAME, LIMIT. */
MUST_USE int mailbox_create(
		struct account_store *store, struct view name, int64_t *id_out);
/* With its messages. ABSENT, INBOX. */
MUST_USE int mailbox_delete(struct account_store *store, struct view name);
/* With its children. INBOX stays: its messages move into a new mailbox (RFC 3501, 6.3.5).
 * ABSENT, EXISTS, NAME, LIMIT. */
MUST_USE int mailbox_rename(
		struct account_store *store, struct view from, struct view to);
/* The name need not exist (RFC 3501, 6.3.6). NAME, LIMIT. */
MUST_USE int mailbox_subscribe(
		struct account_store *store, struct view name, bool subscribed);

#endif

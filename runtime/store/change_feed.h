/* What changed since a MODSEQ: the one source for IDLE, CONDSTORE and QRESYNC, and later
 * for DAV and push. */
#ifndef STORE_CHANGE_FEED_H
#define STORE_CHANGE_FEED_H

#include "runtime/base/arena.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"

struct changes {
	struct mailbox_status status; /* as of these changes; status.modseq is where the
					 next call begins */
	/* New messages and messages with new flags, ascending by UID; a message is new to
	 * one who knew a smaller UIDNEXT. Without texts; arena. */
	struct message_row *rows;
	size_t count;
	/* What was there and went; may name UIDs that the caller never knew. The caller
	 * frees it. */
	struct uid_set vanished;
};

/* ABSENT: the mailbox has gone. */
MUST_USE int changes_read(struct account_store *store, int64_t mailbox, uint64_t since,
		struct arena *arena, struct changes *out);

#endif

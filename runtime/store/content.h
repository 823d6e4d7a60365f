/* Contents: the bytes of messages, and what was computed from them.
 *
 * The bytes lie in pieces: the first ends with the header block, so that headers are read
 * without bodies; each further one holds 64 KiB. A piece is compressed where that pays.
 * `uses` counts the messages that share a content; 0: it is being put in. All that writes
 * is called within a change. */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "runtime/base/arena.h"
#include "runtime/store/account.h"
#include "runtime/store/message_facts.h"

enum {
	PIECE_BYTES = 64 * 1024,
	PIECE_WHOLE = 4 * 1024, /* a message up to this size is one piece */
};

/* A new content without bytes, `head` the size of its first piece. */
MUST_USE int content_new(struct account_store *store, uint32_t head, int64_t *id_out);
/* Puts in piece `number`, from 0: `head` bytes the first, then PIECE_BYTES each but for
 * the last. */
MUST_USE int content_add_piece(struct account_store *store, int64_t content,
		uint64_t number, struct view bytes);
/* It is whole, this is known of it, and `uses` messages use it: one, or none yet. */
MUST_USE int content_finish(struct account_store *store, int64_t content,
		const struct message_facts *facts, uint64_t uses);
/* Where the first piece of a message ends, of which `start` is the beginning. */
uint32_t content_head_size(struct view start, bool is_all);

/* One message more (less) uses it; with the last it goes. */
MUST_USE int content_hold(struct account_store *store, int64_t content);
MUST_USE int content_release(struct account_store *store, int64_t content);
/* Drops one that was not finished. */
MUST_USE int content_drop(struct account_store *store, int64_t content);
/* Drops, in a change of its own, all that were not finished: at the opening. */
MUST_USE int contents_clean(struct account_store *store);

/* A content that is read piece by piece. */
struct content_reader {
	struct account_store *store;
	int64_t content;
	uint64_t size;
	uint32_t head;
};

/* STORE_E_ABSENT. */
MUST_USE int content_open(
		struct account_store *store, int64_t content, struct content_reader *out);
/* Adds up to `len` bytes from `offset` to `out`. */
MUST_USE int content_read(const struct content_reader *reader, uint64_t offset,
		uint64_t len, struct buf *out);
/* Adds the header block of the message, perhaps with more behind it; as header_iterate()
 * takes it. `arena` is for what it needs meanwhile. */
MUST_USE int content_header(struct account_store *store, int64_t content,
		struct arena *arena, struct buf *out);
/* The packed tree of parts (runtime/mail/message_blob.h), in the arena. */
MUST_USE int content_parts(struct account_store *store, int64_t content,
		struct arena *arena, struct view *out);

#endif

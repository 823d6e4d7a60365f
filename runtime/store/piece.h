/* A piece of a message's bytes as it is stored: plain, or compressed where that pays.
 *
 * What is compressed is one zstd frame or two, one behind the other. Two are a small message
 * in one piece, parted behind its header block, so that the header is read without
 * decompressing the rest. */
#ifndef STORE_PIECE_H
#define STORE_PIECE_H

#include "runtime/base/buf.h"
#include "runtime/store/account.h"

/* Where the header block that begins `start` ends, with the empty line behind it;
 * start.len: not in there. */
size_t piece_header_end(struct view start);

/* Adds the stored form. */
void piece_pack(struct account_store *store, struct view bytes, struct buf *out);
/* Adds the first `need` bytes, or more, of a piece of `size`. STORE_E_DAMAGED. */
MUST_USE int piece_unpack(struct account_store *store, struct view stored, size_t size,
		size_t need, struct buf *out);
/* Adds the header block of the message whose first piece this is, perhaps with more behind
 * it. *whole_out: it ends in there. STORE_E_DAMAGED. */
MUST_USE int piece_unpack_header(struct account_store *store, struct view stored,
		struct buf *out, bool *whole_out);

/* Frees what the functions above keep in the store. */
void piece_contexts_free(struct account_store *store);

#endif

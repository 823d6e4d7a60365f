/* Mail that waits for a mailbox which the host cannot open: sealed message by message under
 * the keys of a chain (waiting_chain.h), so that whoever takes the disk and all keys of the
 * host finds what comes from then on, and nothing of what came before.
 *
 *   UID.waiting    messages, one behind the other; written at its end alone
 *   UID.chain      the host's R
 *
 * A message is a header with its number, and frames as in the intake log: BEGIN with what its
 * writer says of it, CHUNK…, END. One without its END was never committed and is passed over,
 * and so is what a cut-off write left behind; then the same number comes again. One thread at a
 * time. */
#ifndef STORE_WAITING_H
#define STORE_WAITING_H

#include "runtime/base/buf.h"
#include "runtime/store/waiting_chain.h"

enum {
	WAITING_CHUNK = 64 * 1024, /* bytes of a message in a frame */
	WAITING_ABOUT = 64 * 1024, /* bytes of what is said of one */
};

/* -- the host's side -- */

struct waiting;

/* Goes on where the files end. CHAIN_E_ABSENT: there is no chain, and nothing can be put in;
 * CHAIN_E_DAMAGED: it can go on no more before the owner begins another. All that `file` names
 * is borrowed until the close. */
MUST_USE int waiting_open(
		const struct chain_file *file, const char *path, struct waiting **out);
/* What was not committed is dropped. NULL is fine. */
void waiting_close(struct waiting *waiting);
void waiting_closep(struct waiting **waiting);

/* One message: at most WAITING_ABOUT bytes about it, any number of chunks of at most
 * WAITING_CHUNK, the end. After a fault close it. */
MUST_USE int waiting_begin(struct waiting *waiting, struct view about);
MUST_USE int waiting_chunk(struct waiting *waiting, struct view bytes);
MUST_USE int waiting_end(struct waiting *waiting);
/* All that ended since the last commit is on the disk when this returns, and the keys that it
 * was sealed by are nowhere. */
MUST_USE int waiting_commit(struct waiting *waiting);

/* -- the owner's side -- */

/* Begins a chain, once its seed is safe with the owner, and drops what waited under the one
 * before, which was filed. A process that ends in between leaves messages of the old
 * generation, which a reader of the new one passes over. */
MUST_USE int waiting_renew(const struct chain_file *file, const char *path,
		uint64_t generation, const struct key *seed);

struct waiting_reader;

/* *out is NULL where nothing waits. The chain is one that began by the seed. */
MUST_USE int waiting_reader_open(const struct os *os, const char *path,
		const struct chain *from, struct waiting_reader **out);
void waiting_reader_close(struct waiting_reader *reader);
void waiting_reader_closep(struct waiting_reader **reader);

enum waiting_outcome {
	WAITING_OK = 0,
	WAITING_E_END = 30, /* no more messages, or bytes of this one */
};

/* The next whole message, in order: what was said of it. */
MUST_USE int waiting_next(struct waiting_reader *reader, struct buf *about);
/* Its next bytes, in place of what is in `out`. */
MUST_USE int waiting_read(struct waiting_reader *reader, struct buf *out);
/* Places so far that hold neither a message nor what this chain can open. */
size_t waiting_passed_over(const struct waiting_reader *reader);

#endif

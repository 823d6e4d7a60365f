/* A chain of keys that runs forward alone: who has R(n) has the keys of message n and of all
 * after it, and of none before.
 *
 *   seed = R(0) ──H──► R(1) ──H──► R(2) ──► …        K(n), the key of message n, comes of R(n)
 *
 * The owner of a mailbox keeps the seed in it and opens all. The host keeps one R, in a file
 * that is overwritten in place each time it has gone on, never beside a log: what was before it
 * is on no disk any more. That is as true as the disk's overwriting is: not on a file system
 * that copies on write, nor of what a flash drive has set aside (docs/keys.md).
 *
 * Symmetric only (keyed BLAKE2b). The functions of the file take bytes of any origin. */
#ifndef STORE_WAITING_CHAIN_H
#define STORE_WAITING_CHAIN_H

#include "runtime/base/os.h"
#include "runtime/crypto/key.h"

#include <stdbool.h>

enum {
	CHAIN_OWNER = 16,        /* bytes of an account's uid */
	CHAIN_FURTHEST = 1 << 22 /* messages that one seed is good for */
};

/* Declare it with CLEANUP(chain_wipe). */
struct chain {
	uint64_t generation; /* each seed has its own */
	uint64_t number;
	struct key r;
};

void chain_begin(struct chain *chain, uint64_t generation, const struct key *seed);
void chain_wipe(struct chain *chain);
/* The key of the message that has the chain's number. */
void chain_key(const struct chain *chain, struct key *out);
/* What was before cannot be had back from it. */
void chain_advance(struct chain *chain);
/* False where that number is behind it, or beyond CHAIN_FURTHEST. */
MUST_USE bool chain_advance_to(struct chain *chain, uint64_t number);

/* -- the host's file -- */

struct chain_file {
	const struct os *os;
	const char *path;
	const struct key *key; /* the host's: seals R, so that a copy of the file is not
				  enough */
	unsigned char owner[CHAIN_OWNER];
};

enum chain_outcome {
	CHAIN_OK = 0,
	CHAIN_E_ABSENT = 1,
	CHAIN_E_DAMAGED, /* not as it was written, or another owner's, or host's */
};

MUST_USE int chain_file_read(const struct chain_file *file, struct chain *out);
/* Over what is there, in place, and flushed when it returns; made where it is absent. */
MUST_USE int chain_file_write(const struct chain_file *file, const struct chain *chain);

#endif

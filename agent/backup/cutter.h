/* Cuts a file into chunks.
 *
 *   pages   every CHUNK_PAGES bytes: a database's pages stay where they are, and a page that
 *           was written anew changes its own run alone
 *   stream  where a rolling hash of the last 64 bytes says so (gear hashing, as of FastCDC):
 *           what was put in or taken out moves the cuts around it alone
 *
 * A pure machine: bytes go in, chunks come out. The gear's table is drawn from a key of the
 * host, so that the sizes of chunks do not tell which known file this is. */
#ifndef AGENT_BACKUP_CUTTER_H
#define AGENT_BACKUP_CUTTER_H

#include "agent/backup/vault.h"
#include "runtime/base/buf.h"
#include "runtime/crypto/key.h"

enum {
	CHUNK_PAGES = 64 * 1024,
	CHUNK_LEAST = 16 * 1024, /* of a stream, but for its last */
	CHUNK_MOST = 256 * 1024,
	CHUNK_MEAN_BITS =
			16, /* cuts are 2^16 bytes apart, in the mean, beyond CHUNK_LEAST */
};

struct gear {
	uint64_t of[256];
};

void gear_init(struct gear *gear, const struct key *key);

struct cutter {
	const struct gear *gear;
	enum vault_shape shape;
	uint64_t hash;
	struct buf chunk;
};

void cutter_init(struct cutter *cutter, const struct gear *gear, enum vault_shape shape);
void cutter_deinit(struct cutter *cutter);
/* Takes bytes from the front of *bytes. True: the chunk is full; look at cutter->chunk and call
 * cutter_next(). False: all was taken. */
MUST_USE bool cutter_take(struct cutter *cutter, struct view *bytes);
void cutter_next(struct cutter *cutter);

#endif

/* A snapshot: all that the runtime keeps, as files of one moment, read while it serves.
 *
 *   accounts, one after the other ──► the queue ──► the caller's own ──► the intake log
 *
 * Each database's file is held still while it is read, and its owner goes on in the WAL; so
 * nobody waits for a copy. The log is retained from the first to the last (store/intake.h):
 * every message that had its 250 when the log was cut is in a restore once, wherever it was on
 * its way just then. Everything is ciphertext, and no key is needed for it.
 *
 * For one thread, which may block; one snapshot at a time. */
#ifndef RUNTIME_SNAPSHOT_H
#define RUNTIME_SNAPSHOT_H

#include "runtime/base/view.h"

struct runtime;
struct snapshot;

enum snapshot_outcome {
	SNAPSHOT_OK = 0,
	SNAPSHOT_OWN = 1,    /* the accounts and the queue are done: the caller's turn */
	SNAPSHOT_END,        /* there is no more */
	SNAPSHOT_E_LATER,    /* nothing was configured yet */
	SNAPSHOT_E_OUTGROWN, /* more mail came in meanwhile than the disk may hold twice */
	SNAPSHOT_E_MOVED,    /* an account's file was replaced meanwhile: begin again */
};

struct snapshot_file {
	struct view path; /* below the data directory; until the next file */
	struct view stamp; /* changes whenever the content does; the same. Empty: not known */
	uint64_t size;
	bool pages; /* a database's */
};

/* LATER. */
MUST_USE int runtime_snapshot(struct runtime *rt, struct snapshot **out);
/* The next file. OWN is said once, END at the end. */
MUST_USE int snapshot_next(struct snapshot *snapshot, struct snapshot_file *out);
/* The next bytes of it; *len_out is 0 at its end. */
MUST_USE int snapshot_read(
		struct snapshot *snapshot, void *bytes, size_t len, size_t *len_out);
/* Whether what was read is a copy: asked behind END. OUTGROWN, MOVED. */
MUST_USE int snapshot_check(struct snapshot *snapshot);
/* Everything goes on as it did. NULL is fine. */
void snapshot_free(struct snapshot *snapshot);
void snapshot_freep(struct snapshot **snapshot);

#endif

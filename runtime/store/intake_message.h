/* Within the intake log: what its parts share. */
#ifndef STORE_INTAKE_MESSAGE_H
#define STORE_INTAKE_MESSAGE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/list.h"
#include "runtime/store/intake.h"
#include "runtime/store/intake_segment.h"

#include <pthread.h>
#include <stdatomic.h>

enum intake_state {
	INTAKE_RUNNING,
	INTAKE_STOPPED, /* a flush failed: until the next start */
};

struct intake {
	const struct os *os;
	char *folder;
	const struct key *key;
	size_t budget;
	size_t segment_size;
	void (*committed)(void *state, struct intake_message *message);
	void *state;
	struct intake_recovery recovery;

	atomic_size_t memory; /* bytes of messages */
	atomic_int mode;      /* enum intake_state */

	/* Only the committing thread writes to segments. */
	struct segment *active; /* the newest of `segments`, or NULL */

	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t work;
	pthread_t thread;
	bool closing;
	uint64_t next_id;
	uint64_t next_segment;
	struct list live;      /* messages that were begun and not filed, by id */
	struct list waiting;   /* messages handed in */
	struct list recovered; /* messages of an earlier run, not yet asked for */
	struct list segments;  /* oldest first */
	struct buf marks;      /* ids for the next MARK frame */
	struct buf spent;      /* ids of spools that go once their mark is on the disk */
	struct {
		bool on, given_up;
		uint64_t most, grown;    /* bytes that were committed meanwhile */
		struct buf marks, spent; /* that wait until it is let go */
	} retained;
	uint64_t floor; /* told to the callers: it never goes back */
};

struct spool {
	int fd; /* -1: none */
	uint64_t end;
};

/*
 *   FILLING ──commit──► WAITING ──flushed──► COMMITTED ──filed──► freed
 */
struct intake_message {
	struct list live; /* intake->live */
	struct list link; /* intake->waiting, ->recovered, or a batch */
	struct intake *intake;
	struct arena *arena;
	uint64_t id;
	struct intake_envelope envelope;
	struct view trace;
	uint64_t size;
	struct digest digest;
	struct buf bytes; /* all of it; of a spooled one what is not yet written */
	bool in_memory;   /* `bytes` is all of it */
	struct spool spool;
	struct intake_end end;

	intake_done *done;
	void *arg;
	int outcome; /* found before the flush: then it is not written */

	/* Once committed: */
	struct segment *segment;
	uint64_t chunks_at; /* where its first CHUNK frame stands */
};

/* A new one with the next id (or `id`, of an earlier run), in intake->live. */
MUST_USE struct intake_message *intake_message_new(struct intake *intake, uint64_t id);
/* Takes it out of `live`, closes its spool, gives its memory back. */
void intake_message_free(struct intake_message *message);
/* Keeps the bytes in the log only. */
void intake_message_forget(struct intake_message *message);
/* Where the frame of its n-th chunk stands in its file. */
uint64_t intake_chunk_at(const struct intake_message *message, uint64_t n);

/* Locked. Counts what a batch has brought; where it is too much the log is let go. */
void intake_retained_grew(struct intake *intake, uint64_t bytes);

/* Reads the folder: segments, messages that are not filed, spools that nothing needs. */
MUST_USE int intake_recover(struct intake *intake);

#endif

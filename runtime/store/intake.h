/* The intake log: the one commit point of an accepted message.
 *
 * Append-only segments, zero-filled ahead, in DATA/intake. A message is a record of
 * frames, BEGIN (envelope), CHUNK*, END (trace header, digest), each with its length and
 * a keyed tag, encrypted. A message of up to 256 KiB waits in memory, within a budget for
 * all, and is appended whole; a larger one, or one past the budget, spools to ID.body,
 * which is synced before its END. One thread commits: all messages that wait share one
 * fdatasync, then hear of it.
 *
 *   begin ──► chunk* ──► commit ──► (fdatasync) ──► done ──► filed
 *      └────────┴──► abandon                         │ a crash: comes again from
 *                                                    └ intake_next_unfiled
 *
 * A flush that fails stops acceptance until the next start: it is never tried again. A
 * full disk is an outcome and heals. A torn tail ends at the last frame whose tag
 * verifies; a segment is never written again once it was left, and goes when all its
 * messages are filed. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "runtime/base/os.h"
#include "runtime/mail/dsn.h"

#include <stdbool.h>

enum {
	INTAKE_ACCOUNT_SIZE = 16,
	INTAKE_BUFFERED = 256 * 1024, /* bytes of a message that may wait in memory */
};

enum intake_outcome {
	INTAKE_OK = 0,
	INTAKE_E_FULL = 1, /* 452 4.3.1: the disk is full; later perhaps */
	INTAKE_E_STOPPED,  /* 451 4.3.0: a flush failed, nothing is accepted before a
			      restart */
	INTAKE_E_DAMAGED,  /* reading back: what is there does not verify */
	INTAKE_E_ENVELOPE, /* 452 4.5.3: recipients and what they ask fill no record */
};

struct intake;
struct arena; /* runtime/base/arena.h */
struct key;   /* runtime/crypto/key.h */
struct intake_message;

struct intake_recipient {
	unsigned char account
			[INTAKE_ACCOUNT_SIZE]; /* all zero: it leads to another host */
	struct view address;                   /* as it stood in RCPT: for Delivered-To */
	unsigned notify;                       /* enum dsn_notify */
	struct view orcpt;                     /* as it came; empty: not given */
	/* Of what leads to another host: the address of ours that sends it on; empty: the
	 * sender wrote there himself. */
	struct view forwarder;
};

struct intake_envelope {
	struct view sender; /* empty: <> */
	walltime received;
	bool utf8;      /* SMTPUTF8 was asked: it can go on by SMTPUTF8 only */
	bool eight_bit; /* BODY=8BITMIME */
	enum dsn_ret ret;
	struct view envid; /* as it came; empty: not given */
	/* What in this process made the message and is to be told that it is durable before
	 * any of it is filed (the queue's report); 0: it came from outside. */
	uint64_t origin;
	const struct intake_recipient *recipients;
	size_t recipient_count;
};

/* True where it is the queue's to bring on its way. */
bool intake_leads_out(const struct intake_recipient *recipient);

struct intake_options {
	const struct os *os;
	const char *folder;    /* exists */
	const struct key *key; /* of PURPOSE_INTAKE; borrowed until the close */
	size_t budget;         /* bytes of message in memory, of all messages */
	size_t segment_size;   /* bytes; 0: 16 MiB */
	/* Called on the committing thread with each message that is now on the disk,
	 * before its done(): it is the receiver's until intake_filed. It must only post.
	 */
	void (*committed)(void *state, struct intake_message *message);
	void *state;
};

/* Reads what the segments hold, then starts the committing thread. */
MUST_USE int intake_open(const struct intake_options *options, struct intake **out);
/* Commits what waits, ends the thread. Messages that others hold must be filed, released
 * or abandoned before. NULL is fine. */
void intake_close(struct intake *intake);

/* A message that an earlier run accepted and did not file, the receiver's until
 * intake_filed or intake_release; NULL after the last. */
MUST_USE struct intake_message *intake_next_unfiled(struct intake *intake);

/* Begins a message; the envelope is copied. STOPPED, ENVELOPE. */
MUST_USE int intake_begin(struct intake *intake, const struct intake_envelope *envelope,
		struct intake_message **out);
/* May write to the spool. After an outcome the message is only to be abandoned. */
MUST_USE int intake_chunk(struct intake_message *message, struct view bytes);
/* Drops a message that is not committed. NULL is fine. */
void intake_abandon(struct intake_message *message);

/* Hands the message in, with the trace header that goes before its bytes. done() is
 * called on the committing thread, once, with 0 or FULL or STOPPED; it must only post.
 * The message is no longer the caller's. */
typedef void intake_done(void *arg, int outcome, uint64_t id);
void intake_commit(struct intake_message *message, struct view trace, intake_done *done,
		void *arg);

/* Reading a committed message: from any number of threads. */
uint64_t intake_message_id(const struct intake_message *message);
const struct intake_envelope *intake_message_envelope(
		const struct intake_message *message);
struct view intake_message_trace(const struct intake_message *message);
/* Bytes, the trace header not counted. */
uint64_t intake_message_size(const struct intake_message *message);
/* Reads up to `len` bytes from `offset`; *len_out is smaller only at its end. DAMAGED.
 * Cheapest in pieces of 64 KiB at multiples of it. */
MUST_USE int intake_message_read(const struct intake_message *message, uint64_t offset,
		void *bytes, size_t len, size_t *len_out);

/* All its recipients have it: it leaves the log and is freed. A mark that a crash takes
 * back brings the message again; filing it a second time does nothing. */
void intake_filed(struct intake *intake, struct intake_message *message);
/* Gives it back unfiled, as a stop does: it comes again at the next start. */
void intake_release(struct intake *intake, struct intake_message *message);

/* -- a copy of the log, while it is written --
 *
 * What is filed while the log is retained is not marked so, no file of it goes, and the floor
 * stays: whatever is copied meanwhile, in whatever order, a log that was cut at the end brings
 * again what may be missing there, and what is there is recognised. As after a crash, it is
 * all there once. */

/* Until intake_let_go(), or until the log has grown by `most` bytes. One at a time. */
void intake_retain(struct intake *intake, uint64_t most);

enum {
	INTAKE_PIECE_NAME = 24,
};

struct intake_piece {
	char name[INTAKE_PIECE_NAME]; /* of a file of the folder */
	uint64_t size;                /* of its first bytes; UINT64_MAX: all of them */
	bool may_vanish;              /* it is there, or not needed */
};

/* What the log is now: files that only grow while it is retained, in the arena. */
MUST_USE int intake_cut(struct intake *intake, struct arena *arena,
		struct intake_piece **out, size_t *count_out);
/* False where the log had grown too much: what was copied is no copy. */
bool intake_let_go(struct intake *intake);

/* No message with a smaller id is in the log or ever will be. */
uint64_t intake_floor(struct intake *intake);
/* False after a failed flush. */
bool intake_accepting(const struct intake *intake);

struct intake_recovery {
	size_t segments, messages;
	size_t damaged; /* places within the log, its torn tail not counted, that did not
			   verify */
};

/* What the start found. */
struct intake_recovery intake_recovered(const struct intake *intake);

#endif

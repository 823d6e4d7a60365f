/* The queue: what leads to other hosts, on disk until each recipient has it or has failed
 * for good.
 *
 * It is one encrypted database, DATA/queue.db: messages, their bytes in pieces, recipients
 * with what was last heard of them, and reports that are owed to senders. A message comes
 * from the intake log and goes when nothing of it is left. What an attempt brought is
 * recorded in one transaction with the reports that follow from it, so that neither is
 * without the other.
 *
 *   recipient:  WAITING ──delivered, or failed with nobody to tell──► gone
 *                │  ▲ └──failed──► REPORTED ──its report is in the intake log──► gone
 *              HELD─┘
 *
 * A report is made by the caller: written by mail/report.h, put into the intake log under
 * the report's id as its origin, and settled here once it is durable there; the message
 * that carries an origin waits with its filing until it is settled. So a crash makes no
 * report twice and loses none.
 *
 * Used by one thread at a time. Outcomes are those of store/database.h. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/mail/dsn.h"
#include "runtime/store/database.h"

enum {
	QUEUE_PIECE = 64 * 1024,          /* bytes of a message in a row */
	QUEUE_TOLD_MAX = 4 * QUEUE_PIECE, /* of one whose success is reported */
};

struct intake_message; /* store/intake.h */
struct key;
struct queue;

struct queue_options {
	const char *path;
	const struct key *key; /* of PURPOSE_QUEUE; borrowed until the close */
	const char *below;     /* as of struct database_options; NULL: unix-excl */
};

/* The file is made where it is absent. */
MUST_USE int queue_open(const struct queue_options *options, struct queue **out);
/* NULL is fine. */
void queue_close(struct queue *queue);

/* From now on the file stays as it is, for a copy (database_freeze); changes go on. */
MUST_USE int queue_freeze(struct queue *queue);
void queue_thaw(struct queue *queue);

/* -- in -- */

/* Takes over what of these messages leads to other hosts: the recipients without an
 * account. On disk when it returns 0. A message that was taken before is not taken twice;
 * `floor` is intake_floor(). Each id_out is the message's, or 0 where nothing of it is
 * here (any more). */
MUST_USE int queue_take(struct queue *queue, struct intake_message *const *messages,
		size_t count, uint64_t floor, walltime now, uint64_t *ids_out);

/* Whether the sender of a message is told that it was delivered here: he asked for it
 * (RFC 3461, 5.2.1), and is no stranger whose name may be forged. */
MUST_USE bool queue_tells(const struct intake_message *message);
/* Owes that report: of each recipient here who was asked about, and of each who sends it
 * on. The message is in all mailboxes. It is owed once, however often this is said. */
MUST_USE int queue_tell(struct queue *queue, const struct intake_message *message,
		uint64_t floor, walltime now);

/* -- what is there -- */

/* What was last heard about a recipient. */
struct queue_reply {
	struct view host;   /* who said it; empty: we did */
	unsigned code;      /* of the reply; 0: no host has spoken */
	struct view status; /* "5.1.1" (RFC 3463); empty: nothing was tried yet */
	struct view text;   /* the reply, or what happened */
	walltime at;        /* 0: nothing was tried yet */
};

enum queue_state {
	QUEUE_WAITING,
	QUEUE_HELD,     /* by the operator */
	QUEUE_REPORTED, /* over, and its sender is to be told */
};

enum queue_action { /* that a report tells (RFC 3464, 2.3.3) */
	QUEUE_ACTION_NONE,
	QUEUE_ACTION_FAILED,
	QUEUE_ACTION_DELAYED,
	QUEUE_ACTION_RELAYED,   /* to a host that makes no reports */
	QUEUE_ACTION_DELIVERED, /* into a mailbox here */
};

struct queue_recipient {
	uint64_t id;
	struct view address;
	struct view domain; /* normalised */
	unsigned notify;    /* enum dsn_notify */
	struct view orcpt;
	/* The address of ours that sends it on, and whose owner hears that it failed;
	 * empty: the sender wrote there. */
	struct view forwarder;
	enum queue_state state;
	enum queue_action action; /* what the report tells, where one is owed */
	uint64_t report;          /* 0: none is */
	unsigned attempts;
	walltime due;
	struct queue_reply last;
};

struct queue_message {
	uint64_t id;
	struct view sender; /* empty: <> */
	walltime received;
	bool utf8, eight_bit;
	enum dsn_ret ret;
	struct view envid;
	uint64_t size;
	struct queue_recipient *recipients;
	size_t recipient_count;
};

/* The smallest id above `after`; 0 after the last. */
MUST_USE int queue_next(struct queue *queue, uint64_t after, uint64_t *id_out);
/* Reads a message with all its recipients into the arena; DATABASE_E_ABSENT. */
MUST_USE int queue_load(struct queue *queue, uint64_t id, struct arena *arena,
		struct queue_message *out);
/* Adds the bytes of its n-th piece, counted from 0; none after the last. */
MUST_USE int queue_read(
		struct queue *queue, uint64_t id, uint64_t piece, struct buf *out);

struct queue_counts {
	uint64_t messages, recipients, held;
	walltime oldest; /* accepted then; 0: the queue is empty */
};

MUST_USE int queue_count(struct queue *queue, struct queue_counts *out);

/* -- what became of an attempt -- */

enum queue_outcome {
	QUEUE_DELIVERED, /* to a host that reports by itself what was asked */
	QUEUE_RELAYED,   /* to one that does not: who asked for success is told */
	QUEUE_DEFERRED,
	QUEUE_REFUSED,
};

struct queue_result {
	uint64_t recipient;
	enum queue_outcome outcome;
	/* As of struct queue_reply. */
	struct view host;
	unsigned code;
	struct view status, text;
	uint32_t random; /* spreads the next attempt */
};

/* Records results of one message. What has waited too long fails; who waits for hours is
 * told once. *reports_out: whether a report is owed now. */
MUST_USE int queue_record(struct queue *queue, uint64_t message,
		const struct queue_result *results, size_t count, walltime now,
		bool *reports_out);

/* Several of them in one transaction. */
MUST_USE int queue_begin(struct queue *queue);
MUST_USE int queue_commit(struct queue *queue);
/* Harmless where none is open. */
void queue_abort(struct queue *queue);

/* -- what other domains say of TLS (mailauth/sts.h) -- */

struct queue_policy {
	struct view domain;
	struct view id;
	walltime expires;
	struct view text; /* as it was fetched; empty: it could not be, for now */
};

/* Replaces what is kept of its domain. */
MUST_USE int queue_keep_policy(
		struct queue *queue, const struct queue_policy *policy, walltime now);
/* Into the arena, but for the domain; DATABASE_E_ABSENT: none is kept, or it is over. */
MUST_USE int queue_find_policy(struct queue *queue, struct view domain, walltime now,
		struct arena *arena, struct queue_policy *out);

/* -- reports -- */

/* The smallest report above `after` that is owed, and its message; 0 after the last. Its
 * recipients are those of the message whose `report` it is; there may be none by now. */
MUST_USE int queue_next_report(struct queue *queue, uint64_t after, uint64_t *report_out,
		uint64_t *message_out);
/* It is durable elsewhere, or not to be made. One that is settled already is fine. */
MUST_USE int queue_settle(struct queue *queue, uint64_t report);

/* -- the operator's -- */

/* `message` 0: all. What is held is not tried. */
MUST_USE int queue_hold(struct queue *queue, uint64_t message, bool held);
/* Due at once, with the count of attempts as it is. */
MUST_USE int queue_hurry(struct queue *queue, uint64_t message, walltime now);
/* Gives up what waits of a message: with `report` its sender is told. DATABASE_E_ABSENT. */
MUST_USE int queue_cancel(struct queue *queue, uint64_t message, bool report);

#endif

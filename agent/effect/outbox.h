/* The outbox: effects outside of this process that a plan decided on, one row each.
 *
 *   PENDING ──commit──► INTENT ──call──► DONE
 *      ▲                  │ │
 *      │ live is what     │ └─nothing was changed─► FAILED ──its time──► INTENT
 *      │ was before       │
 *      └──── UNKNOWN ◄────┘ the answer was lost, or the process
 *               │
 *               ├─ live is what was wanted ─────────► DONE
 *               └─ live is something else ─► a new row is planned, from what lives
 *
 * A row is INTENT on disk before its call is made. What is INTENT at start is UNKNOWN: it
 * is looked at, never called again unseen. There is one row an object, the newest; while a
 * call of the one before is out there are two. Everything here is within the caller's
 * transaction. */
#ifndef AGENT_OUTBOX_H
#define AGENT_OUTBOX_H

#include "agent/database/reason.h"
#include "agent/effect/effect.h"

struct database;

enum outbox_state {
	OUTBOX_PENDING, /* never called */
	OUTBOX_INTENT,  /* a call is out, or was when the process ended */
	OUTBOX_UNKNOWN, /* what became of it has to be seen */
	OUTBOX_FAILED, /* it was refused, and nothing was changed; or its next step waits */
	OUTBOX_DONE,
	OUTBOX_STATES,
};

const char *outbox_state_name(enum outbox_state state);

/* The digest of what lives: of a text, of nothing, or nobody knows. */
struct live_hash {
	enum {
		LIVE_UNKNOWN,
		LIVE_NOTHING,
		LIVE_SOMETHING,
	} is;
	unsigned char digest[DIGEST_SIZE];
};

struct live_hash live_hash_of(struct view text); /* empty: nothing */
bool live_hash_eq(const struct live_hash *a, const struct live_hash *b);

enum {
	OUTBOX_KEY = 32, /* hexadecimal digits of an idempotency key */
};

/* Which row: the transaction that planned it, and its number there. */
struct outbox_id {
	uint64_t serial, seq;
};

struct outbox_row {
	struct outbox_id id;
	unsigned char uid[UID_SIZE];
	struct view kind, name; /* of the object; views live in the reader's arena */
	struct view provider;
	enum operation operation;
	struct view key;
	struct view text;
	struct view former; /* what else of ours may live (effect.h) */
	struct live_hash before, after;
	struct view dependencies; /* uids of what has to be done first, one after the other */
	enum outbox_state state;
	unsigned attempts; /* that failed in a row */
	walltime next_at;  /* not before; OUTBOX_NEVER: until something happens */
	struct view reason, message; /* of the last failure; or empty */
	struct view progress; /* sealed; or empty. Of one row that is read, as `text` is */
};

#define OUTBOX_NEVER INT64_MAX

/* A key that was never used. */
struct view outbox_new_key(struct arena *arena);

MUST_USE int outbox_insert(struct database *db, const struct outbox_row *row);
/* State, attempts, next_at, reason and message; and what lives, with the operation that
 * follows from it, where that is known better now. Not the progress. */
MUST_USE int outbox_update(struct database *db, const struct outbox_row *row);
/* Only what its text says lives of it. */
MUST_USE int outbox_forget_former(struct database *db, struct outbox_id id);
/* How far it is, sealed; empty: it has not begun, or is done. */
MUST_USE int outbox_set_progress(
		struct database *db, struct outbox_id id, struct view progress);
MUST_USE int outbox_delete(struct database *db, struct outbox_id id);
/* All of an object; a call that is out comes back to nobody. */
MUST_USE int outbox_delete_all(struct database *db, const unsigned char uid[UID_SIZE]);

enum {
	OUTBOX_E_ABSENT = 100, /* beyond the outcomes of a database */
};

/* One row, with its text, what was before, and its progress: the others come without. */
MUST_USE int outbox_read(struct database *db, struct outbox_id id, struct arena *arena,
		struct outbox_row *out);
/* The object's newest row. */
MUST_USE int outbox_newest(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct outbox_row *out);
/* All rows, oldest first, in the arena. */
MUST_USE int outbox_read_all(struct database *db, struct arena *arena,
		struct outbox_row **out, size_t *count_out);

#endif

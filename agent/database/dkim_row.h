/* Keys that sign for a domain, one row each in the control database: made, seen by the world,
 * signing, retired, gone.
 *
 *   WAITING ──its record is seen──► ACTIVE ──a successor signs──► LEAVING ──► HIDDEN ──► gone
 *      └────────── the state does not want it any more ──────────────┘ (DKIM_GRACE_S)  (DKIM_KEPT_S)
 *
 * WAITING and ACTIVE, the record is wanted; LEAVING, it still is, for mail that is on its way
 * (a signature holds for a week, the queue waits for five days); HIDDEN, the key is kept for
 * the case that somebody has to prove something, then shredded. A row that never signed goes
 * from WAITING to HIDDEN at once. Rows outlive their object. */
#ifndef AGENT_DKIM_ROW_H
#define AGENT_DKIM_ROW_H

#include "agent/database/object.h"
#include "runtime/base/buf.h"
#include "runtime/base/secret.h"
#include "schema/desired.h"

struct database;
struct key; /* runtime/crypto/key.h */

/* How old a key becomes is said by the state (`rotate`); all else of its life is here. */
enum {
	DKIM_GRACE_S = 7 * 86400, /* no TTL is longer, nor is a signature's life */
	DKIM_KEPT_S = 30 * 86400,
};

enum dkim_state {
	DKIM_WAITING,
	DKIM_ACTIVE,
	DKIM_LEAVING,
	DKIM_HIDDEN,
};

struct dkim_row {
	struct view domain, selector;
	enum desired_dkim algorithm;
	unsigned char object[UID_SIZE];
	struct view sealed;
	struct view public_key; /* octets, as signing_key_public() adds them */
	int64_t rotate;         /* seconds */
	walltime made_at, active_at, retired_at; /* 0: not yet */
};

/* "rsa2048", as the state says it. */
const char *dkim_algorithm_name(enum desired_dkim algorithm);
enum dkim_state dkim_row_state(const struct dkim_row *row, walltime now);
/* When that changes by time alone; 0: never. */
walltime dkim_row_changes(const struct dkim_row *row, walltime now);
/* The name of its record, "SELECTOR._domainkey.DOMAIN". */
struct view dkim_record_name(
		struct arena *arena, struct view domain, struct view selector);

/* All of them, by domain and selector, in the arena. */
MUST_USE int dkim_rows_read(struct database *db, struct arena *arena,
		struct dkim_row **out, size_t *count_out);
/* Those of one domain, among `*count` by domain; *count is then theirs. */
const struct dkim_row *dkim_rows_of(
		const struct dkim_row *rows, size_t *count, struct view domain);
/* Makes a key and its row; `public_key` lives in the arena. Takes a while for RSA. */
MUST_USE int dkim_row_make(struct database *db, const struct key *seals,
		struct arena *arena, struct dkim_row *row);
/* It signs from now on, alone of those of its object. */
MUST_USE int dkim_row_activate(
		struct database *db, const struct dkim_row *row, walltime now);
/* None of the object's signs any more. */
MUST_USE int dkim_rows_retire(
		struct database *db, const unsigned char object[UID_SIZE], walltime now);
/* How old those that are not retired become. */
MUST_USE int dkim_rows_set_rotate(struct database *db,
		const unsigned char object[UID_SIZE], int64_t rotate);
/* Destroys those whose time is over. Writes nothing where there are none. */
MUST_USE int dkim_rows_shred(struct database *db, walltime now);

/* Opens its private half, PEM. -EBADMSG: it is another row's, or was sealed under another
 * key. */
MUST_USE int dkim_row_open(
		const struct dkim_row *row, const struct key *seals, struct secret *out);

#endif

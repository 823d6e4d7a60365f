/* What was done and by whom: steps by transaction, events that are counted, and the
 * audit, whose rows hold each other by a chain of hashes. */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include "agent/plan/plan.h"

struct database;

struct journal_hashes {
	const unsigned char *before; /* of the spec; NULL: there was none */
	const unsigned char *after;  /* NULL: there is none any more */
};

/* The step of a change, as number `seq` of transaction `serial`. */
MUST_USE int journal_step(struct database *db, uint64_t serial, uint64_t seq,
		const struct change *change, const struct journal_hashes *hashes);

/* Counts the event `reason` of `object` ("user/anna", or "" for all of it). */
MUST_USE int journal_event(struct database *db, struct view object, const char *reason,
		struct view message, walltime now);

struct audit_entry {
	walltime at;
	struct view actor;
	const char *action;
	struct view object; /* user/anna */
	const unsigned char *uid;
	const unsigned char *plan_digest; /* NULL: no plan was behind it */
	struct journal_hashes hashes;
};

/* Puts an entry behind the last one. Within a transaction. */
MUST_USE int audit_add(struct database *db, const struct audit_entry *entry);

enum {
	AUDIT_OK = 0,
	AUDIT_E_BROKEN = 1, /* *seq_out is the first row that does not hold */
};

/* Walks the whole chain. */
MUST_USE int audit_verify(struct database *db, uint64_t *seq_out);

#endif

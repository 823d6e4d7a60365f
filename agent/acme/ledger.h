/* What an issuer was asked for lately: most of them count, and refuse for days who asks for
 * too much. What would be too much is not asked for. An entry is written before what it counts
 * goes out, so that a call of which nobody knows the end counts as well.
 *
 * The limits are those of Let's Encrypt, and hold of every issuer. */
#ifndef AGENT_ACME_LEDGER_H
#define AGENT_ACME_LEDGER_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"
#include "runtime/base/view.h"

struct database;

enum ledger_limit {
	LEDGER_ORDERS,     /* of one account, in three hours */
	LEDGER_DUPLICATES, /* certificates for exactly the same names, in a week */
	LEDGER_DOMAIN,   /* certificates for one domain and what is below it, in a week */
	LEDGER_FAILURES, /* of one name, in an hour */
	LEDGER_LIMITS,
};

struct ledger_rule {
	const char *word;
	unsigned most;
	int seconds;
	const char *what; /* for people */
};

const struct ledger_rule *ledger_rule(enum ledger_limit limit);

/* All below: within a transaction. `issuer` is the URL of its directory, `names` are those of
 * one certificate, sorted. */

/* When an order may go out, or its certificate be asked for: `now` where there is room; else
 * *limit_out says what is in its way. What was counted under `once` already is in nothing's
 * way. */
MUST_USE int ledger_room(struct database *db, struct view issuer,
		const struct view *names, size_t count, struct view once, walltime now,
		walltime *at_out, enum ledger_limit *limit_out);
/* An order goes out; `once` tells it from all others. */
MUST_USE int ledger_order(
		struct database *db, struct view issuer, struct view once, walltime now);
/* The certificate of an order is asked for: counted once an order. */
MUST_USE int ledger_certificate(struct database *db, struct view issuer,
		const struct view *names, size_t count, struct view order, walltime now);
/* The issuer did not see that the name is ours: counted once an authorization. */
MUST_USE int ledger_failure(struct database *db, struct view issuer, struct view name,
		struct view authorization, walltime now);

#endif

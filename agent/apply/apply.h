/* Carries out a plan within one transaction: every object's row, what its driver adds to
 * it, the journal and the audit. The runtime's configuration is built from what was
 * written and swapped in before the commit, by agent.c. */
#ifndef AGENT_APPLY_H
#define AGENT_APPLY_H

#include "agent/plan/observe.h"
#include "agent/plan/plan.h"
#include "runtime/crypto/broker.h"

struct application {
	struct observation *o;
	struct plan *plan;
	struct broker *broker;
	const struct key *tls_key; /* seals certificates' keys */
	struct view actor;
	uint64_t serial;     /* of this transaction */
	uint64_t generation; /* whose files the declarations are in */

	/* of apply */
	struct broker_wrapped *wrapped; /* malloc'd: the new accounts' keys, in order */
	size_t wrapped_count, wrapped_used;
	uint64_t effects; /* put into the outbox */
};

/* Draws uids and has the new accounts' keys wrapped: all that may block. */
MUST_USE int apply_prepare(struct application *a);
/* Writes all that is not held. Within a transaction. On success the observation's objects
 * are as their rows. */
MUST_USE int apply_write(struct application *a);
void application_deinit(struct application *a);

/* For drivers. */
static inline struct database *application_db(struct application *a)
{
	return a->o->db;
}

#endif

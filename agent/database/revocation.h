/* Revocations: people of `trust`, and keys by their fingerprint, of whom nothing counts any
 * more, whatever agent.yaml and its lists say: no commit, no tag, no approval. What they had
 * applied before stays; what waited because of them alone waits for others. */
#ifndef AGENT_REVOCATION_H
#define AGENT_REVOCATION_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"

#include <jansson.h>

struct database;

enum {
	REVOCATION_NAME = 255, /* bytes of a name */
};

struct revocations {
	struct view *names; /* people, and "SHA256:…" */
	size_t count;
};

/* In the arena. */
MUST_USE int revocations_read(
		struct database *db, struct arena *arena, struct revocations *out);
bool revocations_have(const struct revocations *revocations, struct view name);
/* Within a transaction. Again, it is nothing new. */
MUST_USE int revocation_add(
		struct database *db, struct view name, struct view actor, walltime now);
/* *had_out: it was revoked. */
MUST_USE int revocation_remove(struct database *db, struct view name, bool *had_out);

#endif

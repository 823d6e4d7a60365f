/* The source: what of a repository was applied, and what was refused, in the control
 * database. One row; it is written when something changes, never by a poll that finds
 * nothing. */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#include "agent/git/object.h"

#include <jansson.h>

struct database;

struct source {
	bool has_applied;
	struct object_id applied;
	walltime applied_at;
	uint64_t generation; /* that it became */
	struct view signer, fingerprint, subject;

	bool has_refused;
	struct object_id refused; /* a tip */
	walltime refused_at;
	struct view reason; /* a word of reason.c */
	struct view message;
	bool state_refused; /* it is trusted, and its state cannot be applied */

	bool has_accepted;
	struct object_id accepted; /* `git accept-rewind` */

	bool detached; /* `apply --detach-source`: nothing is taken from it */
};

/* All zero where nothing was written yet; views live in the arena. */
MUST_USE int source_read(struct database *db, struct arena *arena, struct source *out);
MUST_USE int source_write(struct database *db, const struct source *source);

#endif

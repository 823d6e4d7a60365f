/* A reconciler that was told to hold still, until when, by whom and why.
 *
 * It always has an end, so that no suspension is forgotten for months. While it lasts
 * nothing is applied: not by the timer, not by a changed file, not by `apply`. Mail flows
 * as it did. */
#ifndef AGENT_SUSPENSION_H
#define AGENT_SUSPENSION_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

#include <jansson.h>

struct database;

enum {
	SUSPENSION_LONGEST = 366 * 24 * 60 * 60, /* seconds */
	SUSPENSION_REASON = 500,                 /* bytes */
};

struct suspension {
	walltime until; /* 0: there is none */
	walltime since;
	struct view reason;
	struct view actor;
};

/* The one that holds at `now`; until 0 where there is none, or its time is over. */
MUST_USE int suspension_read(struct database *db, walltime now, struct arena *arena,
		struct suspension *out);
/* Puts it in the place of another; until 0 ends it. */
MUST_USE int suspension_write(struct database *db, const struct suspension *suspension);

/* "suspended until 2026-12-01T08:00:00Z by uid 0: moving house" */
void suspension_print(const struct suspension *suspension, struct buf *out);
/* A new reference; null where there is none. */
MUST_USE json_t *suspension_json(const struct suspension *suspension);

#endif

/* A generation that is taken back unless somebody confirms it: for a change that could lock
 * its author out. At most one. */
#ifndef AGENT_CONFIRMATION_H
#define AGENT_CONFIRMATION_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"

#include <jansson.h>

struct database;

enum {
	CONFIRM_LONGEST = 24 * 60 * 60, /* seconds */
};

struct confirmation {
	uint64_t generation; /* 0: none is awaited */
	uint64_t back_to;    /* the generation that takes its place */
	walltime until;
	walltime within; /* seconds that were given */
};

MUST_USE int confirmation_read(struct database *db, struct confirmation *out);
/* Puts it there; generation 0 ends it. Within a transaction. */
MUST_USE int confirmation_write(
		struct database *db, const struct confirmation *confirmation);

/* "generation 5 goes back to 4 at 2026-12-01T08:00:00Z" */
void confirmation_print(const struct confirmation *confirmation, struct buf *out);
/* A new reference; null where there is none. */
MUST_USE json_t *confirmation_json(const struct confirmation *confirmation);

#endif

/* What a domain last said of TLS for mail to it (MTA-STS), one row each in the control
 * database. It outlives its object: the file is served until nobody is told of it any more. */
#ifndef AGENT_ZONE_STS_ROW_H
#define AGENT_ZONE_STS_ROW_H

#include "agent/zone/policy.h"

struct database;

struct sts_row {
	struct view domain;
	struct sts_past past;
	struct view file;
	/* Since when the zone has the new exchangers alone, where the policy names those of
	 * before, too; 0: it has not. */
	walltime exchangers_at;
	bool gone; /* the state wants none of it: the next one begins anew */
};

/* All of them, by domain, in the arena. */
MUST_USE int sts_rows_read(struct database *db, struct arena *arena, struct sts_row **out,
		size_t *count_out);
/* NULL: there is none. */
const struct sts_row *sts_row_of(
		const struct sts_row *rows, size_t count, struct view domain);
/* It is served from now on. What all could see of the former, and what they remember, counts on
 * as far as it is the same. */
MUST_USE int sts_row_serve(struct database *db, struct view domain,
		const struct zone_sts *sts, const struct sts_row *former);
MUST_USE int sts_row_set_exchangers(
		struct database *db, struct view domain, walltime now);
/* All can see it, and nobody any other. */
MUST_USE int sts_row_settle(
		struct database *db, struct view domain, struct view id, walltime now);
MUST_USE int sts_row_leave(struct database *db, struct view domain);
MUST_USE int sts_row_delete(struct database *db, struct view domain);

/* When the first step of a domain's DMARC policy was said. 0: it was not. */
MUST_USE int dmarc_since_read(struct database *db, struct view domain, walltime *out);
MUST_USE int dmarc_since_set(struct database *db, struct view domain, walltime since);
MUST_USE int dmarc_since_delete(struct database *db, struct view domain);

#endif

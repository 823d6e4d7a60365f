/* What a domain asks of the world, and how it gets there: policies of MTA-STS (RFC 8461) and
 * DMARC (RFC 7489). Functions of what the state says, what was said before, and the time.
 *
 *   MTA-STS:  (none) ──► testing ──ramp──► enforce        mode none, or no `mta_sts`:
 *                           └────────────────┴──► none ──as long as any that was there is
 *                                                        remembered──► (none)
 *   DMARC:    none ──ramp──► quarantine ──ramp──► reject
 *
 * A policy of MTA-STS names the hosts that take the domain's mail. While those change it
 * names the ones before and the ones behind: who remembers either finds a host that is in it. */
#ifndef AGENT_ZONE_POLICY_H
#define AGENT_ZONE_POLICY_H

#include "agent/zone/records.h"

enum {
	STS_AGE_ENFORCE = 7 * 86400, /* seconds that a sender remembers it */
	STS_AGE_TESTING = 86400,
	STS_AGE_NONE = 86400,
};

/* What was served of a domain. */
struct sts_past {
	enum desired_sts mode;
	struct view hosts; /* as in zone_sts */
	struct view id;
	walltime longest;       /* max_age of any that may be remembered, seconds */
	walltime testing_since; /* since when all could see testing; 0: they could not */
	walltime none_since;    /* the same of none */
};

struct sts_question {
	bool said;             /* the domain has `mta_sts` */
	enum desired_sts mode; /* that it says */
	nstime ramp;
	struct view hosts;           /* that take its mail, as in zone_sts */
	const struct sts_past *past; /* NULL: none was served */
	bool settled; /* the zone has named these hosts, and no others, for as long as a TTL */
	walltime now;
};

/* Hosts of the state, sorted, with blanks between them. */
struct view sts_hosts(struct arena *arena, const struct desired *desired);
/* *changes_at: when time alone makes it another; 0: never. */
struct zone_sts sts_policy(struct arena *arena, const struct sts_question *question,
		walltime *changes_at);
const char *sts_word(enum desired_sts mode);

/* `since`: when its first step was said; 0: it was not yet. */
enum desired_dmarc dmarc_step(enum desired_dmarc policy, nstime ramp, walltime since,
		walltime now, walltime *changes_at);

#endif

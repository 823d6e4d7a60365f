/* What PowerDNS says, and what is said to it: functions of their arguments. Not for other
 * floors. */
#ifndef AGENT_PROVIDER_POWERDNS_INSIDE_H
#define AGENT_PROVIDER_POWERDNS_INSIDE_H

#include "agent/provider/rrset.h"

#include <jansson.h>

/* One set of an answer. */
struct powerdns_zone {
	struct rrset set; /* what is served */
	json_t *records;  /* all of its records as the server wrote them; NULL: none */
	bool has_soa;     /* the answer shows the SOA of the zone */
};

void powerdns_zone_deinit(struct powerdns_zone *zone);

/* 0, or 1 and *why_out: it is about another zone, no such JSON, or has values that cannot be
 * kept. */
MUST_USE int powerdns_read(struct view text, struct view zone, struct view name,
		struct view type, struct arena *arena, struct powerdns_zone *out,
		const char **why_out);

/* The body of a change that makes the set into `after`, malloc'd. */
MUST_USE char *powerdns_change(
		const struct powerdns_zone *zone, const struct rrset *after);

#endif

/* The RRsets of a state: its records, gathered by name and type in the form in which zones
 * are compared, with what cannot stand side by side. A function of its arguments. */
#ifndef AGENT_ZONE_RRSETS_H
#define AGENT_ZONE_RRSETS_H

#include "agent/provider/rrset.h"
#include "agent/zone/records.h"

struct zone_rrset {
	struct view key; /* NAME/TYPE */
	const struct desired_domain *zone;
	struct rrset set; /* without values that are pending */
	const struct zone_record **records;
	size_t record_count;
	bool pending; /* some value is to be made yet */
	/* Two that exclude each other: one of these, and one that may lie in another set;
	 * NULL: none do. */
	const struct zone_record *one, *other;
	int outcome; /* of rrset_make: not 0: there can be no such set */
};

struct zone_rrsets {
	struct zone_rrset *items; /* in the order of the records */
	size_t count;
};

/* Of all zones; `records` lives as long. */
void zone_rrsets(const struct zone_records *records, struct arena *arena,
		struct zone_rrsets *out);
/* By key; NULL where there is none. */
const struct zone_rrset *zone_rrset_of(const struct zone_rrsets *sets, struct view key);

/* Of which values a name has one at most: `v=spf1` of a text that says who may send. Empty:
 * of any number. */
struct view zone_singular(struct view name, struct view type, struct view value);

#endif

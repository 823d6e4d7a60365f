/* What is made of ldns's records. Not for other floors. */
#ifndef AGENT_PROVIDER_RRSET_INSIDE_H
#define AGENT_PROVIDER_RRSET_INSIDE_H

#include "agent/provider/rrset.h"

#include <ldns/ldns.h>

/* For CLEANUP. */
void rrset_free_rr(ldns_rr **rr);
void rrset_free_name(ldns_rdf **name);

/* The number of a type that a zone has; 0: it is none. */
ldns_rr_type rrset_type(struct view type);
/* The name in wire form; NULL where it is none. */
ldns_rdf *rrset_wire_name(struct view name);
/* Its data as text; false where there is none. */
bool rrset_print(struct arena *arena, const ldns_rr *rr, struct view *out);
/* The record of a value in the form of rrset.h. */
MUST_USE int rrset_record(struct view name, struct view type, uint32_t ttl,
		struct view value, ldns_rr **out);

#endif

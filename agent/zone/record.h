/* One record that a state calls for: what a zone has to say, and which line asks for it. */
#ifndef AGENT_ZONE_RECORD_H
#define AGENT_ZONE_RECORD_H

#include "schema/desired.h"

enum {
	ZONE_TTL = 300, /* seconds */
	ZONE_STRING_MAX =
			255 /* octets of one string of a TXT record (RFC 1035, 3.3.14) */
};

/* One value. Several of one name and type are one RRset in the zone; each is ours alone. */
struct zone_record {
	const struct desired_domain *zone; /* in which it lies */
	enum dns_part part;
	bool declared;    /* the state says it itself, below `records`: of no part */
	struct view name; /* without a final dot */
	const char *type; /* "MX" */
	uint32_t ttl;
	struct view value; /* as zone files have it (RFC 1035, 5.1): names absolute, texts
			    * quoted and split */
	struct view text;  /* TXT: its strings joined, as a registrar's form wants it */
	/* The object of kind dkim-key that makes the value; empty: the state says it. */
	struct view maker;
	bool pending; /* it is made by the very apply that brings the record: no value yet */
	struct view why;  /* for people */
	struct span span; /* the line of the state that asks for it */
	size_t order;     /* in which it was made */
};

/* Who puts a zone's records there. */
enum zone_keeping {
	ZONE_LEFT,    /* somebody else, and we say nothing of it */
	ZONE_PRINTED, /* nobody said: they are printed and checked, and nothing waits */
	ZONE_WATCHED, /* a person, and they are waited for */
	ZONE_MANAGED, /* we, at its provider */
};

enum zone_keeping zone_keeping(const struct desired_domain *zone);
/* Of a zone's records, where nothing else is said: its provider's. */
uint32_t zone_ttl(const struct desired *desired, const struct desired_domain *zone);

/* Whether the world may use this service there: what is open to this machine alone is no offer. */
bool host_offers(const struct desired_host *host, enum listen_service service);
/* What a person would type: the text of a TXT record, the value of all others. */
struct view zone_record_plain(const struct zone_record *record);

/* The strings of a TXT record as zone files have them: quoted, split at ZONE_STRING_MAX
 * octets, what a zone file would act on escaped. */
struct view zone_text(struct arena *arena, struct view text);

#endif

/* What the makers of records share. Not for other floors. */
#ifndef AGENT_ZONE_RECORDS_INSIDE_H
#define AGENT_ZONE_RECORDS_INSIDE_H

#include "agent/zone/records.h"

struct making {
	const struct desired *desired;
	const struct zone_facts *facts;
	bool whole; /* also what somebody else keeps */
	struct arena *arena;
	struct zone_record *items;
	size_t count, capacity;
};

/* What a maker knows of its record. */
struct made {
	enum dns_part part;
	struct view name;
	const char *type;
	struct view value; /* of TXT: the text */
	struct view why;
	struct span span;
	uint32_t ttl;      /* 0: the zone's */
	struct view maker; /* as in record.h */
	bool pending;
};

/* Adds it, unless the zone that it lies in is none of ours or somebody else keeps it. */
void making_add(struct making *m, const struct made *made);
/* One that the state says itself: no part of the zone that somebody else could keep. */
void making_add_declared(struct making *m, const struct made *made);

/* The domain of ours that a name lies in, the longest; NULL: none. */
const struct desired_domain *making_zone(const struct making *m, struct view name);
/* Where the object says `path`, or where it begins. */
struct span making_said(const struct desired_object *object, const char *path);
/* `name.domain` */
struct view making_below(
		struct making *m, const char *name, const struct desired_domain *domain);
/* "host mail", for people. */
struct view making_host(struct making *m, const struct desired_host *host);

/* What the world is told of a domain's mail. */
void make_exchangers(struct making *m, const struct desired_domain *domain);
void make_senders(struct making *m, const struct desired_domain *domain);
void make_keys(struct making *m, const struct desired_domain *domain);
void make_policy(struct making *m, const struct desired_domain *domain);
void make_tls_reports(struct making *m, const struct desired_domain *domain);
void make_web(struct making *m, const struct desired_domain *domain);
void make_services(struct making *m, const struct desired_domain *domain);
/* What the state says of a zone itself. */
void make_declared(struct making *m, const struct desired_domain *domain);

#endif

/* All DNS records that a state calls for, computed in this one place: what prints them,
 * publishes them and checks them asks here. A function of its arguments.
 *
 * What a state does not say (keys, accounts of an authority) comes as facts and may be
 * absent: then the records that need it are left out. Nothing is said of a zone whose `dns`
 * is `none`, nor of the parts named by `except`. A twin is a zone like any other. */
#ifndef AGENT_ZONE_RECORDS_H
#define AGENT_ZONE_RECORDS_H

#include "agent/zone/record.h"

/* A key that signs, or will: RFC 6376, 3.6.1; RFC 8463. */
enum zone_key_state {
	ZONE_KEY_CURRENT, /* it signs, or waits to be seen */
	ZONE_KEY_LEAVING, /* it signs no more, and mail that it signed is on its way */
	ZONE_KEY_HIDDEN,  /* published no more, and kept for a while */
};

struct zone_key {
	struct view domain, selector;
	struct view algorithm; /* "rsa", "ed25519" */
	/* Base64, as `p=` has it; empty: the apply that brings the record makes the key. */
	struct view public_key;
	struct view object; /* of kind dkim-key: its key; empty: there is none */
	enum zone_key_state state;
};

/* Who may issue a certificate (RFC 8659), to whom and how it is convinced (RFC 8657). */
struct zone_authority {
	struct view name;    /* "letsencrypt.org" */
	struct view account; /* a URI; empty: to anybody */
	struct view method;  /* "http-01"; empty: by any */
};

/* A policy of MTA-STS as it is served (agent/zone/policy.h). */
struct zone_sts {
	bool served; /* else there is none */
	enum desired_sts mode;
	struct view hosts; /* names, sorted, with blanks between them */
	walltime max_age;  /* seconds */
	struct view file;
	struct view id;
	bool in_force; /* senders may hold mail to what one of before says */
};

struct zone_facts {
	walltime now;
	struct zone_key *keys;
	size_t key_count, key_capacity;
	size_t known_count; /* of them, the first: those that are there, by domain */
	/* Who may issue for our hosts; none: unknown. */
	struct zone_authority *authorities;
	size_t authority_count;
	/* Keys that the host's port 25 shows, or soon will, as its TLSA says them. */
	struct zone_tls_key {
		struct view host;
		struct view value;
	} * tls_keys;
	size_t tls_key_count, tls_key_capacity;
	/* One for each domain of the state, in its order; NULL: not known. */
	const struct zone_sts *sts;
	const enum desired_dmarc *dmarc;   /* the steps that they have reached */
	const struct desired *policies_of; /* that state */
};

/* What its record says (RFC 6376, 3.6.1). */
struct view zone_key_text(struct arena *arena, const struct zone_key *key);
/* Its texts live as long as the facts. */
void zone_facts_add_key(struct zone_facts *facts, struct arena *arena,
		const struct zone_key *key);

/* What no zone of ours can say: the owner of the addresses, the hoster, has to be asked. */
struct zone_pointer {
	const struct desired_host *host;
	struct view address;
	struct span span;
};

/* Each once. */
void zone_facts_add_tls_key(struct zone_facts *facts, struct arena *arena,
		struct view host, struct view value);
/* Of a domain of this state; NULL: not known. */
const struct zone_sts *zone_sts_of(const struct zone_facts *facts,
		const struct desired *desired, const struct desired_domain *domain);

struct zone_records {
	struct zone_record *items; /* by zone, in the order of the state; then as made */
	size_t count;
	struct zone_pointer *pointers;
	size_t pointer_count;
};

/* `facts` may be NULL. The lists live in `arena`, their texts there or in `desired`. */
void zone_records(const struct desired *desired, const struct zone_facts *facts,
		struct arena *arena, struct zone_records *out);
/* The same, with what somebody else keeps: what the zones should say, whoever says it. */
void zone_records_whole(const struct desired *desired, const struct zone_facts *facts,
		struct arena *arena, struct zone_records *out);

#endif

/* A certificate whose key the DNS does not say yet (TLSA, RFC 7672): it waits beside the one
 * that is served, so that nobody is shown a key that he cannot have read of (RFC 7671, 8.1).
 *
 *   put ──► its digest is published beside the other ──► all servers say it ──► two TTLs ──► served
 *
 * Where no such record stands, or what is served has expired, it is served at once. */
#ifndef AGENT_DRIVER_CERTIFICATE_NEXT_H
#define AGENT_DRIVER_CERTIFICATE_NEXT_H

#include "agent/driver/certificate_row.h"
#include "agent/plan/observe.h"

/* The object of kind record that has a host's TLSA. */
struct view certificate_record_key(struct arena *arena, struct view host);
/* `3 1 1 …`: the end entity's own key, by its SHA-256. CERTIFICATE_E_CHAIN: it is no chain. */
MUST_USE int certificate_record_value(
		struct arena *arena, struct view chain, struct view *out);
/* Whether a record names keys of that host, or is to. */
MUST_USE int certificate_is_recorded(struct database *db, struct view host, bool *out);

/* Serves it, or lets it wait. */
MUST_USE int certificate_put(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], const struct certificate_row *row,
		const struct secret *key, walltime now, bool *waits_out);
/* CERTIFICATE_ROW_E_ABSENT: none waits. */
MUST_USE int certificate_next_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct certificate_row *out, walltime *seen_at_out);

enum certificate_due {
	NEXT_WAITS, /* or there is none */
	NEXT_SEEN,  /* all servers say it, since now */
	NEXT_SERVES,
};

/* Of the object's; *until_out: when time alone makes it due; 0: it does not. */
MUST_USE int certificate_next_judge(struct observation *o, const struct object *object,
		enum certificate_due *out, walltime *until_out);
MUST_USE int certificate_next_see(
		struct database *db, const unsigned char uid[UID_SIZE], walltime now);
MUST_USE int certificate_next_serve(
		struct database *db, const unsigned char uid[UID_SIZE]);

/* Adds what a record of this host's keys has to say. */
MUST_USE int certificate_keys_know(struct observation *o, struct view host);

#endif

/* What is served of a certificate: its row in the control database, the key sealed and bound
 * to the object. */
#ifndef AGENT_DRIVER_CERTIFICATE_ROW_H
#define AGENT_DRIVER_CERTIFICATE_ROW_H

#include "agent/database/object.h"
#include "runtime/base/arena.h"
#include "runtime/base/secret.h"

struct database;
struct key;
struct statement;

struct certificate_row {
	struct view name;
	struct view chain;                 /* PEM */
	unsigned char source[DIGEST_SIZE]; /* of its files; else of nothing */
	walltime not_before, not_after;
	struct view issued;  /* what an issuer was asked for; empty: it was none */
	walltime renew_at;   /* when that one wants it to be renewed; 0: it did not say */
	walltime renewal_at; /* when it is asked again */
};

enum {
	CERTIFICATE_ROW_E_ABSENT = 100, /* beyond the outcomes of a database */
};

/* For the tables that hold such rows: the key, sealed for the object, which is malloc'd; the
 * eight columns from uid to issued; and six as certificate_row_read selects them. */
void *certificate_row_seal(const struct key *tls_key, const unsigned char uid[UID_SIZE],
		const struct secret *key);
size_t certificate_row_sealed(const struct secret *key);
void certificate_row_bind(struct statement *s, const unsigned char uid[UID_SIZE],
		const struct certificate_row *row, struct view sealed);
MUST_USE int certificate_row_column(
		struct statement *s, struct arena *arena, struct certificate_row *out);

/* All but what an issuer wants of renewal. */
MUST_USE int certificate_row_write(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], const struct certificate_row *row,
		const struct secret *key);
/* Opens its key. CERTIFICATE_ROW_E_ABSENT: there is none. */
MUST_USE int certificate_row_open(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], struct secret *out);
MUST_USE int certificate_row_set_renewal(struct database *db,
		const unsigned char uid[UID_SIZE], walltime renew_at,
		walltime renewal_at);
MUST_USE int certificate_row_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct certificate_row *out);
/* Whether another one of its name is to come in its place, and is not there yet. */
MUST_USE int certificate_row_is_awaited(struct database *db,
		const unsigned char uid[UID_SIZE], walltime now, bool *out);
/* With what issuers were shown of it. */
MUST_USE int certificate_row_delete(
		struct database *db, const unsigned char uid[UID_SIZE]);

#endif

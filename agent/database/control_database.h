/* The control database, DATA/control.db: what is desired, what was applied, and what was
 * done about it, encrypted under the broker's control key.
 *
 * The statements stand with their nouns: objects in object.c, generations in
 * generation.c, steps, events and the audit in journal.c, what belongs to an account in
 * account.c, certificates in driver/certificate.c. */
#ifndef AGENT_CONTROL_DATABASE_H
#define AGENT_CONTROL_DATABASE_H

#include "runtime/store/database.h"

extern const struct database_schema control_schema;

/* Opens DATA/control.db at `path`; see database_open for the outcomes. */
MUST_USE int control_database_open(
		const char *path, const struct key *key, struct database **out);

/* The number of the last transaction that changed anything: a plan is made against one
 * and is stale once an object of it has moved on. 0 before the first. */
MUST_USE int control_serial(struct database *db, uint64_t *out);
MUST_USE int control_set_serial(struct database *db, uint64_t serial);

enum {
	CONTROL_SECRET = 32
};

/* What keys the digests that stand for secrets in specs. Drawn once a database. */
MUST_USE int control_secret(struct database *db, unsigned char out[CONTROL_SECRET]);

#endif

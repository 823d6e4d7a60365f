/* Brings a database's schema up to date. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "runtime/store/database.h"

/* Runs the steps that are due, in one transaction: after a crash the schema is the old
 * one or the new one. DATABASE_E_NEWER and DATABASE_E_FOREIGN change nothing. */
MUST_USE int migrate(struct database *db, const struct database_schema *schema);

#endif

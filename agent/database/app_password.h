/* The rows of app passwords: one for each program that a person lets in (crypto/app_password).
 *
 * A name is told apart within an account alone. */
#ifndef AGENT_APP_PASSWORD_H
#define AGENT_APP_PASSWORD_H

#include "agent/database/object.h"
#include "runtime/base/clock.h"
#include "runtime/configuration.h"

struct database;

enum {
	APP_PASSWORDS_MAX = 64,    /* of one account */
	APP_PASSWORD_NAME_MAX = 64 /* bytes */
};

struct app_password_row {
	unsigned char uid[UID_SIZE]; /* the account's */
	struct app_password_spec spec;
	walltime made_at;
	walltime used_at; /* 0: never */
};

/* What all of an account's have in common: drawn with the first one. */
MUST_USE int app_password_salt(struct database *db, const unsigned char uid[UID_SIZE],
		unsigned char out[APP_PASSWORD_SALT]);

enum app_password_outcome {
	APP_PASSWORD_E_TAKEN = 40, /* there is one of that name */
	APP_PASSWORD_E_MANY,       /* the account has APP_PASSWORDS_MAX */
};

MUST_USE int app_password_add(struct database *db, const struct app_password_row *row);
MUST_USE int app_password_remove(struct database *db, const unsigned char uid[UID_SIZE],
		struct view name, bool *removed_out);
/* Writes down that it was used, to the hour. */
MUST_USE int app_password_used(struct database *db, const unsigned char uid[UID_SIZE],
		struct view name, walltime now);

/* Sorted by uid and name; of all accounts, or of one. */
MUST_USE int app_password_read_all(struct database *db, struct arena *arena,
		const unsigned char *uid, struct app_password_row **out,
		size_t *count_out);
/* Those of one account among all: the first, and how many follow it. */
const struct app_password_row *app_password_rows_of(const struct app_password_row *rows,
		size_t count, const unsigned char uid[UID_SIZE], size_t *count_out);

#endif

/* The rows of an account: the person's own values, the password, the wrapped data key,
 * and addresses that were its first one before.
 *
 * An account is the store behind a user; its uid is the object's. */
#ifndef AGENT_ACCOUNT_H
#define AGENT_ACCOUNT_H

#include "agent/database/object.h"
#include "runtime/account_state.h"

struct database;

/* How long mail to an address that a rename left still arrives: 90 days. */
#define ADDRESS_KEPT ((walltime)90 * 86400)

/* Makes the row; the account has no password and no key yet. */
MUST_USE int account_add(struct database *db, const unsigned char uid[UID_SIZE],
		struct view name, struct view locale);
/* Sessions that began before end. */
MUST_USE int account_revoke(struct database *db, const unsigned char uid[UID_SIZE]);

/* Who made a password's hash. */
enum credential_origin {
	CREDENTIAL_STATE,   /* the state, at creation */
	CREDENTIAL_PERSON,  /* `account passwd` */
	CREDENTIAL_UPGRADE, /* a login, from an older form */
};

/* Sets the password's hash. */
MUST_USE int account_set_password(struct database *db, const unsigned char uid[UID_SIZE],
		struct view hash, enum credential_origin origin, walltime now);

MUST_USE int account_has_password(
		struct database *db, const unsigned char uid[UID_SIZE], bool *out);

/* The person's name, as mail shows it; in the arena. */
MUST_USE int account_read_name(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out);

/* Puts the host's slot of the data key. */
MUST_USE int account_add_key(struct database *db, const unsigned char uid[UID_SIZE],
		struct view wrapped, walltime now);
/* The host's slot, in the arena; empty where there is none. */
MUST_USE int account_read_key(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out);

/* A second slot of the host's, for the key that the file is to be put under; or the one that is
 * there, since a rotation is under way. */
MUST_USE int account_add_next_key(struct database *db, const unsigned char uid[UID_SIZE],
		struct view wrapped, walltime now);
/* Whether it has one. */
MUST_USE int account_has_next_key(
		struct database *db, const unsigned char uid[UID_SIZE], bool *out);
/* The file is under it: it is the host's slot now, and the one before is gone. */
MUST_USE int account_take_next_key(
		struct database *db, const unsigned char uid[UID_SIZE]);
/* Those that have one: `count` uids of UID_SIZE bytes each, malloc'd. */
MUST_USE int account_read_rotating(
		struct database *db, unsigned char **out, size_t *count_out);

/* Remembers how far its file has come; never less than before. */
MUST_USE int account_remember(struct database *db, const struct account_reached *reached);

/* Removes the rows of an account that has no file. */
MUST_USE int account_remove(struct database *db, const unsigned char uid[UID_SIZE]);
/* Destroys all rows of an account: its key slots first, then the rest. Its files are to be
 * removed (purge.c). */
MUST_USE int account_purge(
		struct database *db, const unsigned char uid[UID_SIZE], walltime now);
/* Lets nobody have an address before then; and until when that is, 0: it is free. */
MUST_USE int account_free_address(
		struct database *db, struct view address, walltime until);
MUST_USE int account_address_freed(
		struct database *db, struct view address, walltime now, walltime *until);

/* Keeps an address that a rename left behind, until then. */
MUST_USE int account_keep_address(struct database *db, const unsigned char uid[UID_SIZE],
		struct view address, walltime until);
MUST_USE int account_drop_address(struct database *db, struct view address);

struct account_row {
	unsigned char uid[UID_SIZE];
	struct view name;
	struct view password; /* empty: none */
	struct view wrapped;  /* empty: no host slot */
	struct view next;     /* the host's slot of the key that comes; usually empty */
	uint64_t revocation;
	struct account_mark known; /* that its file has reached */
	bool put_back;             /* from a backup, and not opened since */
};

/* Every account, sorted by uid. */
MUST_USE int account_read_all(struct database *db, struct arena *arena,
		struct account_row **out, size_t *count_out);
const struct account_row *account_row_of(const struct account_row *rows, size_t count,
		const unsigned char uid[UID_SIZE]);

struct former_address {
	struct view address;
	unsigned char uid[UID_SIZE];
	walltime until;
};

/* Those whose time has not come, sorted by address. */
MUST_USE int account_read_former(struct database *db, walltime now, struct arena *arena,
		struct former_address **out, size_t *count_out);

#endif

/* The open accounts: each a serial queue with one store, opened at its first use.
 *
 * Work on an account is a job on its queue: one at a time, in order, on any worker. The
 * data key is unwrapped through the broker when the file is opened and not kept. Accounts
 * that nobody uses are closed, the one unused for the longest first, once more than
 * `open_max` are open. A file that turns out damaged, older than is known of it or gone is
 * put in quarantine: it is closed, its jobs are told so, other accounts go on. */
#ifndef SERVICE_ACCOUNT_H
#define SERVICE_ACCOUNT_H

#include "runtime/account_state.h"
#include "runtime/base/engine.h"
#include "runtime/crypto/keyring.h"
#include "runtime/net/worker.h"
#include "runtime/store/account.h"

struct accounts;
struct account; /* one of them, held by reference */
struct broker;
struct os;
struct service;

enum account_outcome {
	ACCOUNT_OK = 0,
	ACCOUNT_E_QUARANTINED = 1, /* 451 4.3.0, NO [UNAVAILABLE] */
	ACCOUNT_E_UNAVAILABLE,     /* its key could not be had, or the file not opened:
				      later perhaps */
	ACCOUNT_E_FULL,            /* the disk is full */
	/* Of accounts_accept alone. */
	ACCOUNT_E_GONE,  /* there is no file */
	ACCOUNT_E_THERE, /* there is one */
};

struct accounts_options {
	const char *data; /* the data directory */
	struct broker *broker;
	struct workers *workers;
	const struct os *os;
	size_t open_max; /* files; 0: 256 */
	/* There is something for accounts_moved() from now on; NULL: nobody asks. On a
	 * worker's thread; it must only post. */
	void (*moved)(void *state);
	void *state;
};

MUST_USE struct accounts *accounts_new(const struct accounts_options *options);
/* Runs what is queued, closes the files, for good; what was known stays to be asked. No
 * reference may be left. */
void accounts_close(struct accounts *accounts);
/* The same where that was not done yet. NULL is fine. */
void accounts_free(struct accounts *accounts);

/* The account of a user, with one reference; known by its uid, so that all sessions share
 * it. What the configuration says of it now (wrapped key, quota) is taken over. */
MUST_USE struct account *account_ref(
		struct accounts *accounts, const struct account_spec *spec);
struct account *account_ref_again(struct account *account);
/* NULL is fine. */
void account_unref(struct account *account);
/* ACCOUNT_UID_SIZE bytes, as long as the reference. */
const unsigned char *account_uid(const struct account *account);

/* Work on an account. It is embedded in what it works on and is its submitter's again
 * once run() was called. */
struct account_job {
	struct job job; /* the queue's */
	struct account *account;
	bool bare; /* runs whatever there is of the file; the registry's own */
	/* `store` is NULL where `outcome` is not 0. Returns what the store answered, for
	 * the quarantine: STORE_E_DAMAGED closes the account. The job may be freed or
	 * submitted again by run(). */
	int (*run)(struct account_job *job, struct account_store *store, int outcome);
};

/* From any thread. The caller holds a reference until run() is called. */
void account_submit(struct account *account, struct account_job *job);

/* The store must not be closed while something (an append) is open in it. From run(), as
 * often the one as the other; an append of a store in quarantine is still to be aborted
 * before account_unpin. */
void account_pin(struct account *account);
void account_unpin(struct account *account);

/* What its jobs have left behind. */
struct account_seen {
	bool known; /* false until a job had the file open */
	bool quarantined;
	uint64_t used; /* bytes of messages */
	uint64_t messages;
};

/* From any thread, and without waiting for the queue. */
void account_look(struct account *account, struct account_seen *out);

/* Removes the files of an account that the configuration knows no more, and waits until they
 * are gone from the disk; from no worker and no loop. -EBUSY while a session still holds it.
 * Done twice it is fine. */
MUST_USE int accounts_destroy(
		struct accounts *accounts, const unsigned char uid[ACCOUNT_UID_SIZE]);

/* Takes up the file of an account as it is, after it was put back from a copy: under new
 * UIDVALIDITYs, and out of quarantine. With `empty`, that there is none: a new one is made.
 * Waits for the account's queue; from no worker and no loop. What was selected in it is
 * not true any more: end its sessions first. -EBUSY while a session is just putting
 * something into it. */
MUST_USE int accounts_accept(
		struct accounts *accounts, const struct account_spec *spec, bool empty);

/* The file of an account stays as it is from when this returns until accounts_thaw(), for a
 * copy: what changes stands in its WAL, also where it is closed and opened meanwhile.
 * *wal_out: the bytes of the WAL that belong to the file as it is; 0 where none do. Waits for
 * the account's queue; from no worker and no loop. -EAGAIN: it cannot be now. */
MUST_USE int accounts_freeze(struct accounts *accounts,
		const unsigned char uid[ACCOUNT_UID_SIZE], uint64_t *wal_out);
void accounts_thaw(struct accounts *accounts, const unsigned char uid[ACCOUNT_UID_SIZE]);

/* Puts the file of an account under the data key that `spec->next_key` wraps. From then on the
 * file opens under that one alone; until the configuration says so as well both are tried, so
 * that a process that ends in between loses nothing. Takes as long as copying the file does,
 * and the account's other work waits. A worker tells how it went: SERVICE_KEY_ROTATED, with a
 * word of what stood in the way, or none. Done twice it is fine. */
void accounts_rotate(struct accounts *accounts, struct service *service,
		const struct account_spec *spec);

/* Those whose files have come further than was remembered, up to `most` of them; they stay
 * until accounts_remembered() was told. */
size_t accounts_moved(
		struct accounts *accounts, struct account_reached *out, size_t most);
bool accounts_have_moved(struct accounts *accounts);
void accounts_remembered(struct accounts *accounts, const struct account_reached *reached,
		size_t count);
/* Those in quarantine, up to `most` of them. */
size_t accounts_set_apart(
		struct accounts *accounts, struct account_set_apart *out, size_t most);

/* How many are open, known and in quarantine. */
struct accounts_observed {
	size_t open, known, quarantined;
};

struct accounts_observed accounts_observe(struct accounts *accounts);
/* Adds the memory of their keys. */
void accounts_observe_keys(struct accounts *accounts, struct keyring_report *total);

#endif

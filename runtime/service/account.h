/* The open accounts: each a serial queue with one store, opened at its first use.
 *
 * Work on an account is a job on its queue: one at a time, in order, on any worker. The
 * data key is unwrapped through the broker when the file is opened and not kept. Accounts
 * that nobody uses are closed, the one unused for the longest first, once more than
 * `open_max` are open. A store that turns out damaged is put in quarantine: it is closed,
 * its jobs are told so, other accounts go on. */
#ifndef SERVICE_ACCOUNT_H
#define SERVICE_ACCOUNT_H

#include "runtime/base/engine.h"
#include "runtime/configuration.h"
#include "runtime/net/worker.h"
#include "runtime/store/account.h"

struct accounts;
struct account; /* one of them, held by reference */
struct broker;
struct os;

enum account_outcome {
	ACCOUNT_OK = 0,
	ACCOUNT_E_QUARANTINED = 1, /* 451 4.3.0, NO [UNAVAILABLE]: the file is damaged */
	ACCOUNT_E_UNAVAILABLE,     /* its key could not be had, or the file not opened:
				      later perhaps */
	ACCOUNT_E_FULL,            /* the disk is full */
};

struct accounts_options {
	const char *data; /* the data directory */
	struct broker *broker;
	struct workers *workers;
	const struct os *os;
	size_t open_max; /* files; 0: 256 */
};

MUST_USE struct accounts *accounts_new(const struct accounts_options *options);
/* Runs what is queued, closes the files. No reference may be left. NULL is fine. */
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
	bool known;       /* false until a job had the file open */
	bool quarantined; /* its file is damaged */
	uint64_t used;    /* bytes of messages */
};

/* From any thread, and without waiting for the queue. */
void account_look(struct account *account, struct account_seen *out);

/* Removes the files of an account that the configuration knows no more, and waits until they
 * are gone from the disk; from no worker and no loop. -EBUSY while a session still holds it.
 * Done twice it is fine. */
MUST_USE int accounts_destroy(
		struct accounts *accounts, const unsigned char uid[ACCOUNT_UID_SIZE]);

/* How many are open, known and in quarantine. */
struct accounts_observed {
	size_t open, known, quarantined;
};

struct accounts_observed accounts_observe(struct accounts *accounts);

#endif

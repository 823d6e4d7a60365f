/* Within the service: what the files that make up the accounts share.
 *
 * `store` and `key` belong to the account's queue; what is under the lock of the registry
 * says so. */
#ifndef SERVICE_ACCOUNT_INSIDE_H
#define SERVICE_ACCOUNT_INSIDE_H

#include "runtime/base/list.h"
#include "runtime/base/map.h"
#include "runtime/crypto/broker.h"
#include "runtime/service/account.h"
#include "runtime/service/account_file.h"

struct destruction;

/* A key of another length is no key: the broker will say so. */
struct account_slot {
	unsigned char wrapped[BROKER_WRAPPED];
	size_t len; /* 0: there is none */
};

struct account {
	unsigned char uid[ACCOUNT_UID_SIZE];
	char name[ACCOUNT_UID_TEXT + 1]; /* the uid in hexadecimal */
	struct accounts *all;
	struct serial queue;
	struct account_job close;

	struct account_store *store;
	struct key *key;
	struct account_slot opened_by; /* where `key` is from */
	enum quarantine quarantine;
	bool frozen; /* its file stays as it is, for a copy */

	/* -- under all->lock -- */
	struct list use;   /* all->open, the one unused for the longest first */
	struct list apart; /* all->apart: it is in quarantine */
	struct list moved; /* all->moved: `mark` is to be remembered */
	unsigned refs, jobs, pins;
	bool open, closing;
	struct destruction *destruction; /* while `close` removes the files */
	struct account_seen seen;
	struct account_mark mark; /* that its file has reached, as far as is known */
	bool put_back;            /* its file was restored, … */
	bool taken_up;            /* … and has been opened since */
	struct account_slot slot, next; /* of its data key */
	uint64_t quota;
};

struct accounts {
	char *data;
	struct broker *broker;
	struct workers *workers;
	const struct os *os;
	struct keyring *keyring;
	size_t open_max;

	pthread_mutex_t lock;
	struct map by_uid;
	struct list open, apart, moved;
	size_t open_count, quarantined;
	bool stopping; /* no idle account is closed any more: all will be */
	bool closed;
	void (*tell_moved)(void *state);
	void *state;
};

/* On the account's queue, all but the last. */

/* Opens the file and takes it among the open ones. An outcome of the store, or a fault;
 * -EKEYREJECTED: its key is not of this host. */
MUST_USE int account_open_store(struct account *a, enum account_accept accept);
/* The data key in a slot, in the keyring; -ENOBUFS where that is full, -EKEYREJECTED. */
MUST_USE int account_unwrap(
		struct account *a, const struct account_slot *slot, struct key **out);
/* Where none is open it is fine. */
void account_close_store(struct account *a);
/* What that outcome is to a job, with the line for the log; it may put the account in
 * quarantine. */
MUST_USE int account_outcome(struct account *a, int r);
void account_quarantine(struct account *a, enum quarantine why);
void account_end_quarantine(struct account *a);
/* Submits a job that stands on the caller's stack and waits until it has called
 * account_wait_end. */
struct account_wait {
	struct account_job job;
	pthread_cond_t done;
	bool ended;
	int r;
};

#define ACCOUNT_WAIT(f)                                                                  \
	{                                                                                \
		.job = { .run = (f), .bare = true }, .done = PTHREAD_COND_INITIALIZER    \
	}

/* Locked; returns what the job ended with. */
int account_wait_for(struct account *a, struct account_wait *wait);
/* The last thing that the job does. */
void account_wait_end(struct account *a, struct account_wait *wait, int r);

struct account_file account_file_of(const struct account *a);
/* Locked. */
struct account *account_of_uid(
		struct accounts *all, const unsigned char uid[ACCOUNT_UID_SIZE]);
void account_queue(struct account *a, struct account_job *job);

#endif

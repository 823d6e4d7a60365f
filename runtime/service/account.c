/* Accounts are found by uid and live until the end; their files open and close.
 *
 *   CLOSED ──first job──► OPEN ──unused, too many open──► CLOSED
 *                           └──a page does not verify──► QUARANTINED, until a restart
 *
 * `store`, `key` and `quarantined` belong to the account's queue; what is under the lock of
 * the registry says so. */
#include "runtime/service/account.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/base/log.h"
#include "runtime/base/map.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/keyring.h"
#include "runtime/store/quota.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPEN_MAX_DEFAULT = 256,
	KEYS_BEYOND = 64, /* accounts that may be open for a moment past open_max */
};

struct account {
	unsigned char uid[ACCOUNT_UID_SIZE];
	char name[ACCOUNT_UID_TEXT + 1]; /* the uid in hexadecimal */
	struct accounts *all;
	struct serial queue;
	struct account_job close;

	struct account_store *store;
	struct key *key;
	bool quarantined;

	/* -- under all->lock -- */
	struct list use; /* all->open, the one unused for the longest first */
	unsigned refs, jobs, pins;
	bool open, closing;
	struct destruction *destruction; /* while `close` removes the files */
	struct account_seen seen;
	unsigned char wrapped[BROKER_WRAPPED];
	size_t wrapped_len;
	uint64_t quota;
};

/* The removal of an account's files, on the stack of who waits for it. */
struct destruction {
	pthread_cond_t done;
	bool ended;
	int r;
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
	struct list open;
	size_t open_count, quarantined;
	bool stopping; /* no idle account is closed any more: all will be */
};

struct accounts *accounts_new(const struct accounts_options *options)
{
	struct accounts *all = xcalloc(1, sizeof(*all));

	all->data = xstrndup(options->data, strlen(options->data));
	all->broker = options->broker;
	all->workers = options->workers;
	all->os = options->os;
	all->open_max = options->open_max ? options->open_max : OPEN_MAX_DEFAULT;
	if (keyring_new(all->open_max + KEYS_BEYOND, &all->keyring))
		die("no memory for the keys of accounts");
	pthread_mutex_init(&all->lock, NULL);
	list_init(&all->open);
	return all;
}

/* -- opening and closing the file: on the account's queue -- */

static char *path_of(const struct account *a, const char *ending)
{
	char *path;

	if (asprintf(&path, "%s/accounts/%.2s%s%s%s", a->all->data, a->name,
			    *ending ? "/" : "", *ending ? a->name : "", ending) < 0)
		die("out of memory");
	return path;
}

/* The folders are on the disk before a file in them is. */
static int make_folders(const struct account *a)
{
	const struct os *os = a->all->os;
	CLEANUP(freep) char *inner = path_of(a, "");
	CLEANUP(freep) char *outer = xstrndup(inner, strlen(inner) - 3);
	int r = os_make_dir(outer);

	if (!r)
		r = os_make_dir(inner);
	if (!r)
		r = os->sync_dir(os->state, a->all->data);
	if (!r)
		r = os->sync_dir(os->state, outer);
	return r;
}

static bool is_there(const struct os *os, const char *path)
{
	int fd = os->open(os->state, path, O_RDONLY, 0);

	if (fd >= 0)
		os->close(os->state, fd);
	return fd >= 0;
}

static int open_store(struct account *a, uint64_t quota)
{
	const struct os *os = a->all->os;
	CLEANUP(freep) char *path = path_of(a, ".db");
	CLEANUP(freep) char *folder = path_of(a, "");
	struct account_store_options options = {
		.path = path, .key = a->key, .quota = quota, .now = os->wall(os->state)
	};
	bool is_new = !is_there(os, path);
	int r = is_new ? make_folders(a) : 0;

	if (!r)
		r = account_store_open(&options, &a->store);
	if (!r && is_new)
		r = os->sync_dir(os->state, folder);
	return r;
}

static int unwrap_key(struct account *a, const unsigned char *wrapped, size_t len)
{
	a->key = keyring_take(a->all->keyring);
	if (!a->key)
		return -ENOBUFS;
	return broker_unwrap(a->all->broker, a->uid, view_of(wrapped, len), a->key);
}

static void close_store(struct account *a)
{
	struct accounts *all = a->all;

	account_store_close(a->store);
	a->store = NULL;
	keyring_give(all->keyring, a->key);
	a->key = NULL;
	pthread_mutex_lock(&all->lock);
	if (a->open) {
		list_remove(&a->use);
		all->open_count--;
		a->open = false;
	}
	pthread_mutex_unlock(&all->lock);
}

static void quarantine(struct account *a)
{
	struct accounts *all = a->all;
	unsigned pins;

	if (a->quarantined)
		return;
	a->quarantined = true;
	pthread_mutex_lock(&all->lock);
	a->seen.quarantined = true;
	all->quarantined++;
	pins = a->pins;
	pthread_mutex_unlock(&all->lock);
	log_event(LOG_ERROR, "account.quarantined", log_text("account", a->name),
			log_text("reason", "damaged"),
			log_text("next", "restore the file or run an integrity check; "
					 "other accounts go on"));
	if (!pins)
		close_store(a);
}

static int outcome_of(struct account *a, int r)
{
	switch (r) {
	case STORE_OK:
		return ACCOUNT_OK;
	case STORE_E_FULL:
	case -ENOSPC:
	case -EDQUOT:
		return ACCOUNT_E_FULL;
	case STORE_E_DAMAGED:
		quarantine(a);
		return ACCOUNT_E_QUARANTINED;
	case STORE_E_NEWER:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_text("reason", "made-by-a-newer-version"));
		return ACCOUNT_E_UNAVAILABLE;
	case STORE_E_BUSY:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_text("reason", "open-in-another-process"));
		return ACCOUNT_E_UNAVAILABLE;
	default:
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_fault(r < 0 ? r : -EIO));
		return ACCOUNT_E_UNAVAILABLE;
	}
}

static int open_account(struct account *a)
{
	struct accounts *all = a->all;
	unsigned char wrapped[BROKER_WRAPPED];
	uint64_t quota;
	size_t len;
	int r;

	pthread_mutex_lock(&all->lock);
	len = a->wrapped_len;
	memcpy(wrapped, a->wrapped, len);
	quota = a->quota;
	pthread_mutex_unlock(&all->lock);
	r = unwrap_key(a, wrapped, len);
	if (r > 0) {
		log_event(LOG_ERROR, "account.unavailable", log_text("account", a->name),
				log_text("reason", "its-key-is-not-of-this-host"));
		r = ACCOUNT_E_UNAVAILABLE;
	} else {
		r = outcome_of(a, r ? r : open_store(a, quota));
	}
	if (r) {
		close_store(a);
		return r;
	}
	pthread_mutex_lock(&all->lock);
	a->open = true;
	list_push(&all->open, &a->use);
	all->open_count++;
	pthread_mutex_unlock(&all->lock);
	return ACCOUNT_OK;
}

/* -- jobs -- */

/* Locked: an open account that nothing uses, or NULL. */
static struct account *idle_account(struct accounts *all)
{
	if (all->open_count <= all->open_max || all->stopping)
		return NULL;
	LIST_EACH (link, &all->open) {
		struct account *a = LIST_ITEM(link, struct account, use);

		if (!a->jobs && !a->pins && !a->closing)
			return a;
	}
	return NULL;
}

static int run_close(struct account_job *job, struct account_store *store, int outcome)
{
	struct account *a = CONTAINER_OF(job, struct account, close);
	struct accounts *all = a->all;
	bool unused;

	(void)outcome;
	pthread_mutex_lock(&all->lock);
	a->closing = false;
	unused = !a->pins && a->jobs == 1;
	pthread_mutex_unlock(&all->lock);
	if (store && unused)
		close_store(a);
	return STORE_OK;
}

static void run_job(struct job *queued);

/* Locked. */
static void submit(struct account *a, struct account_job *job)
{
	a->jobs++;
	job->account = a;
	job->job.run = run_job;
	serial_submit(&a->queue, &job->job);
}

static void close_idle(struct accounts *all)
{
	struct account *a;

	pthread_mutex_lock(&all->lock);
	a = idle_account(all);
	if (a) {
		a->closing = true;
		a->close.run = run_close;
		submit(a, &a->close);
	}
	pthread_mutex_unlock(&all->lock);
}

static int outcome_for(struct account *a, const struct account_job *job)
{
	if (a->quarantined)
		return ACCOUNT_E_QUARANTINED;
	if (a->store || job == &a->close)
		return ACCOUNT_OK;
	return open_account(a);
}

/* Locked, on the account's queue. */
static void see(struct account *a)
{
	struct quota quota;

	if (!a->store)
		return;
	quota_read(a->store, &quota);
	a->seen.known = true;
	a->seen.used = quota.used;
}

static void run_job(struct job *queued)
{
	struct account_job *job = CONTAINER_OF(queued, struct account_job, job);
	struct account *a = job->account;
	struct accounts *all = a->all;
	int outcome = outcome_for(a, job);
	int r;

	pthread_mutex_lock(&all->lock);
	if (a->open) {
		list_remove(&a->use);
		list_push(&all->open, &a->use);
		account_store_set_quota(a->store, a->quota);
		see(a);
	}
	pthread_mutex_unlock(&all->lock);
	/* From here on the job is its submitter's. */
	r = job->run(job, outcome ? NULL : a->store, outcome);
	if (r == STORE_E_DAMAGED && !outcome)
		quarantine(a);
	pthread_mutex_lock(&all->lock);
	see(a);
	a->jobs--;
	pthread_mutex_unlock(&all->lock);
	close_idle(all);
}

void account_submit(struct account *a, struct account_job *job)
{
	pthread_mutex_lock(&a->all->lock);
	submit(a, job);
	pthread_mutex_unlock(&a->all->lock);
}

void account_pin(struct account *a)
{
	pthread_mutex_lock(&a->all->lock);
	a->pins++;
	pthread_mutex_unlock(&a->all->lock);
}

void account_unpin(struct account *a)
{
	unsigned pins;

	pthread_mutex_lock(&a->all->lock);
	assert(a->pins);
	pins = --a->pins;
	pthread_mutex_unlock(&a->all->lock);
	if (!pins && a->quarantined && a->store)
		close_store(a);
}

/* -- references -- */

static struct account *new_account(
		struct accounts *all, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct account *a = xcalloc(1, sizeof(*a));

	for (int i = 0; i < ACCOUNT_UID_SIZE; i++)
		snprintf(a->name + 2 * i, 3, "%02x", uid[i]);
	memcpy(a->uid, uid, ACCOUNT_UID_SIZE);
	a->all = all;
	list_init(&a->use);
	serial_init(&a->queue, all->workers);
	map_set(&all->by_uid, view_of(a->uid, ACCOUNT_UID_SIZE), a);
	return a;
}

struct account *account_ref(struct accounts *all, const struct account_spec *spec)
{
	struct account *a;

	pthread_mutex_lock(&all->lock);
	a = map_get(&all->by_uid, view_of(spec->uid, ACCOUNT_UID_SIZE));
	if (!a)
		a = new_account(all, spec->uid);
	/* A key of another length is no key: the broker will say so. */
	a->wrapped_len = spec->wrapped_key.len < BROKER_WRAPPED ? spec->wrapped_key.len
								: BROKER_WRAPPED;
	if (a->wrapped_len)
		memcpy(a->wrapped, spec->wrapped_key.data, a->wrapped_len);
	a->quota = spec->quota;
	a->refs++;
	pthread_mutex_unlock(&all->lock);
	return a;
}

struct account *account_ref_again(struct account *a)
{
	pthread_mutex_lock(&a->all->lock);
	a->refs++;
	pthread_mutex_unlock(&a->all->lock);
	return a;
}

void account_unref(struct account *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->all->lock);
	assert(a->refs);
	a->refs--;
	pthread_mutex_unlock(&a->all->lock);
}

void account_look(struct account *a, struct account_seen *out)
{
	pthread_mutex_lock(&a->all->lock);
	*out = a->seen;
	pthread_mutex_unlock(&a->all->lock);
}

const unsigned char *account_uid(const struct account *a)
{
	return a->uid;
}

/* -- destroying -- */

static int remove_files(const struct account *a)
{
	static const char *const endings[] = { ".db", ".db-wal", ".db-journal" };
	const struct os *os = a->all->os;
	CLEANUP(freep) char *folder = path_of(a, "");
	bool removed = false;

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		CLEANUP(freep) char *path = path_of(a, endings[i]);
		int r;

		if (!is_there(os, path))
			continue;
		r = os->unlink(os->state, path);
		if (r)
			return r;
		removed = true;
	}
	return removed ? os->sync_dir(os->state, folder) : 0;
}

static int run_destroy(struct account_job *job, struct account_store *store, int outcome)
{
	struct account *a = CONTAINER_OF(job, struct account, close);
	struct accounts *all = a->all;
	int r;

	(void)outcome;
	if (store)
		close_store(a);
	r = remove_files(a);
	pthread_mutex_lock(&all->lock);
	a->closing = false;
	a->destruction->r = r;
	a->destruction->ended = true;
	pthread_cond_signal(&a->destruction->done);
	a->destruction = NULL;
	pthread_mutex_unlock(&all->lock);
	return STORE_OK;
}

int accounts_destroy(struct accounts *all, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct destruction destruction = { .done = PTHREAD_COND_INITIALIZER };
	struct account *a;

	pthread_mutex_lock(&all->lock);
	a = map_get(&all->by_uid, view_of(uid, ACCOUNT_UID_SIZE));
	if (!a)
		a = new_account(all, uid);
	if (a->refs || a->pins || a->closing) {
		pthread_mutex_unlock(&all->lock);
		return -EBUSY;
	}
	a->closing = true;
	a->destruction = &destruction;
	a->close.run = run_destroy;
	submit(a, &a->close);
	while (!destruction.ended)
		pthread_cond_wait(&destruction.done, &all->lock);
	pthread_mutex_unlock(&all->lock);
	return destruction.r;
}

struct accounts_observed accounts_observe(struct accounts *all)
{
	struct accounts_observed out;

	pthread_mutex_lock(&all->lock);
	out.open = all->open_count;
	out.known = map_count(&all->by_uid);
	out.quarantined = all->quarantined;
	pthread_mutex_unlock(&all->lock);
	return out;
}

void accounts_free(struct accounts *all)
{
	struct view uid;
	size_t at = 0;
	void *value;

	if (!all)
		return;
	pthread_mutex_lock(&all->lock);
	all->stopping = true;
	pthread_mutex_unlock(&all->lock);
	while (map_next(&all->by_uid, &at, &uid, &value)) {
		struct account *a = value;

		serial_deinit(&a->queue);
		assert(!a->refs && !a->pins);
		close_store(a);
		free(a);
	}
	map_free(&all->by_uid);
	keyring_free(all->keyring);
	pthread_mutex_destroy(&all->lock);
	free(all->data);
	free(all);
}

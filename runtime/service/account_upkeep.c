/* What is done to the file of an account as a whole: it is destroyed, taken up after it was put
 * back from a copy, or held still for one. */
#include "runtime/service/account_inside.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <sys/stat.h>

/* The removal of an account's files, on the stack of who waits for it. */
struct destruction {
	pthread_cond_t done;
	bool ended;
	int r;
};

/* -- waiting -- */

int account_wait_for(struct account *a, struct account_wait *wait)
{
	account_queue(a, &wait->job);
	while (!wait->ended)
		pthread_cond_wait(&wait->done, &a->all->lock);
	return wait->r;
}

void account_wait_end(struct account *a, struct account_wait *wait, int r)
{
	pthread_mutex_lock(&a->all->lock);
	wait->r = r;
	wait->ended = true;
	pthread_cond_signal(&wait->done);
	pthread_mutex_unlock(&a->all->lock);
}

/* -- destroying -- */

static int run_destroy(struct account_job *job, struct account_store *store, int outcome)
{
	struct account *a = CONTAINER_OF(job, struct account, close);
	const struct account_file file = account_file_of(a);
	struct accounts *all = a->all;
	int r;

	(void)outcome;
	if (store)
		account_close_store(a);
	r = account_file_remove(&file);
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
	a = account_of_uid(all, uid);
	if (a->refs || a->pins || a->closing) {
		pthread_mutex_unlock(&all->lock);
		return -EBUSY;
	}
	a->closing = true;
	a->destruction = &destruction;
	a->close.run = run_destroy;
	account_queue(a, &a->close);
	while (!destruction.ended)
		pthread_cond_wait(&destruction.done, &all->lock);
	pthread_mutex_unlock(&all->lock);
	return destruction.r;
}

/* -- taking up what was put back -- */

struct acceptance {
	struct account_wait wait;
	enum account_accept accept;
};

static int accept_file(struct account *a, enum account_accept accept)
{
	int r = account_open_store(a, accept);

	if (r == STORE_E_GONE)
		return ACCOUNT_E_GONE;
	if (r == STORE_E_EXISTS)
		return ACCOUNT_E_THERE;
	r = account_outcome(a, r);
	if (!r)
		account_end_quarantine(a);
	return r;
}

static int run_accept(struct account_job *job, struct account_store *store, int outcome)
{
	struct acceptance *acceptance = CONTAINER_OF(job, struct acceptance, wait.job);
	struct account *a = job->account;
	struct accounts *all = a->all;
	unsigned pins;
	int r = -EBUSY;

	(void)outcome;
	pthread_mutex_lock(&all->lock);
	pins = a->pins;
	pthread_mutex_unlock(&all->lock);
	if (!pins) {
		if (store)
			account_close_store(a);
		r = accept_file(a, acceptance->accept);
	}
	account_wait_end(a, &acceptance->wait, r);
	return STORE_OK;
}

int accounts_accept(struct accounts *all, const struct account_spec *spec, bool empty)
{
	struct acceptance acceptance = {
		.wait = ACCOUNT_WAIT(run_accept),
		.accept = empty ? ACCEPT_EMPTY : ACCEPT_FILE,
	};
	struct account *a = account_ref(all, spec);
	int r;

	pthread_mutex_lock(&all->lock);
	r = account_wait_for(a, &acceptance.wait);
	pthread_mutex_unlock(&all->lock);
	account_unref(a);
	return r;
}

/* -- a copy -- */

struct freezing {
	struct account_wait wait;
	uint64_t wal;
};

/* What an earlier run left beside a file that nobody has opened since. */
static uint64_t wal_size(const struct account *a)
{
	const struct account_file file = account_file_of(a);
	CLEANUP(freep) char *path = account_file_path(&file, ".db-wal");
	struct stat st;

	return stat(path, &st) || st.st_size < 0 ? 0 : (uint64_t)st.st_size;
}

static int run_freeze(struct account_job *job, struct account_store *store, int outcome)
{
	struct freezing *freezing = CONTAINER_OF(job, struct freezing, wait.job);
	struct account *a = job->account;
	int r = store ? account_store_freeze(store) : 0;

	(void)outcome;
	a->frozen = r == 0;
	freezing->wal = store ? 0 : wal_size(a);
	account_wait_end(a, &freezing->wait, r > 0 ? -EAGAIN : r);
	return r > 0 ? r : STORE_OK;
}

static int run_thaw(struct account_job *job, struct account_store *store, int outcome)
{
	struct account_wait *wait = CONTAINER_OF(job, struct account_wait, job);
	struct account *a = job->account;

	(void)outcome;
	if (store && a->frozen)
		account_store_thaw(store);
	a->frozen = false;
	account_wait_end(a, wait, 0);
	return STORE_OK;
}

int accounts_freeze(struct accounts *all, const unsigned char uid[ACCOUNT_UID_SIZE],
		uint64_t *wal_out)
{
	struct freezing freezing = { .wait = ACCOUNT_WAIT(run_freeze) };
	int r;

	pthread_mutex_lock(&all->lock);
	r = account_wait_for(account_of_uid(all, uid), &freezing.wait);
	pthread_mutex_unlock(&all->lock);
	*wal_out = freezing.wal;
	return r;
}

void accounts_thaw(struct accounts *all, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct account_wait wait = ACCOUNT_WAIT(run_thaw);

	pthread_mutex_lock(&all->lock);
	account_wait_for(account_of_uid(all, uid), &wait);
	pthread_mutex_unlock(&all->lock);
}

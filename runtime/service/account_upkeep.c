/* What is done to the file of an account as a whole: it is destroyed, or taken up after it
 * was put back from a copy. */
#include "runtime/service/account_inside.h"

#include <errno.h>

/* The removal of an account's files, on the stack of who waits for it. */
struct destruction {
	pthread_cond_t done;
	bool ended;
	int r;
};

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

/* On the stack of who waits for it. */
struct acceptance {
	struct account_job job;
	pthread_cond_t done;
	enum account_accept accept;
	bool ended;
	int r;
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
	struct acceptance *acceptance = CONTAINER_OF(job, struct acceptance, job);
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
	pthread_mutex_lock(&all->lock);
	acceptance->r = r;
	acceptance->ended = true;
	pthread_cond_signal(&acceptance->done);
	pthread_mutex_unlock(&all->lock);
	return STORE_OK;
}

int accounts_accept(struct accounts *all, const struct account_spec *spec, bool empty)
{
	struct acceptance acceptance = {
		.job = { .run = run_accept, .bare = true },
		.done = PTHREAD_COND_INITIALIZER,
		.accept = empty ? ACCEPT_EMPTY : ACCEPT_FILE,
	};
	struct account *a = account_ref(all, spec);

	pthread_mutex_lock(&all->lock);
	account_queue(a, &acceptance.job);
	while (!acceptance.ended)
		pthread_cond_wait(&acceptance.done, &all->lock);
	pthread_mutex_unlock(&all->lock);
	account_unref(a);
	return acceptance.r;
}

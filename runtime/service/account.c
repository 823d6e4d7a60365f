/* Accounts are found by uid and live until the end; their files open and close.
 *
 *   CLOSED ──first job──► OPEN ──unused, too many open──► CLOSED
 *      └─older, gone─► QUARANTINED ◄─┘ a page does not verify
 *                        └─accounts_accept, a restart─► CLOSED
 */
#include "runtime/service/account_inside.h"

#include "runtime/base/error.h"
#include "runtime/store/quota.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPEN_MAX_DEFAULT = 256,
	KEYS_BEYOND = 64, /* accounts that may be open for a moment past open_max */
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
	list_init(&all->apart);
	list_init(&all->moved);
	all->tell_moved = options->moved;
	all->state = options->state;
	return all;
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
		account_close_store(a);
	return STORE_OK;
}

static void run_job(struct job *queued);

/* Locked. */
void account_queue(struct account *a, struct account_job *job)
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
		account_queue(a, &a->close);
	}
	pthread_mutex_unlock(&all->lock);
}

/* A file that was restored is taken up under new numbers, once. */
static int open_it(struct account *a)
{
	bool put_back;

	pthread_mutex_lock(&a->all->lock);
	put_back = a->put_back;
	pthread_mutex_unlock(&a->all->lock);
	return account_open_store(a, put_back ? ACCEPT_FILE : ACCEPT_KNOWN);
}

static int outcome_for(struct account *a, const struct account_job *job)
{
	if (job->bare)
		return ACCOUNT_OK;
	if (a->quarantine)
		return ACCOUNT_E_QUARANTINED;
	return a->store ? ACCOUNT_OK : account_outcome(a, open_it(a));
}

/* Locked, on the account's queue. */
static void see(struct account *a)
{
	struct accounts *all = a->all;
	const struct account_mark *mark;
	struct quota quota;
	bool first = list_empty(&all->moved);

	if (!a->store)
		return;
	quota_read(a->store, &quota);
	a->seen.known = true;
	a->seen.used = quota.used;
	a->seen.messages = quota.messages;
	mark = account_store_mark(a->store);
	if (mark->commits == a->mark.commits)
		return;
	a->mark = *mark;
	if (!list_empty(&a->moved))
		return;
	list_push(&all->moved, &a->moved);
	if (first && all->tell_moved)
		all->tell_moved(all->state);
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
		account_quarantine(a, QUARANTINE_DAMAGED);
	pthread_mutex_lock(&all->lock);
	see(a);
	a->jobs--;
	pthread_mutex_unlock(&all->lock);
	close_idle(all);
}

void account_submit(struct account *a, struct account_job *job)
{
	pthread_mutex_lock(&a->all->lock);
	account_queue(a, job);
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
	if (!pins && a->quarantine && a->store)
		account_close_store(a);
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
	a->close.bare = true;
	list_init(&a->use);
	list_init(&a->apart);
	list_init(&a->moved);
	serial_init(&a->queue, all->workers);
	map_set(&all->by_uid, view_of(a->uid, ACCOUNT_UID_SIZE), a);
	return a;
}

struct account *account_of_uid(
		struct accounts *all, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct account *a = map_get(&all->by_uid, view_of(uid, ACCOUNT_UID_SIZE));

	return a ? a : new_account(all, uid);
}

static void fill_slot(struct account_slot *slot, struct view wrapped)
{
	slot->len = wrapped.len < BROKER_WRAPPED ? wrapped.len : BROKER_WRAPPED;
	if (slot->len)
		memcpy(slot->wrapped, wrapped.data, slot->len);
}

struct account *account_ref(struct accounts *all, const struct account_spec *spec)
{
	struct account *a;

	pthread_mutex_lock(&all->lock);
	a = account_of_uid(all, spec->uid);
	fill_slot(&a->slot, spec->wrapped_key);
	fill_slot(&a->next, spec->next_key);
	a->quota = spec->quota;
	/* Only before its first use: from then on its own mark is the newer one. */
	if (spec->known.commits > a->mark.commits)
		a->mark = spec->known;
	a->put_back = spec->put_back && !a->taken_up;
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

/* -- what others ask -- */

bool accounts_have_moved(struct accounts *all)
{
	bool moved;

	pthread_mutex_lock(&all->lock);
	moved = !list_empty(&all->moved);
	pthread_mutex_unlock(&all->lock);
	return moved;
}

size_t accounts_moved(struct accounts *all, struct account_reached *out, size_t most)
{
	size_t count = 0;

	pthread_mutex_lock(&all->lock);
	LIST_EACH (link, &all->moved) {
		const struct account *a = LIST_ITEM(link, struct account, moved);

		if (count == most)
			break;
		out[count].mark = a->mark;
		out[count].used = a->seen.used;
		out[count].messages = a->seen.messages;
		memcpy(out[count++].uid, a->uid, ACCOUNT_UID_SIZE);
	}
	pthread_mutex_unlock(&all->lock);
	return count;
}

/* What moved on in the meantime stays. */
void accounts_remembered(
		struct accounts *all, const struct account_reached *reached, size_t count)
{
	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < count; i++) {
		struct account *a = map_get(
				&all->by_uid, view_of(reached[i].uid, ACCOUNT_UID_SIZE));

		if (a && a->mark.commits == reached[i].mark.commits)
			list_remove(&a->moved);
	}
	pthread_mutex_unlock(&all->lock);
}

size_t accounts_set_apart(
		struct accounts *all, struct account_set_apart *out, size_t most)
{
	size_t count = 0;

	pthread_mutex_lock(&all->lock);
	LIST_EACH (link, &all->apart) {
		const struct account *a = LIST_ITEM(link, struct account, apart);

		if (count == most)
			break;
		out[count].why = a->quarantine;
		memcpy(out[count++].uid, a->uid, ACCOUNT_UID_SIZE);
	}
	pthread_mutex_unlock(&all->lock);
	return count;
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

void accounts_observe_keys(struct accounts *all, struct keyring_report *total)
{
	keyring_observe_too(all->keyring, total);
}

void accounts_close(struct accounts *all)
{
	struct view uid;
	size_t at = 0;
	void *value;

	if (all->closed)
		return;
	all->closed = true;
	pthread_mutex_lock(&all->lock);
	all->stopping = true;
	pthread_mutex_unlock(&all->lock);
	while (map_next(&all->by_uid, &at, &uid, &value)) {
		struct account *a = value;

		serial_deinit(&a->queue);
		assert(!a->refs && !a->pins);
		account_close_store(a);
	}
}

void accounts_free(struct accounts *all)
{
	struct view uid;
	size_t at = 0;
	void *a;

	if (!all)
		return;
	accounts_close(all);
	while (map_next(&all->by_uid, &at, &uid, &a))
		free(a);
	map_free(&all->by_uid);
	keyring_free(all->keyring);
	pthread_mutex_destroy(&all->lock);
	free(all->data);
	free(all);
}

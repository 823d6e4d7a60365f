/* A message becomes a letter with one copy a recipient; copies for one account wait in its
 * box. A box works off its copies in batches on the account's queue; one whose batch failed
 * rests, longer each time, until the thread of the retries wakes it.
 *
 *   IDLE ──a copy──► BUSY ──nothing left──► IDLE
 *                     └──failed──► RESTING ──due──► BUSY
 */
#include "runtime/service/delivery.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/base/log.h"
#include "runtime/base/map.h"
#include "runtime/base/metric.h"
#include "runtime/net/thread.h"
#include "runtime/queue/queue.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

enum {
	BATCH_COPIES = 100,
	BATCH_BYTES = 4 * 1024 * 1024,
	READ_BYTES = 64 * 1024,
	REST_MAX = 60, /* seconds */
};

struct letter;

struct copy {
	struct list link; /* of its box, or of a batch */
	struct letter *letter;
	const struct intake_recipient *recipient;
	struct append *append; /* while it is being filed */
	bool unreadable;
};

struct letter {
	struct list link; /* delivery->letters */
	struct intake_message *message;
	size_t left;  /* copies that are not filed */
	size_t posts; /* what was posted of it and has not come back */
	bool tells;   /* its sender is to be told once all are filed */
	struct copy copies[];
};

enum box_state {
	BOX_IDLE,
	BOX_BUSY,
	BOX_RESTING,
};

struct box {
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct delivery *delivery;
	struct account_job job;
	/* -- under delivery->lock -- */
	enum box_state state;
	struct account *account; /* while BUSY */
	struct list waiting;
	unsigned failures; /* in a row */
	nstime due;        /* while RESTING */
};

struct delivery {
	struct accounts *accounts;
	struct configuration *(*configuration)(void *state);
	void (*changed)(void *state, const unsigned char account[ACCOUNT_UID_SIZE],
			uint64_t mailbox);
	void (*take)(void *state, struct intake_message *message);
	void (*tell)(void *state, struct intake_message *message);
	void (*settle)(void *state, struct intake_message *message);
	void *state;
	struct intake *intake;
	pthread_t retries;

	pthread_mutex_t lock;
	pthread_cond_t wake; /* the thread of the retries: a box rests */
	pthread_cond_t idle; /* delivery_stop: a box is busy no more */
	bool started, stopping;
	struct map boxes;
	struct map posted; /* letters with posts, by message */
	struct list letters;
	size_t letter_count, busy;
	uint64_t accepted, delivered;
};

/* -- copies that are done -- */

/* Locked. */
static void set_letters(struct delivery *d, size_t count)
{
	d->letter_count = count;
	metric_set(METRIC_MESSAGES_WAITING, 0, 0, (int64_t)count);
}

static struct view key_of(struct intake_message *const *message)
{
	return view_of((const char *)message, sizeof(*message));
}

/* Locked. */
static void post(struct delivery *d, struct letter *letter,
		void (*what)(void *state, struct intake_message *message))
{
	if (letter->posts++ == 0)
		map_set(&d->posted, key_of(&letter->message), letter);
	what(d->state, letter->message);
}

/* Locked: something that was posted of the message has come back. */
static struct letter *post_came_back(struct delivery *d, struct intake_message *message)
{
	struct letter *letter = map_get(&d->posted, key_of(&message));

	if (--letter->posts == 0)
		map_remove(&d->posted, key_of(&message));
	return letter;
}

/* Locked. The message leaves the log once each copy is filed and all that was posted of it
 * has come back. */
static void letter_goes_on(struct delivery *d, struct letter *letter)
{
	if (letter->left)
		return;
	if (letter->tells) {
		letter->tells = false;
		post(d, letter, d->tell);
	}
	if (letter->posts)
		return;
	list_remove(&letter->link);
	set_letters(d, d->letter_count - 1);
	intake_filed(d->intake, letter->message);
	free(letter);
}

/* -- filing a batch: on the account's queue -- */

/* What stands above the message: where it came from, for whom, and our Received. */
static int append_trace(struct copy *copy)
{
	struct intake_message *m = copy->letter->message;
	const struct intake_envelope *envelope = intake_message_envelope(m);
	CLEANUP(buf_free) struct buf trace = BUF_NULL(SIZE_MAX);

	buf_addf(&trace, "Return-Path: <%.*s>\r\n", VIEW_ARG(envelope->sender));
	buf_addf(&trace, "Delivered-To: %.*s\r\n", VIEW_ARG(copy->recipient->address));
	buf_add(&trace, intake_message_trace(m));
	return append_chunk(copy->append, buf_view(&trace));
}

/* Brings the bytes of a copy to its append. A message that cannot be read back is set
 * aside: it stays in the log, and holds up nobody else's. */
static int fill(struct account_store *store, struct copy *copy, char *bytes)
{
	struct intake_message *m = copy->letter->message;
	uint64_t size = intake_message_size(m), at = 0;
	int r = append_begin(store, &copy->append);

	if (!r)
		r = append_trace(copy);
	while (!r && at < size) {
		size_t len;
		int read = intake_message_read(m, at, bytes, READ_BYTES, &len);

		if (read) {
			copy->unreadable = true;
			append_abort(TAKE(copy->append));
			log_event(LOG_ERROR, "delivery.unreadable",
					log_id("message", intake_message_id(m)),
					log_text("next", "it stays in the intake log; "
							 "check the disk"));
			return STORE_OK;
		}
		r = append_chunk(copy->append, view_of(bytes, len));
		at += len;
	}
	return r;
}

static int commit_copies(struct account_store *store, struct list *batch, int64_t inbox,
		uint64_t floor, size_t *filed_out)
{
	size_t filed = 0;
	int r = append_batch_begin(store);

	LIST_EACH (link, batch) {
		struct copy *copy = LIST_ITEM(link, struct copy, link);
		struct intake_message *m = copy->letter->message;
		struct append_options options = { .mailbox = inbox,
			.internal_date = intake_message_envelope(m)->received,
			.ignore_quota = true,
			.intake = intake_message_id(m),
			.recipient = copy->recipient->address };
		struct append_result result;

		if (copy->unreadable)
			continue;
		if (!r)
			r = append_commit(&copy->append, &options, &result);
		if (!r && result.uid)
			filed++;
	}
	if (!r)
		r = append_batch_commit(store, floor);
	else
		append_batch_abort(store);
	if (!r)
		*filed_out = filed;
	return r;
}

static int file_batch(struct delivery *d, struct account_store *store, struct list *batch,
		uint64_t *inbox_out, size_t *filed_out)
{
	CLEANUP(freep) char *bytes = xmalloc(READ_BYTES);
	int64_t inbox;
	int r = mailbox_find(store, VIEW("INBOX"), &inbox);

	LIST_EACH (link, batch)
		if (!r)
			r = fill(store, LIST_ITEM(link, struct copy, link), bytes);
	if (!r)
		r = commit_copies(
				store, batch, inbox, intake_floor(d->intake), filed_out);
	LIST_EACH (link, batch) {
		struct copy *copy = LIST_ITEM(link, struct copy, link);

		append_abort(TAKE(copy->append));
	}
	if (!r)
		*inbox_out = (uint64_t)inbox;
	return r;
}

/* Locked. */
static void take_batch(struct box *box, struct list *batch)
{
	size_t count = 0;
	uint64_t bytes = 0;

	list_init(batch);
	while (!list_empty(&box->waiting) && count < BATCH_COPIES &&
			bytes < BATCH_BYTES) {
		struct list *link = list_pop(&box->waiting);

		bytes += intake_message_size(
				LIST_ITEM(link, struct copy, link)->letter->message);
		count++;
		list_push(batch, link);
	}
}

/* Locked: in front of what waits, in the old order. */
static void put_back(struct box *box, struct list *batch)
{
	while (!list_empty(batch)) {
		struct list *last = batch->prev;

		list_remove(last);
		list_push_front(&box->waiting, last);
	}
}

/* Locked. */
static void rest(struct box *box)
{
	unsigned doublings = box->failures < 6 ? box->failures : 6;
	int64_t seconds = (int64_t)1 << doublings;

	box->failures++;
	box->state = BOX_RESTING;
	box->due = clock_now() + nstime_seconds(seconds < REST_MAX ? seconds : REST_MAX);
	pthread_cond_signal(&box->delivery->wake);
}

/* Locked: the batch is filed. Unreadable copies wait for a restart. */
static void settle(struct box *box, struct list *batch)
{
	struct list *link;

	while ((link = list_pop(batch))) {
		struct copy *copy = LIST_ITEM(link, struct copy, link);

		if (copy->unreadable)
			continue;
		copy->letter->left--;
		letter_goes_on(box->delivery, copy->letter);
	}
	box->failures = 0;
	box->state = BOX_IDLE;
}

static const char *reason_of(int outcome, int r)
{
	if (outcome == ACCOUNT_E_FULL || r == STORE_E_FULL)
		return "disk-full";
	if (outcome == ACCOUNT_E_QUARANTINED || r == STORE_E_DAMAGED)
		return "account-quarantined";
	return outcome ? "account-unavailable" : "store-fault";
}

static void box_wake(struct box *box);

static int run_box(struct account_job *job, struct account_store *store, int outcome)
{
	struct box *box = CONTAINER_OF(job, struct box, job);
	struct delivery *d = box->delivery;
	struct account *account;
	struct list batch;
	uint64_t inbox = 0;
	size_t filed = 0;
	int r = STORE_OK;

	pthread_mutex_lock(&d->lock);
	take_batch(box, &batch);
	pthread_mutex_unlock(&d->lock);
	if (!outcome)
		r = file_batch(d, store, &batch, &inbox, &filed);
	if (outcome || r)
		log_event(LOG_WARN, "delivery.deferred",
				log_text("reason", reason_of(outcome, r)),
				log_text("next", "tried again within a minute"));
	pthread_mutex_lock(&d->lock);
	d->delivered += filed;
	metric_add(METRIC_COPIES_DELIVERED, 0, 0, (int64_t)filed);
	pthread_mutex_unlock(&d->lock);
	if (filed)
		d->changed(d->state, box->uid, inbox);
	pthread_mutex_lock(&d->lock);
	account = TAKE(box->account);
	d->busy--;
	if (outcome || r) {
		put_back(box, &batch);
		rest(box);
	} else {
		settle(box, &batch);
		if (!list_empty(&box->waiting))
			box_wake(box);
	}
	account_unref(account);
	pthread_cond_broadcast(&d->idle);
	pthread_mutex_unlock(&d->lock);
	return r;
}

/* Locked. An account that is in no configuration is one of an earlier state, say of before
 * a roll-back: its mail waits. */
static void box_wake(struct box *box)
{
	struct delivery *d = box->delivery;
	CLEANUP(configuration_unrefp)
	struct configuration *c = d->configuration(d->state);
	const struct account_spec *spec = configuration_account(c, box->uid);

	if (!spec) {
		log_event(LOG_WARN, "delivery.deferred", log_text("reason", "no-account"),
				log_text("next", "tried again within a minute"));
		rest(box);
		return;
	}
	box->account = account_ref(d->accounts, spec);
	box->state = BOX_BUSY;
	d->busy++;
	box->job = (struct account_job){ .run = run_box };
	account_submit(box->account, &box->job);
}

/* -- taking messages over -- */

/* Locked. */
static struct box *box_of(struct delivery *d, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	struct box *box = map_get(&d->boxes, view_of(uid, ACCOUNT_UID_SIZE));

	if (box)
		return box;
	box = xcalloc(1, sizeof(*box));
	memcpy(box->uid, uid, ACCOUNT_UID_SIZE);
	box->delivery = d;
	list_init(&box->waiting);
	map_set(&d->boxes, view_of(box->uid, ACCOUNT_UID_SIZE), box);
	return box;
}

/* Locked. */
static void put_into_boxes(struct delivery *d, struct letter *letter)
{
	const struct intake_envelope *e = intake_message_envelope(letter->message);

	for (size_t i = 0; i < e->recipient_count; i++) {
		struct copy *copy = &letter->copies[i];
		struct box *box;

		if (intake_leads_out(&e->recipients[i]))
			continue;
		box = box_of(d, e->recipients[i].account);
		copy->letter = letter;
		copy->recipient = &e->recipients[i];
		list_push(&box->waiting, &copy->link);
		if (box->state == BOX_IDLE)
			box_wake(box);
	}
}

static size_t count_copies(const struct intake_envelope *e)
{
	size_t copies = 0;

	for (size_t i = 0; i < e->recipient_count; i++)
		copies += !intake_leads_out(&e->recipients[i]);
	return copies;
}

/* Locked. */
static void file(struct delivery *d, struct letter *letter)
{
	const struct intake_envelope *e = intake_message_envelope(letter->message);

	static_assert((int)ACCOUNT_UID_SIZE == (int)INTAKE_ACCOUNT_SIZE,
			"one size of uid");
	letter->left = count_copies(e);
	letter->tells = queue_tells(letter->message);
	if (letter->left < e->recipient_count)
		post(d, letter, d->take);
	if (letter->left)
		put_into_boxes(d, letter);
	else
		letter_goes_on(d, letter); /* discarded by an alias: nobody's */
}

/* Locked. */
static void take_over(struct delivery *d, struct intake_message *message)
{
	const struct intake_envelope *e = intake_message_envelope(message);
	struct letter *letter = xcalloc(
			1, sizeof(*letter) + e->recipient_count * sizeof(struct copy));

	letter->message = message;
	list_push(&d->letters, &letter->link);
	set_letters(d, d->letter_count + 1);
	if (e->origin) {
		post(d, letter, d->settle);
		return;
	}
	file(d, letter);
}

void delivery_settled(struct delivery *d, struct intake_message *message)
{
	struct letter *letter;

	pthread_mutex_lock(&d->lock);
	letter = post_came_back(d, message);
	if (!d->stopping)
		file(d, letter);
	pthread_mutex_unlock(&d->lock);
}

void delivery_taken(struct delivery *d, struct intake_message *message)
{
	pthread_mutex_lock(&d->lock);
	letter_goes_on(d, post_came_back(d, message));
	pthread_mutex_unlock(&d->lock);
}

void delivery_committed(void *state, struct intake_message *message)
{
	struct delivery *d = state;

	pthread_mutex_lock(&d->lock);
	d->accepted++;
	metric_add(METRIC_MESSAGES_ACCEPTED, 0, 0, 1);
	metric_add(METRIC_MESSAGE_BYTES_ACCEPTED, 0, 0,
			(int64_t)intake_message_size(message));
	if (d->stopping)
		intake_release(d->intake, message);
	else
		take_over(d, message);
	pthread_mutex_unlock(&d->lock);
}

/* -- the retries -- */

/* Locked: wakes what is due; when the next is. */
static nstime wake_due(struct delivery *d)
{
	nstime now = clock_now(), next = NSTIME_NEVER;
	struct view uid;
	size_t at = 0;
	void *value;

	while (map_next(&d->boxes, &at, &uid, &value)) {
		struct box *box = value;

		if (box->state == BOX_RESTING && box->due <= now)
			box_wake(box);
		if (box->state == BOX_RESTING)
			next = nstime_min(next, box->due);
	}
	return next;
}

static void *run_retries(void *arg)
{
	struct delivery *d = arg;

	pthread_mutex_lock(&d->lock);
	while (!d->stopping) {
		nstime next = wake_due(d);
		struct timespec until = { .tv_sec = next / NS_PER_S,
			.tv_nsec = next % NS_PER_S };

		if (next == NSTIME_NEVER)
			pthread_cond_wait(&d->wake, &d->lock);
		else
			pthread_cond_timedwait(&d->wake, &d->lock, &until);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

void delivery_retry(struct delivery *d, const unsigned char account[ACCOUNT_UID_SIZE])
{
	struct box *box;

	pthread_mutex_lock(&d->lock);
	box = map_get(&d->boxes, view_of(account, ACCOUNT_UID_SIZE));
	if (box && box->state == BOX_RESTING)
		box->due = clock_now();
	pthread_cond_signal(&d->wake);
	pthread_mutex_unlock(&d->lock);
}

/* -- the whole -- */

struct delivery *delivery_new(const struct delivery_options *options)
{
	struct delivery *d = xcalloc(1, sizeof(*d));
	pthread_condattr_t monotonic;

	d->accounts = options->accounts;
	d->configuration = options->configuration;
	d->changed = options->changed;
	d->take = options->take;
	d->tell = options->tell;
	d->settle = options->settle;
	d->state = options->state;
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->wake, &monotonic);
	pthread_cond_init(&d->idle, NULL);
	pthread_condattr_destroy(&monotonic);
	list_init(&d->letters);
	return d;
}

void delivery_start(struct delivery *d, struct intake *intake)
{
	struct intake_message *message;

	pthread_mutex_lock(&d->lock);
	d->intake = intake;
	while ((message = intake_next_unfiled(intake)))
		take_over(d, message);
	d->started = true;
	pthread_mutex_unlock(&d->lock);
	d->retries = thread_start("delivery", run_retries, d);
}

void delivery_stop(struct delivery *d)
{
	struct list *link;

	if (!d->started)
		return;
	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	pthread_cond_broadcast(&d->wake);
	while (d->busy)
		pthread_cond_wait(&d->idle, &d->lock);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->retries, NULL);
	d->started = false;
	while ((link = list_pop(&d->letters))) {
		struct letter *letter = LIST_ITEM(link, struct letter, link);

		intake_release(d->intake, letter->message);
		free(letter);
	}
	set_letters(d, 0);
}

void delivery_free(struct delivery *d)
{
	struct view uid;
	size_t at = 0;
	void *box;

	if (!d)
		return;
	assert(!d->started);
	while (map_next(&d->boxes, &at, &uid, &box))
		free(box);
	map_free(&d->boxes);
	map_free(&d->posted);
	pthread_cond_destroy(&d->wake);
	pthread_cond_destroy(&d->idle);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct delivery_observed delivery_observe(struct delivery *d)
{
	struct delivery_observed out;

	pthread_mutex_lock(&d->lock);
	out = (struct delivery_observed){ .accepted = d->accepted,
		.delivered = d->delivered,
		.waiting = d->letter_count };
	pthread_mutex_unlock(&d->lock);
	return out;
}

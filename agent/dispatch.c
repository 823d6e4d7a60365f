#include "agent/dispatch.h"

#include "agent/courier.h"
#include "agent/delivery.h"
#include "agent/driver.h"
#include "agent/settle.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"

#include <stdlib.h>

enum {
	RETRY_SECONDS = 1, /* after the database failed */
};

struct dispatch {
	struct database *db;
	const struct os *os;
	const struct agent_file *file;
	struct courier *courier;
	struct deliveries all;
	struct list back; /* errands whose consequences are not on disk yet */
	size_t out;
	bool stale;
	nstime retry_at; /* the database failed: not before; 0: it did not */
	nstime deadline;
};

int dispatch_new(struct database *db, const struct os *os, const struct agent_file *file,
		struct dispatch **out)
{
	struct dispatch *d = xcalloc(1, sizeof(*d));
	int r = courier_new(&d->courier);

	if (r) {
		free(d);
		return r;
	}
	d->db = db;
	d->os = os;
	d->file = file;
	d->stale = true;
	d->deadline = 0; /* at once */
	list_init(&d->back);
	deliveries_init(&d->all);
	*out = d;
	return 0;
}

void dispatch_free(struct dispatch *d)
{
	struct list *link;

	if (!d)
		return;
	courier_free(d->courier);
	while ((link = list_pop(&d->back)))
		errand_free(LIST_ITEM(link, struct errand, link));
	deliveries_deinit(&d->all);
	free(d);
}

int dispatch_fd(const struct dispatch *d)
{
	return courier_fd(d->courier);
}

nstime dispatch_deadline(const struct dispatch *d)
{
	return d->deadline;
}

void dispatch_stale(struct dispatch *d)
{
	if (!d)
		return;
	d->stale = true;
	d->deadline = 0;
}

size_t dispatch_out(const struct dispatch *d)
{
	return d->out;
}

static nstime now_of(const struct dispatch *d)
{
	return d->os->now(d->os->state);
}

static walltime wall_of(const struct dispatch *d)
{
	return d->os->wall(d->os->state);
}

static struct settling settling_of(const struct dispatch *d, struct arena *arena)
{
	struct settling s = { .db = d->db, .arena = arena, .now = wall_of(d) };

	d->os->random(d->os->state, &s.random, sizeof(s.random));
	return s;
}

/* -- rows -- */

static int load(struct dispatch *d)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(d->db, &t);

	if (r == 0)
		r = deliveries_load(&d->all, d->db, now_of(d), wall_of(d));
	if (r == 0)
		r = transaction_commit(&t);
	if (r == 0)
		d->stale = false;
	return r;
}

/* -- what is back -- */

static void take_back(struct dispatch *d)
{
	struct errand *errand;

	while ((errand = courier_next(d->courier))) {
		struct delivery *delivery = deliveries_find(&d->all, errand->id);

		d->out--;
		d->all.providers[errand->queue].out--;
		if (delivery)
			delivery->out = false;
		list_push(&d->back, &errand->link);
	}
}

static void pause_provider(struct dispatch *d, const struct errand *errand, nstime delay)
{
	struct provider *provider = &d->all.providers[errand->queue];

	if (errand->outcome != EFFECT_E_FAILED || !errand->answer.reason ||
			strcmp(errand->answer.reason, "RateLimited") != 0)
		return;
	if (provider->paused_until < now_of(d) + delay)
		provider->paused_until = now_of(d) + delay;
}

/* What was written is what memory has, too. */
static void follow(struct dispatch *d, const struct errand *errand,
		const struct settling *s, enum settlement settlement)
{
	struct delivery *delivery = deliveries_find(&d->all, errand->id);
	nstime now = now_of(d);

	if (settlement == SETTLED_ANEW)
		d->stale = true;
	if (!delivery || settlement == SETTLED_NOTHING)
		return;
	if (settlement == SETTLED_GONE)
		delivery_forget(&d->all, delivery);
	else if (settlement != SETTLED_ANEW)
		delivery_follow(&d->all, delivery, &s->row,
				s->delay == NSTIME_NEVER ? NSTIME_NEVER : now + s->delay);
	if (settlement == SETTLED_AGAIN)
		pause_provider(d, errand, s->delay);
	if (settlement == SETTLED_DONE || settlement == SETTLED_GONE)
		deliveries_wake(&d->all, s->row.uid, now);
}

static int settle_one(struct dispatch *d, const struct errand *errand)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct settling s = settling_of(d, arena);
	enum settlement settlement;
	int r = settle(&s, errand, &settlement);

	if (r == 0)
		follow(d, errand, &s, settlement);
	return r;
}

/* All in one transaction. Where that fails they stay, and memory, which went ahead, is read
 * again. */
static int settle_back(struct dispatch *d)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r;

	if (list_empty(&d->back))
		return 0;
	r = transaction_begin(d->db, &t);
	for (struct list *link = d->back.next; link != &d->back && r == 0;
			link = link->next)
		r = settle_one(d, LIST_ITEM(link, struct errand, link));
	if (r == 0)
		r = transaction_commit(&t);
	if (r) {
		d->stale = true;
		return r;
	}
	LIST_EACH (link, &d->back) {
		list_remove(link);
		errand_free(LIST_ITEM(link, struct errand, link));
	}
	return 0;
}

/* -- what is blocked -- */

static int say_blocked(struct dispatch *d, struct delivery *delivery,
		const struct delivery *culprit)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct settling s = settling_of(d, arena);

	delivery->culprit = culprit;
	return settle_blocked(&s, delivery->uid,
			arena_printf(arena, "%.*s/%.*s", VIEW_ARG(culprit->kind),
					VIEW_ARG(culprit->name)),
			culprit->reason);
}

static int say_all_blocked(struct dispatch *d)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = 0;

	for (size_t i = 0; i < d->all.count && r == 0; i++) {
		struct delivery *delivery = &d->all.items[i];
		const struct delivery *culprit;

		if (!delivery_is_open(delivery) || !delivery->dependencies.len)
			continue;
		culprit = delivery_culprit(&d->all, delivery);
		if (!culprit || culprit == delivery->culprit)
			continue;
		if (!t.db)
			r = transaction_begin(d->db, &t);
		if (r == 0)
			r = say_blocked(d, delivery, culprit);
	}
	if (r == 0 && t.db)
		r = transaction_commit(&t);
	if (r)
		d->stale = true;
	return r;
}

/* -- what is due -- */

static int prepare(struct dispatch *d, struct delivery *delivery, struct errand **out)
{
	bool looks = delivery->state == OUTBOX_UNKNOWN || delivery->state == OUTBOX_DONE;
	CLEANUP(errand_freep)
	struct errand *errand =
			errand_new(looks ? ERRAND_LOOK : ERRAND_PERFORM, delivery->id);
	const struct driver *driver = driver_of(delivery->kind);
	struct outbox_row row;
	int r = outbox_read(d->db, delivery->id, errand->arena, &row);

	if (r == OUTBOX_E_ABSENT)
		d->stale = true;
	if (r)
		return r == OUTBOX_E_ABSENT ? 0 : r;
	if (!driver || !driver->effects) {
		log_event(LOG_ERROR, "agent.effect.unknown_kind",
				log_view("kind", delivery->kind));
		delivery->due = NSTIME_NEVER;
		return 0;
	}
	errand->effects = driver->effects;
	errand->queue = delivery->provider;
	errand->effect = (struct effect){
		.file = d->file,
		.operation = row.operation,
		.text = row.text,
		.key = row.key,
	};
	memcpy(errand->effect.uid, row.uid, UID_SIZE);
	row.state = OUTBOX_INTENT;
	if (!looks)
		r = outbox_update(d->db, &row);
	if (r == 0)
		*out = TAKE(errand);
	return r;
}

/* Gathers what can go now, with its intents. */
static int gather(struct dispatch *d, nstime now, struct list *errands)
{
	size_t room = courier_room(d->courier);
	int r = 0;

	for (size_t i = 0; i < d->all.count && room && r == 0; i++) {
		struct delivery *delivery = &d->all.items[i];
		struct provider *provider = &d->all.providers[delivery->provider];
		struct errand *errand = NULL;

		if (delivery_ready(&d->all, delivery, now) > now ||
				!bucket_take(&provider->bucket, now))
			continue;
		r = prepare(d, delivery, &errand);
		if (!errand)
			continue;
		list_push(errands, &errand->link);
		delivery->out = true;
		provider->out++;
		room--;
	}
	return r;
}

static void call_off(struct dispatch *d, struct list *errands)
{
	struct list *link;

	while ((link = list_pop(errands))) {
		struct errand *errand = LIST_ITEM(link, struct errand, link);

		d->all.providers[errand->queue].out--;
		deliveries_find(&d->all, errand->id)->out = false;
		errand_free(errand);
	}
}

static void send_all(struct dispatch *d, struct list *errands)
{
	struct list *link;

	while ((link = list_pop(errands))) {
		struct errand *errand = LIST_ITEM(link, struct errand, link);

		if (errand->kind == ERRAND_PERFORM)
			deliveries_find(&d->all, errand->id)->state = OUTBOX_INTENT;
		d->out++;
		courier_send(d->courier, errand);
	}
}

static bool is_any_due(const struct dispatch *d, nstime now)
{
	for (size_t i = 0; i < d->all.count; i++)
		if (delivery_ready(&d->all, &d->all.items[i], now) <= now)
			return true;
	return false;
}

static int send_due(struct dispatch *d)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct list errands;
	nstime now = now_of(d);
	int r;

	if (courier_room(d->courier) == 0 || !is_any_due(d, now))
		return 0;
	list_init(&errands);
	r = transaction_begin(d->db, &t);
	if (r == 0)
		r = gather(d, now, &errands);
	if (r == 0)
		r = transaction_commit(&t);
	if (r)
		call_off(d, &errands);
	send_all(d, &errands);
	return r;
}

/* -- turns -- */

static nstime next_deadline(const struct dispatch *d, nstime now)
{
	nstime deadline = NSTIME_NEVER;

	if (d->stale)
		return now;
	if (courier_room(d->courier) == 0)
		return NSTIME_NEVER;
	for (size_t i = 0; i < d->all.count; i++)
		deadline = nstime_min(
				deadline, delivery_ready(&d->all, &d->all.items[i], now));
	return deadline;
}

static int turn(struct dispatch *d)
{
	int r = 0;

	if (d->stale)
		r = load(d);
	take_back(d);
	if (r == 0)
		r = settle_back(d);
	if (r == 0 && d->stale)
		r = load(d);
	if (r == 0)
		r = say_all_blocked(d);
	return r ? r : send_due(d);
}

void dispatch_turn(struct dispatch *d)
{
	int r;

	if (d->retry_at > now_of(d))
		return;
	d->retry_at = 0;
	r = turn(d);
	if (r == 0) {
		d->deadline = next_deadline(d, now_of(d));
		return;
	}
	log_event(LOG_ERROR, "agent.outbox.fault", log_number("outcome", r),
			log_text("database", database_message(d->db)));
	d->retry_at = d->deadline = now_of(d) + nstime_seconds(RETRY_SECONDS);
}

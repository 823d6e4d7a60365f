#include "agent/dispatch/dispatch_inside.h"

#include "agent/dispatch/settle.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"

static struct settling settling_of(const struct dispatch *d, struct arena *arena)
{
	struct settling s = {
		.db = d->db, .key = d->key, .arena = arena, .now = dispatch_wall(d)
	};

	d->os->random(d->os->state, &s.random, sizeof(s.random));
	return s;
}

/* -- what is back -- */

void arrivals_take(struct dispatch *d)
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
	if (provider->paused_until < dispatch_now(d) + delay)
		provider->paused_until = dispatch_now(d) + delay;
}

/* What was written is what memory has, too. */
static void follow(struct dispatch *d, const struct errand *errand,
		const struct settling *s, enum settlement settlement)
{
	struct delivery *delivery = deliveries_find(&d->all, errand->id);
	nstime now = dispatch_now(d);

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
	d->brought |= settlement == SETTLED_DONE;
	if (settlement == SETTLED_DONE || settlement == SETTLED_GONE)
		deliveries_wake(&d->all, s->row.uid, now);
}

static int settle_one(struct dispatch *d, const struct errand *errand)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct settling s = settling_of(d, arena);
	enum settlement settlement;
	int r = settle(&s, errand, &settlement);

	if (r)
		return r;
	follow(d, errand, &s, settlement);
	d->serves |= s.serves;
	return 0;
}

int arrivals_settle(struct dispatch *d)
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

int arrivals_say_blocked(struct dispatch *d)
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

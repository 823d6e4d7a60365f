#include "agent/effect/delivery.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <stdlib.h>

#define LONGEST_WAIT nstime_seconds(24 * 60 * 60)

void deliveries_init(struct deliveries *all)
{
	*all = (struct deliveries){ .arena = arena_new() };
}

static void drop_rows(struct deliveries *all)
{
	map_free(&all->by_uid);
	free(all->items);
	arena_free(all->arena);
}

void deliveries_deinit(struct deliveries *all)
{
	drop_rows(all);
	for (size_t i = 0; i < all->provider_count; i++)
		free((char *)all->providers[i].name.data);
	free(all->providers);
	*all = (struct deliveries){ 0 };
}

bool delivery_is_open(const struct delivery *d)
{
	return d->state != OUTBOX_DONE;
}

/* -- reading -- */

static size_t provider_named(struct deliveries *all, struct view name)
{
	size_t i = 0;

	while (i < all->provider_count && !view_eq(all->providers[i].name, name))
		i++;
	if (i < all->provider_count)
		return i;
	array_grow(&all->providers, &all->provider_capacity, i + 1,
			sizeof(*all->providers));
	all->providers[all->provider_count++] = (struct provider){
		.name = view_of(xstrndup(name.data ? name.data : "", name.len), name.len),
	};
	return i;
}

/* What a row's wall time means to a clock that may have jumped since it was written. */
static nstime due_of(const struct outbox_row *row, nstime now, walltime wall)
{
	nstime most = row->reason.len ? requeue_most(reason_class(row->reason),
							row->attempts)
				      : LONGEST_WAIT;

	if (row->next_at == OUTBOX_NEVER)
		return NSTIME_NEVER;
	if (row->next_at <= wall)
		return now;
	if (row->next_at - wall > most / NS_PER_S)
		return now + most;
	return now + nstime_seconds(row->next_at - wall);
}

static struct view uid_view(const struct delivery *d)
{
	return view_of(d->uid, UID_SIZE);
}

static struct delivery delivery_of(struct deliveries *all, const struct outbox_row *row,
		nstime now, walltime wall)
{
	struct delivery d = {
		.id = row->id,
		.kind = row->kind,
		.name = row->name,
		.provider = provider_named(all, row->provider),
		/* Nobody is out with it: a call that this process did not make. */
		.state = row->state == OUTBOX_INTENT ? OUTBOX_UNKNOWN : row->state,
		.dependencies = row->dependencies,
		.reason = row->reason,
		.attempts = row->attempts,
		.due = due_of(row, now, wall),
	};

	memcpy(d.uid, row->uid, UID_SIZE);
	if (row->state == OUTBOX_INTENT)
		d.due = now;
	return d;
}

struct delivery *deliveries_find(const struct deliveries *all, struct outbox_id id)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct outbox_id at = all->items[middle].id;

		if (at.serial == id.serial && at.seq == id.seq)
			return &all->items[middle];
		if (at.serial < id.serial || (at.serial == id.serial && at.seq < id.seq))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void keep_known(struct delivery *d, const struct delivery *known)
{
	if (!known)
		return;
	d->out = known->out;
	if (known->out)
		d->state = known->state;
	if (d->due != NSTIME_NEVER)
		d->due = known->due;
}

/* Older rows come first: the last one of an object stays in the map. */
static int index_row(struct deliveries *all, struct database *db, struct delivery *d)
{
	const struct delivery *older = map_set(&all->by_uid, uid_view(d), d);

	if (!older)
		return 0;
	if (older->out) {
		d->before = older;
		return 0;
	}
	return outbox_delete(db, older->id);
}

int deliveries_load(
		struct deliveries *all, struct database *db, nstime now, walltime wall)
{
	struct deliveries next = {
		.arena = arena_new(),
		.providers = all->providers,
		.provider_count = all->provider_count,
		.provider_capacity = all->provider_capacity,
	};
	struct outbox_row *rows;
	size_t count = 0;
	int r = outbox_read_all(db, next.arena, &rows, &count);

	next.items = xcalloc(count + 1, sizeof(*next.items));
	for (size_t i = 0; i < count && r == 0; i++) {
		struct delivery *d = &next.items[next.count++];

		*d = delivery_of(&next, &rows[i], now, wall);
		keep_known(d, deliveries_find(all, d->id));
		r = index_row(&next, db, d);
	}
	all->providers = next.providers;
	all->provider_count = next.provider_count;
	all->provider_capacity = next.provider_capacity;
	if (r) {
		drop_rows(&next);
		return r;
	}
	drop_rows(all);
	*all = next;
	return 0;
}

/* -- following -- */

void delivery_follow(struct deliveries *all, struct delivery *d,
		const struct outbox_row *row, nstime due)
{
	d->state = row->state;
	d->attempts = row->attempts;
	d->reason = arena_copy(all->arena, row->reason);
	d->due = due;
	d->culprit = NULL;
}

void delivery_forget(struct deliveries *all, struct delivery *d)
{
	map_remove(&all->by_uid, uid_view(d));
	d->state = OUTBOX_DONE;
	d->due = NSTIME_NEVER;
}

static bool needs(const struct delivery *d, const unsigned char *uid)
{
	for (size_t at = 0; at + UID_SIZE <= d->dependencies.len; at += UID_SIZE)
		if (memcmp(d->dependencies.data + at, uid, UID_SIZE) == 0)
			return true;
	return false;
}

const struct delivery *delivery_culprit(
		const struct deliveries *all, const struct delivery *d)
{
	for (size_t at = 0; at + UID_SIZE <= d->dependencies.len; at += UID_SIZE) {
		const struct delivery *need = map_get(
				&all->by_uid, view_sub(d->dependencies, at, UID_SIZE));

		if (need && delivery_is_open(need))
			return need;
	}
	return NULL;
}

void deliveries_wake(
		struct deliveries *all, const unsigned char uid[UID_SIZE], nstime now)
{
	for (size_t i = 0; i < all->count; i++) {
		struct delivery *d = &all->items[i];

		if (d->dependencies.len && delivery_is_open(d) && !d->out &&
				needs(d, uid))
			d->due = nstime_min(d->due, now);
	}
}

nstime delivery_ready(const struct deliveries *all, const struct delivery *d, nstime now)
{
	const struct provider *provider = &all->providers[d->provider];
	nstime ready = d->due;

	if (d->out || (d->before && d->before->out) || ready == NSTIME_NEVER ||
			provider->out == PROVIDER_CALLS)
		return NSTIME_NEVER;
	if (delivery_is_open(d) && delivery_culprit(all, d))
		return NSTIME_NEVER;
	if (ready < provider->paused_until)
		ready = provider->paused_until;
	if (ready < now)
		ready = now;
	return ready > now ? ready : bucket_ready(&provider->bucket, now);
}

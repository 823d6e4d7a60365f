#include "agent/dispatch/dispatch_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"

#include <stdlib.h>

enum {
	RETRY_SECONDS = 1, /* after the database failed */
};

int dispatch_new(struct database *db, const struct key *key, const struct os *os,
		const struct agent_file *file, struct dispatch **out)
{
	struct dispatch *d = xcalloc(1, sizeof(*d));
	int r = courier_new(&d->courier);

	if (r) {
		free(d);
		return r;
	}
	d->db = db;
	d->key = key;
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

nstime dispatch_now(const struct dispatch *d)
{
	return d->os->now(d->os->state);
}

walltime dispatch_wall(const struct dispatch *d)
{
	return d->os->wall(d->os->state);
}

static int load(struct dispatch *d)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(d->db, &t);

	if (r == 0)
		r = deliveries_load(&d->all, d->db, dispatch_now(d), dispatch_wall(d));
	if (r == 0)
		r = transaction_commit(&t);
	if (r == 0)
		d->stale = false;
	return r;
}

/* -- turns -- */

static nstime next_deadline(const struct dispatch *d, nstime now)
{
	nstime deadline = NSTIME_NEVER;

	if (d->stale || d->serves)
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
	arrivals_take(d);
	if (r == 0)
		r = arrivals_settle(d);
	if (r == 0 && d->stale)
		r = load(d);
	if (r == 0)
		r = arrivals_say_blocked(d);
	return r || d->serves ? r : departures_send(d);
}

bool dispatch_serves(const struct dispatch *d)
{
	return d->serves;
}

void dispatch_served(struct dispatch *d)
{
	d->serves = false;
}

bool dispatch_brought(struct dispatch *d)
{
	bool brought = d->brought;

	d->brought = false;
	return brought;
}

void dispatch_turn(struct dispatch *d)
{
	int r;

	if (d->retry_at > dispatch_now(d))
		return;
	d->retry_at = 0;
	r = turn(d);
	if (r == 0) {
		d->deadline = next_deadline(d, dispatch_now(d));
		return;
	}
	log_event(LOG_ERROR, "agent.outbox.fault", log_number("outcome", r),
			log_text("database", database_message(d->db)));
	d->retry_at = d->deadline = dispatch_now(d) + nstime_seconds(RETRY_SECONDS);
}

#include "agent/dispatch/dispatch_inside.h"

#include "agent/driver.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/seal.h"
#include "runtime/store/database.h"

#include <errno.h>

static bool looks(const struct delivery *delivery, const struct driver *driver)
{
	if (delivery->state == OUTBOX_UNKNOWN)
		return !(driver && driver->effects && driver->effects->resumes);
	return delivery->state == OUTBOX_DONE;
}

static int open_progress(
		struct dispatch *d, const struct outbox_row *row, struct errand *errand)
{
	struct secret *plain = &errand->progress;

	if (row->progress.len <= SEAL_OVERHEAD)
		return row->progress.len ? fault(-EPROTO) : 0;
	plain->len = row->progress.len - SEAL_OVERHEAD;
	plain->data = xmalloc(plain->len);
	if (seal_open(d->key, view_of(row->uid, UID_SIZE), row->progress, plain->data))
		return fault(-EBADMSG);
	errand->effect.progress = secret_expose(plain);
	return 0;
}

static int brief(struct dispatch *d, struct errand *errand)
{
	const struct effect_desk desk = { d->db, d->key, errand->arena, dispatch_wall(d),
		VIEW_NULL };
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(EFFECT_PROGRESS);
	int r;

	if (!errand->effects->brief)
		return 0;
	r = errand->effects->brief(&desk, &errand->effect, &text);
	if (r == 0 && buf_failed(&text))
		r = fault(-EMSGSIZE);
	if (r)
		return r;
	errand->brief = secret_copy(buf_view(&text));
	errand->effect.brief = secret_expose(&errand->brief);
	return 0;
}

static int prepare(struct dispatch *d, struct delivery *delivery, struct errand **out)
{
	const struct driver *driver = driver_of(delivery->kind);
	bool is_look = looks(delivery, driver);
	CLEANUP(errand_freep)
	struct errand *errand =
			errand_new(is_look ? ERRAND_LOOK : ERRAND_PERFORM, delivery->id);
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
		.looks = is_look,
		.now = dispatch_wall(d),
		.operation = row.operation,
		.text = row.text,
		/* What was done lives, as far as nobody changed it. */
		.former = row.state == OUTBOX_DONE ? row.text : row.former,
		.key = row.key,
	};
	memcpy(errand->effect.uid, row.uid, UID_SIZE);
	r = open_progress(d, &row, errand);
	if (r == 0)
		r = brief(d, errand);
	row.state = OUTBOX_INTENT;
	if (r == 0 && !is_look)
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

int departures_send(struct dispatch *d)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct list errands;
	nstime now = dispatch_now(d);
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

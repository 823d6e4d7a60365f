#include "agent/apply/outgoing.h"

#include "agent/database/standing.h"
#include "agent/effect/outbox.h"
#include "agent/plan/dependence.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

/* What lives now, as far as the row says that is replaced. */
static struct live_hash left_by(const struct outbox_row *row)
{
	switch (row->state) {
	case OUTBOX_PENDING:
	case OUTBOX_FAILED:
		return row->before;
	case OUTBOX_DONE:
		return row->after;
	default:
		return (struct live_hash){ .is = LIVE_UNKNOWN };
	}
}

/* What of the object may live, whatever that row came to. */
static struct view former_of(const struct outbox_row *row, struct arena *arena)
{
	bool was_called = row->state != OUTBOX_PENDING && row->state != OUTBOX_FAILED;

	if (row->state == OUTBOX_DONE || !row->former.len)
		return was_called ? row->text : VIEW_NULL;
	if (!was_called || view_find_view(row->former, row->text) < row->former.len)
		return row->former;
	return arena_printf(
			arena, "%.*s\n%.*s", VIEW_ARG(row->former), VIEW_ARG(row->text));
}

/* Takes the object's row out of the box, and its retries with it: the new one begins from
 * what that one left. A call that is out cannot be taken back: its row stays beside the new
 * one until its answer is there. */
static int replace(struct application *a, const unsigned char uid[UID_SIZE],
		struct outbox_row *out)
{
	struct arena *arena = a->plan->arena;
	struct outbox_row row;
	int r = outbox_newest(a->o->db, uid, arena, &row);

	out->before = (struct live_hash){ .is = LIVE_NOTHING };
	if (r == OUTBOX_E_ABSENT)
		return 0;
	if (r == 0)
		r = outbox_read(a->o->db, row.id, arena, &row);
	if (r)
		return r;
	out->before = left_by(&row);
	out->former = former_of(&row, arena);
	return row.state == OUTBOX_INTENT ? 0 : outbox_delete(a->o->db, row.id);
}

static int insert(struct application *a, const struct object *object,
		struct outbox_row *row)
{
	struct arena *arena = a->plan->arena;

	row->id = (struct outbox_id){ a->serial, ++a->effects };
	memcpy(row->uid, object->uid, UID_SIZE);
	row->kind = view_z(object->driver->kind);
	row->name = object->id;
	row->provider = object->driver->effects->provider(row->text, arena);
	row->key = outbox_new_key(arena);
	row->next_at = a->o->now;
	if (row->state != OUTBOX_DONE)
		row->state = row->before.is == LIVE_UNKNOWN ? OUTBOX_UNKNOWN
							    : OUTBOX_PENDING;
	return outbox_insert(a->o->db, row);
}

/* A new generation begins anew: what was said of tries at the old one is over. */
static int say_begun(struct application *a, const struct object *object,
		const char *reason, bool is_done)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(a->o->db, object->uid, a->o->now, &standing);

	if (r)
		return r;
	standing_drop(&standing, CONDITION_STALLED);
	standing_drop(&standing, CONDITION_DELETION_BLOCKED);
	if (is_done) {
		standing_observe(&standing);
		standing_drop(&standing, CONDITION_RECONCILING);
		standing_set(&standing, CONDITION_READY, true, "Applied", VIEW_NULL);
	} else {
		standing_set(&standing, CONDITION_RECONCILING, true, reason, VIEW_NULL);
	}
	return standing_write(a->o->db, &standing);
}

int outgoing_put(struct application *a, struct object *object,
		const struct wanted *wanted, bool anew)
{
	struct outbox_row row = {
		.text = wanted->applied,
		.after = live_hash_of(wanted->applied),
	};
	bool is_done;
	int r = replace(a, object->uid, &row);

	if (r == 0)
		r = dependence_write(a->o->db, object->uid, wanted);
	if (r == 0)
		r = dependence_needs(
				a->o->db, object->uid, a->plan->arena, &row.dependencies);
	if (r)
		return r;
	is_done = live_hash_eq(&row.before, &row.after) && !anew;
	row.operation = row.before.is == LIVE_NOTHING ? OPERATION_CREATE
						      : OPERATION_UPDATE;
	if (is_done) {
		row.state = OUTBOX_DONE;
		row.former = VIEW_NULL;
		object->observed_generation = object->generation;
	}
	r = insert(a, object, &row);
	return r ? r : say_begun(a, object, "Queued", is_done);
}

static int forget(struct application *a, struct object *object)
{
	int r = outbox_delete_all(a->o->db, object->uid);

	if (r == 0)
		r = dependence_forget(a->o->db, object->uid);
	object->gone = true;
	return r ? r : object_delete(a->o->db, object->uid);
}

/* The row of an object that left the state, and is served by nobody. */
static int write_leaving(struct application *a, struct object *object,
		const struct object_texts *texts)
{
	struct object_texts left = *texts;

	object->leaving = true;
	object->state = OBJECT_ACTIVE;
	left.conditions = condition_ready(a->plan->arena,
			&(const struct condition){ .reason = "Removing" },
			object->observed_generation, a->o->now);
	return object_write(a->o->db, object, &left);
}

int outgoing_remove(struct application *a, struct object *object)
{
	struct outbox_row row = {
		.operation = OPERATION_REMOVE,
		.after = { .is = LIVE_NOTHING },
	};
	struct object_texts texts;
	int r = object_read_texts(a->o->db, object->uid, a->plan->arena, &texts);

	if (r == 0)
		r = replace(a, object->uid, &row);
	if (r)
		return r;
	if (row.before.is == LIVE_NOTHING ||
			(object->driver->lets_go &&
					object->driver->lets_go(a, texts.last_applied)))
		return forget(a, object);
	row.text = texts.last_applied;
	r = dependence_dependents(
			a->o->db, object->uid, a->plan->arena, &row.dependencies);
	if (r == 0)
		r = insert(a, object, &row);
	if (r == 0)
		r = write_leaving(a, object, &texts);
	return r ? r : say_begun(a, object, "Removing", false);
}

/* A call that is out finds no row when it is back. */
int outgoing_end(struct application *a, const struct object *object)
{
	struct outbox_row row;
	int r;

	while ((r = outbox_newest(a->o->db, object->uid, a->plan->arena, &row)) == 0) {
		r = outbox_delete(a->o->db, row.id);
		if (r)
			return r;
	}
	if (r != OUTBOX_E_ABSENT)
		return r;
	return dependence_forget(a->o->db, object->uid);
}

int outgoing_keep(struct application *a, const struct object *object)
{
	struct outbox_row row;
	int r = outbox_newest(a->o->db, object->uid, a->plan->arena, &row);

	if (r)
		return r == OUTBOX_E_ABSENT ? 0 : r;
	if (row.state == OUTBOX_DONE)
		return 0;
	row.state = OUTBOX_UNKNOWN;
	row.next_at = OUTBOX_NEVER;
	return outbox_update(a->o->db, &row);
}

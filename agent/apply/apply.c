#include "agent/apply/apply.h"

#include "agent/apply/drift_write.h"
#include "agent/apply/outgoing.h"
#include "agent/database/condition.h"
#include "agent/database/journal.h"
#include "agent/effect/effect.h"
#include "agent/plan/drift.h"
#include "agent/plan/unowned.h"
#include "runtime/base/error.h"
#include "runtime/crypto/random.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

/* -- before the transaction -- */

static int compare_uids(const void *a, const void *b)
{
	return memcmp(a, b, UID_SIZE);
}

/* Random, and in their order: the rows of ten thousand new objects then go to the end of
 * their tables one after the other, not each to a page of its own. */
static unsigned char *draw_uids(size_t count)
{
	unsigned char *uids = xcalloc(count ? count : 1, UID_SIZE);

	random_bytes(uids, count * UID_SIZE);
	qsort(uids, count, UID_SIZE, compare_uids);
	return uids;
}

static void make_object(
		struct application *a, struct change *change, const unsigned char *uid)
{
	struct object *object = ARENA_NEW(a->plan->arena, struct object);

	memcpy(object->uid, uid, UID_SIZE);
	object->driver = change->driver;
	object->id = change->id;
	change->object = object;
	change->wanted->object = object;
}

int apply_prepare(struct application *a)
{
	CLEANUP(freep) unsigned char *uids = NULL, *drawn = NULL;
	size_t made = 0, count = 0, creations = a->plan->counts[ACTION_CREATE];
	int r;

	uids = xcalloc(creations, BROKER_UID);
	drawn = draw_uids(creations + a->plan->counts[ACTION_ADOPT]);
	for (size_t i = 0; i < a->plan->change_count; i++) {
		struct change *change = &a->plan->changes[i];

		if (!change_makes(change) || change->held)
			continue;
		make_object(a, change,
				change->adopted ? change->adopted->uid
						: drawn + UID_SIZE * made++);
		if (change->driver->has_postbox && !change->adopted)
			memcpy(uids + BROKER_UID * count++, change->object->uid,
					UID_SIZE);
	}
	if (count == 0)
		return 0;
	a->wrapped = xcalloc(count, sizeof(*a->wrapped));
	a->wrapped_count = count;
	r = broker_wrap_new(a->broker, uids, count, a->wrapped);
	return r > 0 ? fault(-EPROTO) : r;
}

void application_deinit(struct application *a)
{
	free(a->wrapped);
	a->wrapped = NULL;
}

/* -- one change -- */

static bool is_outside(const struct wanted *wanted)
{
	return effects_concern(wanted->driver->effects, wanted->applied);
}

/* What it has outside, from now on; nothing where it had something before. */
static int put_outside(struct application *a, struct object *object,
		const struct wanted *wanted, bool anew)
{
	if (!wanted->driver->effects)
		return 0;
	return is_outside(wanted) ? outgoing_put(a, object, wanted, anew)
				  : outgoing_end(a, object);
}

/* Why it is Ready: the driver still sees the row as it was. */
static int ready_reason(
		struct application *a, const struct change *change, struct condition *out)
{
	*out = (struct condition){ .is = true, .reason = "Applied" };
	if (is_outside(change->wanted))
		*out = (struct condition){ .is = false, .reason = "Queued" };
	if (!change->driver->condition)
		return 0;
	return change->driver->condition(a, change, &out->reason, &out->message);
}

/* The object as the state wants it. */
static void follow(struct application *a, struct object *object,
		const struct wanted *wanted, const struct declaration *declared)
{
	if (object->generation == 0 ||
			memcmp(object->hash, wanted->hash, DIGEST_SIZE) != 0)
		object->generation++;
	if (!is_outside(wanted))
		object->observed_generation = object->generation;
	if (wanted->id.len)
		object->id = wanted->id;
	object->named = object->named || wanted->id.len > 0;
	object->key = wanted->key;
	object->state = OBJECT_ACTIVE;
	object->leaving = false;
	object->disabled_at = 0;
	memcpy(object->hash, wanted->hash, DIGEST_SIZE);
	digest_bytes(wanted->applied, object->observed);
	object->declared = *declared;
	object->declared.declared_in = a->generation;
}

/* What was said of an object stays, and is true of its generation now. */
static void keep_condition(struct application *a, const struct object *object,
		struct object_texts *texts)
{
	json_t *conditions = conditions_parse(texts->conditions);
	json_t *ready = condition_get(conditions, CONDITION_READY);

	json_object_set_new(ready, "observed_generation",
			json_integer((json_int_t)object->observed_generation));
	texts->conditions = conditions_print(conditions, a->plan->arena);
	json_decref(conditions);
}

static int write_wanted(struct application *a, const struct change *change)
{
	struct object *object = change->object;
	bool is_new = change_makes(change) || change->action == ACTION_ENABLE;
	struct condition ready = { 0 };
	struct object_texts texts = { 0 };
	int r;

	if (is_new)
		r = ready_reason(a, change, &ready);
	else
		r = object_read_texts(a->o->db, object->uid, a->plan->arena, &texts);
	if (r)
		return r;
	/* The driver still sees the key that a rename leaves: it asks the change. */
	texts.spec = change->wanted->spec;
	texts.last_applied = change->wanted->applied;
	follow(a, object, change->wanted, &change->declared);
	if (is_new)
		texts.conditions = condition_ready(a->plan->arena, &ready,
				object->observed_generation, a->o->now);
	else
		keep_condition(a, object, &texts);
	return object_write(a->o->db, object, &texts);
}

static int write_disabled(struct application *a, const struct change *change)
{
	struct object *object = change->object;
	struct object_texts texts;
	int r = object_read_texts(a->o->db, object->uid, a->plan->arena, &texts);

	if (r)
		return r;
	object->state = OBJECT_DISABLED;
	object->disabled_at = a->o->now;
	texts.conditions = condition_ready(a->plan->arena,
			&(const struct condition){
					.reason = "Disabled",
					.message = VIEW("absent from the state; data "
							"kept"),
			},
			object->observed_generation, a->o->now);
	return object_write(a->o->db, object, &texts);
}

/* What the kind has outside goes first, then the row. */
static int write_gone(struct application *a, const struct change *change)
{
	if (change->driver->effects)
		return outgoing_remove(a, change->object);
	change->object->gone = true;
	return object_delete(a->o->db, change->object->uid);
}

static int write_left(struct application *a, const struct change *change)
{
	int r = 0;

	if (change->driver->retire)
		r = change->driver->retire(a, change);
	if (r)
		return r;
	if (change->action == ACTION_REMOVE)
		return write_gone(a, change);
	r = write_disabled(a, change);
	if (r || !change->driver->effects)
		return r;
	return outgoing_keep(a, change->object);
}

static int write_change(struct application *a, const struct change *change)
{
	int r = 0;

	switch (change->action) {
	case ACTION_DISABLE:
	case ACTION_REMOVE:
		return write_left(a, change);
	case ACTION_PURGE:
		if (change->driver->purge)
			r = change->driver->purge(a, change);
		return r ? r : write_gone(a, change);
	default:
		r = write_wanted(a, change);
		if (r == 0 && change->driver->apply)
			r = change->driver->apply(a, change);
		if (r)
			return r;
		return put_outside(a, change->object, change->wanted,
				change->action == ACTION_ROTATE ||
						change->action == ACTION_CORRECT);
	}
}

static int record(struct application *a, uint64_t seq, const struct change *change,
		const struct journal_hashes *hashes)
{
	const struct audit_entry entry = {
		.at = a->o->now,
		.actor = a->actor,
		.action = action_name(change->action),
		.object = object_name(change->object, a->plan->arena),
		.uid = change->object->uid,
		.plan_digest = a->plan->digest,
		.hashes = *hashes,
	};
	int r = journal_step(a->o->db, a->serial, seq, change, hashes);

	return r ? r : audit_add(a->o->db, &entry);
}

static int bind_late(struct application *a, struct wanted *wanted)
{
	return wanted && wanted->driver->bind ? wanted->driver->bind(a, wanted) : 0;
}

static int do_change(struct application *a, uint64_t seq, const struct change *change)
{
	bool is_new = change_makes(change);
	unsigned char before[DIGEST_SIZE];
	int r = bind_late(a, change->wanted);

	if (r)
		return r;
	memcpy(before, change->object->hash, DIGEST_SIZE);
	r = write_change(a, change);
	if (r)
		return r;
	change->object->written = !change_leaves(change);
	return record(a, seq, change,
			&(const struct journal_hashes){
					.before = is_new ? NULL : before,
					.after = change->object->gone
								 ? NULL
								 : change->object->hash,
			});
}

/* A row that follows its state without a step. */
static int do_rebase(struct application *a, struct wanted *wanted)
{
	const struct declaration declared = observe_declaration(a->o, wanted);
	struct object_texts texts;
	int r = bind_late(a, wanted);

	if (r)
		return r;
	r = object_read_texts(a->o->db, wanted->object->uid, a->plan->arena, &texts);
	if (r)
		return r;
	texts.spec = wanted->spec;
	texts.last_applied = wanted->applied;
	follow(a, wanted->object, wanted, &declared);
	wanted->object->written = true;
	r = object_write(a->o->db, wanted->object, &texts);
	return r ? r : put_outside(a, wanted->object, wanted, false);
}

int apply_write(struct application *a)
{
	uint64_t seq = 0;
	int r = 0;

	for (size_t i = 0; i < a->plan->change_count && r == 0; i++)
		if (!a->plan->changes[i].held)
			r = do_change(a, ++seq, &a->plan->changes[i]);
	for (size_t i = 0; i < a->plan->rebased_count && r == 0; i++)
		r = do_rebase(a, a->plan->rebased[i]);
	return r ? r : drift_write(a);
}

#include "agent/status.h"

#include "agent/database/condition.h"
#include "agent/driver/certificate.h"
#include "agent/driver/dkim_key.h"
#include "agent/inside.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <stdlib.h>

void status_free(struct status *status)
{
	if (!status)
		return;
	free(status->objects);
	json_decref(status->certificates);
	json_decref(status->dkim_keys);
	arena_free(status->arena);
	free(status);
}

void status_freep(struct status **status)
{
	status_free(*status);
}

/* -- gathering -- */

static struct view member(struct arena *arena, const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static bool is_true(const json_t *condition)
{
	const char *is = json_string_value(json_object_get(condition, "status"));

	return is && strcmp(is, "True") == 0;
}

/* The one that says how the object stands. Ready speaks of the generation that lives: where
 * that is not the one that is wanted, what is on its way, or stopped it, says more. */
static const json_t *telling_condition(const json_t *conditions, bool is_behind)
{
	const json_t *ready = json_array_get(conditions, 0);
	const json_t *stalled = condition_get(conditions, CONDITION_STALLED);
	const json_t *reconciling = condition_get(conditions, CONDITION_RECONCILING);

	if (!is_behind || !is_true(ready))
		return ready;
	return is_true(stalled) ? stalled : is_true(reconciling) ? reconciling : ready;
}

/* The stored condition, unless what lives says otherwise. The object ends before the
 * status does. */
static int read_status(struct database *db, const struct object *object,
		struct arena *arena, struct object_status *out)
{
	struct object_texts texts;
	const json_t *telling;
	json_t *conditions;
	bool is_behind = object->observed_generation != object->generation;
	int r = object_read_texts(db, object->uid, arena, &texts);

	if (r)
		return r;
	conditions = json_loadb(texts.conditions.data, texts.conditions.len, 0, NULL);
	telling = telling_condition(conditions, is_behind);
	*out = (struct object_status){
		.name = object_name(object, arena),
		.ready = !is_behind && is_true(json_array_get(conditions, 0)),
		.reason = member(arena, telling, "reason"),
		.message = member(arena, telling, "message"),
		.since = json_integer_value(json_object_get(telling, "since")),
		.generation = object->generation,
		.observed_generation = object->observed_generation,
		.conditions = texts.conditions,
		.declared = object->declared,
	};
	out->key = arena_copy(arena, object->key);
	out->declared.file = arena_copy(arena, object->declared.file);
	json_decref(conditions);
	if (object->drift >= DRIFT_CORRECT) {
		out->drifted = object->drift != DRIFT_ADOPTED;
		out->reason = view_z(object->drift_reason);
		out->message = arena_copy(arena, object->drift_message);
		out->since = 0;
	} else if (object->drift != DRIFT_NONE) {
		out->ready = false;
		out->reason = view_z(object->drift_reason);
		out->message = arena_copy(arena, object->drift_message);
		out->since = 0;
	}
	return 0;
}

static int add_object(
		struct status *status, struct database *db, const struct object *object)
{
	int r;

	array_grow(&status->objects, &status->object_capacity, status->object_count + 1,
			sizeof(*status->objects));
	r = read_status(db, object, status->arena,
			&status->objects[status->object_count]);
	status->object_count += r == 0;
	return r;
}

/* Of kinds with effects outside, of hosts and of backups the row says how things stand; of all
 * others it is Ready unless something drifted, and 100,000 rows need not be read. */
static int count_one(struct status *status, struct database *db,
		const struct object *object, struct kind_count *kind)
{
	size_t before = status->object_count;
	int r;

	if (object->drift == DRIFT_NONE && !object->driver->effects &&
			object->driver != &driver_host &&
			object->driver != &driver_backup) {
		kind->ready++;
		return 0;
	}
	r = add_object(status, db, object);
	if (r)
		return r;
	kind->ready += status->objects[before].ready;
	status->unready += !status->objects[before].ready;
	if (status->objects[before].ready && !status->objects[before].drifted)
		status->object_count = before;
	return 0;
}

static int count_objects(
		struct status *status, struct database *db, const struct object_set *set)
{
	status->kinds = arena_array(status->arena, driver_count, sizeof(*status->kinds));
	status->kind_count = driver_count;
	for (size_t i = 0; i < driver_count; i++)
		status->kinds[i].kind = drivers[i]->kind;
	for (size_t i = 0; i < set->count; i++) {
		const struct object *object = &set->items[i];
		struct kind_count *kind = &status->kinds[driver_index(object->driver)];
		int r = 0;

		kind->total++;
		if (object->state == OBJECT_DISABLED)
			kind->disabled++;
		else
			r = count_one(status, db, object, kind);
		if (r)
			return r;
	}
	return 0;
}

static void read_waiting(struct status *status, const struct agent *agent)
{
	const struct last_run *last = &agent->last;
	nstime now = agent_now(agent);

	status->waiting = arena_array(
			status->arena, last->waiting_count, sizeof(*status->waiting));
	for (size_t i = 0; i < last->waiting_count; i++) {
		const struct waiting_change *change = &last->waiting[i];

		status->waiting[status->waiting_count++] = (struct waiting_status){
			.name = arena_copy(status->arena, view_z(change->name)),
			.held = change->held,
			.text = arena_copy(status->arena, view_z(change->text)),
			.left = change->until > now ? change->until - now : 0,
		};
	}
}

static void read_last_run(struct status *status, const struct agent *agent)
{
	status->ran_at = agent->last.at;
	status->ran_for = agent->last.took;
	status->reason = agent->last.reason;
	status->message = arena_copy(status->arena, view_z(agent->last.message));
	status->held = agent->last.held;
	status->approvable = agent->last.approvable;
	memcpy(status->held_digest, agent->last.held_digest, DIGEST_SIZE);
	read_waiting(status, agent);
}

static int look(struct agent *agent, struct view name, struct plan *plan,
		struct status *status)
{
	CLEANUP(observation_deinit) struct observation o = { 0 };
	const struct object *object;
	int r;

	agent_observation(agent, NULL, &status->live, plan, &o);
	status->has_runtime = o.live;
	status->now = o.now;
	r = observe(&o);
	if (r)
		return r;
	if (name.len == 0)
		return count_objects(status, agent->db, &o.objects);
	object = object_find(&o.objects, name);
	if (!object)
		return AGENT_E_ABSENT;
	status->single = true;
	r = add_object(status, agent->db, object);
	return r > 0 ? fault(-EIO) : r;
}

int agent_status(struct agent *agent, struct view name, struct status **out)
{
	CLEANUP(status_freep) struct status *status = xcalloc(1, sizeof(*status));
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	int r;

	status->arena = arena_new();
	r = generation_newest(agent->db, status->arena, &status->generation);
	if (r == 0)
		r = control_serial(agent->db, &status->serial);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	read_last_run(status, agent);
	status->sandbox = agent->sandbox;
	status->sandbox_without = agent->sandbox_without;
	status->keys = agent_keys(agent);
	if (recovery_kit_read(agent->data, &status->kit))
		status->kit = (struct recovery_kit){ 0 };
	r = look(agent, name, plan, status);
	if (r)
		return r;
	r = certificates_list(agent->db, status->now, &status->certificates);
	if (r == 0)
		r = dkim_keys_list(agent->db, status->now, &status->dkim_keys);
	if (r == 0)
		r = suspension_read(agent->db, status->now, status->arena,
				&status->suspension);
	if (r == 0)
		r = confirmation_read(agent->db, &status->confirmation);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	*out = TAKE(status);
	return 0;
}

/* Changes past the state: what lives of an account is another thing than what was applied,
 * and who made it so is written down. */
#include "agent/inside.h"

#include "agent/database/account.h"
#include "agent/database/journal.h"
#include "agent/database/standing.h"
#include "agent/plan/drift.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"

#include <errno.h>

enum {
	LONGEST_VALUE = 64, /* of a number, as JSON */
};

struct local {
	struct agent *agent;
	struct arena *arena;
	struct object_set objects;
	struct object *object;
	struct object_texts texts;
	struct touch touch;
};

static void local_deinit(struct local *local)
{
	object_set_deinit(&local->objects);
	arena_free(local->arena);
}

static int outcome(int r)
{
	return r > 0 && r < DATABASE_ROW ? fault(r == DATABASE_E_FULL ? -ENOSPC : -EIO)
					 : r;
}

static int find(struct local *local, struct view name)
{
	struct agent *agent = local->agent;
	int r;

	local->arena = arena_new();
	r = object_set_load(agent->db, local->arena, &local->objects);
	if (r)
		return outcome(r);
	local->object = object_find(&local->objects, name);
	if (!local->object || local->object->state != OBJECT_ACTIVE)
		return AGENT_E_ABSENT;
	return outcome(object_read_texts(
			agent->db, local->object->uid, local->arena, &local->texts));
}

/* -- rows -- */

static bool is_number(struct view json)
{
	json_t *value = json_loadb(
			json.data ? json.data : "", json.len, JSON_DECODE_ANY, NULL);
	bool is = json_is_integer(value) && json_integer_value(value) >= 0;

	json_decref(value);
	return is;
}

/* The value as it was applied, whatever was put over it since. */
static int read_before(struct local *local, struct view *out)
{
	struct touch *touches;
	int r = touch_read(local->agent->db, local->object->uid, local->arena, &touches);

	*out = touch_member(local->arena, local->texts.last_applied, local->touch.field);
	for (struct touch *touch = touches; touch; touch = touch->next)
		if (view_eq(touch->field, local->touch.field))
			*out = touch->was;
	return r;
}

static int write_touch(struct local *local)
{
	const struct touch *touch = &local->touch;
	struct database *db = local->agent->db;

	if (view_eq(touch->was, touch->live))
		return touch_delete(db, local->object->uid, touch->field);
	return touch_write(db, local->object->uid, touch);
}

static int say(struct local *local)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	const unsigned char *uid = local->object->uid;
	struct database *db = local->agent->db;
	struct touch *touches;
	struct view text;
	int r = touch_read(db, uid, local->arena, &touches);

	if (r == 0)
		r = standing_read(db, uid, local->touch.at, &standing);
	if (r)
		return r;
	text = drift_text(local->arena, local->object->driver, touches);
	if (touches)
		standing_set(&standing, CONDITION_DRIFTED, true, "ChangedOutside", text);
	else
		standing_drop(&standing, CONDITION_DRIFTED);
	r = standing_write(db, &standing);
	if (r || !touches)
		return r;
	return journal_event(db, object_name(local->object, local->arena),
			"ChangedOutside", text, local->touch.at);
}

static int record(struct local *local)
{
	const struct audit_entry entry = {
		.at = local->touch.at,
		.actor = local->touch.actor,
		.action = "change-by-hand",
		.object = object_name(local->object, local->arena),
		.uid = local->object->uid,
	};
	uint64_t serial;
	int r = write_touch(local);

	if (r == 0)
		r = say(local);
	if (r == 0)
		r = audit_add(local->agent->db, &entry);
	if (r == 0)
		r = control_serial(local->agent->db, &serial);
	return r ? r : control_set_serial(local->agent->db, serial + 1);
}

static int write_value(struct local *local)
{
	int r;

	local->texts.last_applied = touch_replace(local->arena, local->texts.last_applied,
			local->touch.field, local->touch.live);
	digest_bytes(local->texts.last_applied, local->object->observed);
	r = object_write(local->agent->db, local->object, &local->texts);
	return r ? r : record(local);
}

static int write_shut(struct local *local)
{
	int r = account_revoke(local->agent->db, local->object->uid);

	if (r)
		return r;
	local->object->state = OBJECT_DISABLED;
	local->object->disabled_at = local->touch.at;
	local->texts.conditions = condition_ready(local->arena,
			&(const struct condition){
					.reason = "Disabled",
					.message = arena_printf(local->arena,
							"by %.*s; data kept",
							VIEW_ARG(local->touch.actor)),
			},
			local->object->observed_generation, local->touch.at);
	r = object_write(local->agent->db, local->object, &local->texts);
	return r ? r : record(local);
}

static int commit(struct local *local, int (*write)(struct local *))
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(local->agent->db, &t);

	if (r == 0)
		r = write(local);
	if (r)
		return outcome(r);
	r = agent_commit(local->agent, &t);
	if (r)
		return r;
	log_event(LOG_WARN, "agent.drift.seen",
			log_view("object", object_name(local->object, local->arena)),
			log_view("field", local->touch.field),
			log_view("value", local->touch.live),
			log_view("actor", local->touch.actor));
	local->agent->deadline = 0;
	return 0;
}

/* -- changes -- */

int agent_local_set(struct agent *agent, const struct agent_local_change *wanted)
{
	CLEANUP(local_deinit)
	struct local local = {
		.agent = agent,
		.touch = { .field = wanted->field,
				.live = wanted->value,
				.actor = wanted->actor,
				.at = agent->os->wall(agent->os->state) },
	};
	int r = find(&local, wanted->object);

	if (r)
		return r;
	r = outcome(read_before(&local, &local.touch.was));
	if (r)
		return r;
	if (wanted->value.len > LONGEST_VALUE || !is_number(wanted->value) ||
			!is_number(local.touch.was) || !local.object->driver->has_postbox)
		return AGENT_E_FIELD;
	return commit(&local, write_value);
}

int agent_local_disable(struct agent *agent, struct view object, struct view actor)
{
	CLEANUP(local_deinit)
	struct local local = {
		.agent = agent,
		.touch = { .field = TOUCH_STATE,
				.was = VIEW("\"active\""),
				.live = VIEW("\"disabled\""),
				.actor = actor,
				.at = agent->os->wall(agent->os->state) },
	};
	int r = find(&local, object);

	if (r)
		return r;
	if (!local.object->driver->has_postbox)
		return AGENT_E_FIELD;
	return commit(&local, write_shut);
}

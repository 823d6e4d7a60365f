#include "agent/plan/rules.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <jansson.h>

enum {
	RETAIN_DAYS = 30,
	DAY_SECONDS = 24 * 60 * 60,
	HOUR_SECONDS = 60 * 60,
};

static const struct rules defaults = {
	.users = { .percent = 10, .at_least = 1 },
	.other = { .percent = 10, .at_least = 5 },
	.retain = (walltime)RETAIN_DAYS * DAY_SECONDS,
	.people = { 1, 1, 1 },
};

static void take_number(const json_t *from, const char *name, uint64_t *out)
{
	const json_t *value = json_object_get(from, name);

	if (json_is_integer(value))
		*out = (uint64_t)json_integer_value(value);
}

static void take_gate(const json_t *gates, const char *name, struct gate_rule *out)
{
	const json_t *gate = json_object_get(gates, name);

	take_number(gate, "percent", &out->percent);
	take_number(gate, "at_least", &out->at_least);
}

static void take_protect(const json_t *list, struct arena *arena, struct rules *out)
{
	size_t count = json_array_size(list);

	out->protect = arena_array(arena, count, sizeof(*out->protect));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);

		out->protect[out->protect_count++] = arena_copy(
				arena, view_of(json_string_value(item),
						       json_string_length(item)));
	}
}

/* A policy that an older version applied has none of them. */
static void take_authority(const json_t *policy, struct rules *out)
{
	const json_t *people = json_object_get(policy, "approvals");
	const json_t *wait = json_object_get(policy, "cooldown");

	for (size_t i = 0; i < AUTHORITY_CLASSES; i++) {
		if (i < json_array_size(people))
			out->people[i] = (uint64_t)json_integer_value(
					json_array_get(people, i));
		out->wait[i] = json_integer_value(json_array_get(wait, i));
	}
}

static int take(struct view applied, struct arena *arena, struct rules *out)
{
	json_t *policy = json_loadb(applied.data, applied.len, 0, NULL);
	const json_t *gates = json_object_get(policy, "gates");
	uint64_t retain = (uint64_t)out->retain;

	if (!json_is_object(policy)) {
		json_decref(policy);
		return fault(-EPROTO);
	}
	take_gate(gates, "users", &out->users);
	take_gate(gates, "other", &out->other);
	take_number(policy, "retain", &retain);
	out->retain = (walltime)retain;
	take_protect(json_object_get(policy, "protect"), arena, out);
	take_authority(policy, out);
	json_decref(policy);
	return 0;
}

static int count_purges(const struct observation *o, struct rules *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	uint64_t done;
	int r = database_prepare(o->db,
			"SELECT count(*) FROM audit WHERE action = 'purge' AND at > ?1",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, o->now - HOUR_SECONDS);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	done = column_u64(s, 0);
	out->purges = done < PURGES_AN_HOUR ? (size_t)(PURGES_AN_HOUR - done) : 0;
	return 0;
}

/* A backup holds what was there when it was begun, and is believed once it was read. */
static int see_backups(const struct observation *o, struct rules *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	for (size_t i = 0; i < o->objects.count; i++)
		out->wants_backup |= o->objects.items[i].driver == &driver_backup &&
				     o->objects.items[i].state == OBJECT_ACTIVE;
	if (!out->wants_backup)
		return 0;
	r = database_prepare(o->db,
			"SELECT max(min(good, max(verified, proven))) FROM backup", &s);
	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	out->backed_up = column_i64(s, 0);
	return 0;
}

int rules_load(const struct observation *o, struct rules *out)
{
	struct object_texts texts;
	int r;

	*out = defaults;
	r = count_purges(o, out);
	if (r == 0)
		r = see_backups(o, out);
	if (r)
		return r;
	for (size_t i = 0; i < o->objects.count; i++) {
		const struct object *object = &o->objects.items[i];

		if (object->driver != &driver_policy || object->state != OBJECT_ACTIVE)
			continue;
		r = object_read_texts(o->db, object->uid, o->arena, &texts);
		return r ? r : take(texts.last_applied, o->arena, out);
	}
	return 0;
}

size_t rules_limit(const struct gate_rule *gate, size_t active)
{
	size_t share = (size_t)(active * gate->percent / 100);

	return share > gate->at_least ? share : (size_t)gate->at_least;
}

bool rules_backed_up(const struct rules *rules, const struct object *object)
{
	return !rules->wants_backup || rules->backed_up > object->disabled_at;
}

bool rules_protect(const struct rules *rules, const struct object *object,
		struct arena *arena)
{
	struct view by_id = object_name(object, arena);
	struct view by_key = arena_printf(
			arena, "%s/%.*s", object->driver->kind, VIEW_ARG(object->key));

	for (size_t i = 0; i < rules->protect_count; i++)
		if (view_eq(rules->protect[i], by_id) ||
				view_eq(rules->protect[i], by_key))
			return true;
	return false;
}

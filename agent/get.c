/* `posthus get`: objects as programs read them; `wait`: one condition of one. */
#include "agent/inside.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <stdlib.h>

/* One observation of what is, for as long as it is read. */
struct glance {
	struct plan *plan;
	struct runtime_observed *live;
	struct observation o;
};

static void glance_deinit(struct glance *glance)
{
	observation_deinit(&glance->o);
	plan_free(glance->plan);
	free(glance->live);
}

static int glance_at(struct agent *agent, struct glance *out)
{
	out->plan = plan_new();
	out->live = xcalloc(1, sizeof(*out->live));
	agent_observation(agent, NULL, out->live, out->plan, &out->o);
	return observe(&out->o);
}

/* -- conditions -- */

static void overlay_drift(json_t *conditions, const struct object *object, walltime now)
{
	json_t *ready = json_array_get(conditions, 0);

	if (object->drift == DRIFT_NONE || object->drift >= DRIFT_CORRECT)
		return; /* what somebody changed stands in the row */
	json_object_set_new(ready, "status", json_string("False"));
	json_object_set_new(ready, "reason", json_string(object->drift_reason));
	json_object_set_new(ready, "message", json_view(object->drift_message));
	json_object_set_new(ready, "since", json_integer(now));
	json_array_append_new(conditions,
			json_pack("{s:s, s:s, s:s, s:o, s:I}", "type",
					object->drift == DRIFT_REPORT ? "Stalled"
								      : "Drifted",
					"status", "True", "reason", object->drift_reason,
					"message", json_view(object->drift_message),
					"since", (json_int_t)now));
}

static json_t *conditions_of(const struct object *object,
		const struct object_texts *texts, walltime now)
{
	json_t *conditions = json_loadb(
			texts->conditions.data, texts->conditions.len, 0, NULL);
	json_t *condition, *since;
	size_t i;

	overlay_drift(conditions, object, now);
	json_array_foreach (conditions, i, condition) {
		since = json_object_get(condition, "since");
		json_object_set_new(
				condition, "since", json_time(json_integer_value(since)));
	}
	return conditions;
}

int agent_condition(struct agent *agent, struct view name, struct view type, bool *out)
{
	CLEANUP(glance_deinit) struct glance glance = { 0 };
	struct object_texts texts;
	const struct object *object;
	json_t *conditions, *condition;
	size_t i;
	int r = glance_at(agent, &glance);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	object = object_find(&glance.o.objects, name);
	if (!object)
		return AGENT_E_ABSENT;
	r = object_read_texts(agent->db, object->uid, glance.plan->arena, &texts);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	conditions = conditions_of(object, &texts, glance.o.now);
	*out = false;
	json_array_foreach (conditions, i, condition) {
		const char *word = json_string_value(json_object_get(condition, "type"));
		const char *is = json_string_value(json_object_get(condition, "status"));

		if (view_eq(type, view_z(word)))
			*out = is && strcmp(is, "True") == 0;
	}
	/* Ready speaks of the generation that lives; who waits means the one that is
	 * wanted. */
	if (view_eq(type, VIEW("Ready")) &&
			object->observed_generation != object->generation)
		*out = false;
	json_decref(conditions);
	return 0;
}

/* -- objects -- */

static json_t *place_json(const struct declaration *declared)
{
	return json_pack("{s:I, s:o, s:i, s:i, s:i, s:i}", "generation",
			(json_int_t)declared->declared_in, "file",
			json_view(declared->file), "line", (int)declared->line, "column",
			(int)declared->column, "start", (int)declared->start, "end",
			(int)declared->end);
}

static json_t *parsed(struct view text)
{
	json_t *root = json_loadb(text.data, text.len, 0, NULL);

	return root ? root : json_null();
}

static json_t *object_json(const struct object *object, const struct object_texts *texts,
		walltime now)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}",
			"kind", object->driver->kind, "id", json_view(object->id), "key",
			json_view(object->key), "uid", json_uid(object->uid),
			"generation", (json_int_t)object->generation,
			"observed_generation", (json_int_t)object->observed_generation,
			"state", object->state == OBJECT_DISABLED ? "disabled" : "active",
			"disabled_at",
			object->state == OBJECT_DISABLED ? json_time(object->disabled_at)
							 : json_null(),
			"spec", parsed(texts->spec), "last_applied",
			parsed(texts->last_applied), "conditions",
			conditions_of(object, texts, now), "provenance",
			place_json(&object->declared));
}

static json_t *origin_json(
		const struct desired *desired, const struct desired_origin *origin)
{
	static const char *const words[] = {
		[ORIGIN_SCHEMA] = "schema",
		[ORIGIN_DEFAULTS] = "defaults",
		[ORIGIN_GROUP] = "group",
		[ORIGIN_OBJECT] = "object",
	};
	json_t *json = json_pack("{s:o, s:o, s:s}", "path", json_view(origin->path),
			"value", json_view(origin->value), "origin",
			words[origin->origin]);

	if (origin->origin != ORIGIN_SCHEMA) {
		struct place place = sources_place(desired->sources, origin->span);

		json_object_set_new(json, "file", json_view(place.path));
		json_object_set_new(json, "line", json_integer(place.line));
		json_object_set_new(json, "column", json_integer(place.column));
	}
	return json;
}

/* Each field of the object with the line that gave it, from the desired generation. */
static int add_origin(struct agent *agent, const struct object *object,
		struct arena *arena, json_t *json)
{
	const struct desired *desired;
	const struct desired_object *wanted;
	struct desired_origin *origins;
	json_t *list;
	size_t count;
	int r = agent_origins(agent, &desired);

	if (r || !desired || object->driver->schema == KIND_NONE)
		return r;
	wanted = desired_find(desired, object->driver->schema, object->key);
	if (!wanted)
		return 0;
	list = json_array();
	count = desired_origins(desired, wanted, arena, &origins);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, origin_json(desired, &origins[i]));
	json_object_set_new(json, "origin", list);
	return 0;
}

static int add_item(struct agent *agent, const struct glance *glance,
		const struct object *object, bool origin, json_t *items)
{
	struct object_texts texts;
	json_t *json;
	int r = object_read_texts(agent->db, object->uid, glance->plan->arena, &texts);

	if (r)
		return r;
	json = object_json(object, &texts, glance->o.now);
	json_array_append_new(items, json);
	return origin ? add_origin(agent, object, glance->plan->arena, json) : 0;
}

static int add_items(struct agent *agent, const struct glance *glance, struct view name,
		bool origin, json_t *items)
{
	const struct object *one = object_find(&glance->o.objects, name);
	const struct driver *kind = driver_of(name);

	if (one)
		return add_item(agent, glance, one, origin, items);
	if (!kind)
		return AGENT_E_ABSENT;
	for (size_t i = 0; i < glance->o.objects.count; i++) {
		const struct object *object = &glance->o.objects.items[i];
		int r = 0;

		if (object->driver == kind)
			r = add_item(agent, glance, object, origin, items);
		if (r)
			return r > 0 ? fault(-EIO) : r;
	}
	return 0;
}

int agent_get(struct agent *agent, struct view name, bool origin, json_t **out)
{
	CLEANUP(glance_deinit) struct glance glance = { 0 };
	json_t *items;
	int r = glance_at(agent, &glance);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	items = json_array();
	r = add_items(agent, &glance, name, origin, items);
	if (r) {
		json_decref(items);
		return r;
	}
	*out = json_pack("{s:i, s:o}", "format_version", 1, "items", items);
	return 0;
}

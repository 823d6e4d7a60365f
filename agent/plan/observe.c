#include "agent/plan/observe.h"

#include "agent/plan/drift.h"
#include "agent/plan/unowned.h"
#include "runtime/base/error.h"
#include "schema/source.h"

#include <stdlib.h>

struct wanted *wanted_add(struct wanted_list *list, const struct driver *driver)
{
	struct wanted *wanted;

	array_grow(&list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	wanted = &list->items[list->count++];
	*wanted = (struct wanted){ .driver = driver };
	return wanted;
}

struct wanted *wanted_add_object(struct wanted_list *list, const struct driver *driver,
		const struct desired_object *object)
{
	struct wanted *wanted = wanted_add(list, driver);

	wanted->id = object->id;
	wanted->key = object->key;
	wanted->spec = object->canonical;
	memcpy(wanted->hash, object->hash, DIGEST_SIZE);
	wanted->applied = object->canonical;
	wanted->span = object->key_span;
	wanted->desired = object;
	return wanted;
}

void wanted_list_deinit(struct wanted_list *list)
{
	free(list->items);
	list->items = NULL;
	list->count = list->capacity = 0;
}

int observe(struct observation *o)
{
	int r = object_set_load(o->db, o->arena, &o->objects);

	o->facts.now = o->now;
	for (size_t i = 0; i < driver_count && r == 0; i++)
		if (drivers[i]->know)
			r = drivers[i]->know(o);
	if (r)
		return r;
	o->wanted.arena = o->arena;
	o->wanted.facts = &o->facts;
	for (size_t i = 0; i < driver_count; i++) {
		if (drivers[i] == &driver_user)
			o->first_user = o->wanted.count;
		if (o->desired)
			drivers[i]->want(drivers[i], o->desired, &o->wanted);
		if (!drivers[i]->observe || o->assumed)
			continue;
		r = drivers[i]->observe(drivers[i], o);
		if (r)
			return r;
	}
	return o->assumed ? 0 : drift_observe(o);
}

void observation_deinit(struct observation *o)
{
	if (o->unowned)
		unowned_list_deinit(o->unowned);
	free(o->unowned);
	o->unowned = NULL;
	free(o->touched);
	o->touched = NULL;
	object_set_deinit(&o->objects);
	wanted_list_deinit(&o->wanted);
}

struct declaration observe_declaration(
		const struct observation *o, const struct wanted *wanted)
{
	struct place place = sources_place(o->desired->sources, wanted->span);

	return (struct declaration){
		.file = arena_copy(o->arena, place.path),
		.line = place.line,
		.column = place.column,
		.start = wanted->span.start,
		.end = wanted->span.end,
	};
}

struct view observe_identity(const struct observation *o, const struct desired_user *user)
{
	const struct wanted *wanted =
			&o->wanted.items[o->first_user +
					 (size_t)(user - o->desired->users)];

	if (wanted->id.len || !wanted->object)
		return wanted_identity(wanted);
	return wanted->object->id;
}

void observe_drift(struct object *object, enum drift_kind kind, const char *reason,
		struct view message)
{
	if (object->drift != DRIFT_NONE)
		return;
	object->drift = kind;
	object->drift_reason = reason;
	object->drift_message = message;
}

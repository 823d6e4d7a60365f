#include "agent/plan/match.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"

/* First those that are named by their id; then, by key, those that are left. */
static void match_by_id(struct observation *o)
{
	for (size_t i = 0; i < o->wanted.count; i++) {
		struct wanted *wanted = &o->wanted.items[i];
		struct object *object;

		if (wanted->id.len == 0 || wanted->object)
			continue;
		object = object_by_id(&o->objects, wanted->driver, wanted->id);
		if (!object || object->wanted)
			continue;
		wanted->object = object;
		object->wanted = wanted;
	}
}

/* What is to take over an identity finds that another has it. */
static void refuse_moved(struct observation *o, struct plan *plan,
		const struct wanted *wanted, const struct object *holder)
{
	struct declaration declared = observe_declaration(o, wanted);

	plan_add_problem(plan, &declared, "IdTaken",
			arena_printf(o->arena, "%.*s is another object already%s",
					VIEW_ARG(object_name(holder, o->arena)),
					holder->state == OBJECT_DISABLED
							? ", disabled and with its data"
							: ""),
			VIEW("move to an id that was never used"));
}

/* What lived under one identity is wanted under another. An entry that was done finds
 * nothing any more. */
static void match_moved(struct observation *o, struct plan *plan)
{
	for (size_t i = 0; i < o->desired->moved_count; i++) {
		const struct desired_moved *moved = &o->desired->moved[i];
		const struct driver *driver = driver_of(moved->kind);
		struct object *object, *holder;

		if (!driver)
			continue;
		object = object_by_id(&o->objects, driver, moved->from);
		holder = object_by_id(&o->objects, driver, moved->to);
		if (!object)
			object = object_by_key(&o->objects, driver, moved->from);
		for (size_t j = 0; object && j < o->wanted.count; j++) {
			struct wanted *wanted = &o->wanted.items[j];

			if (wanted->driver != driver || wanted->object ||
					object->wanted ||
					!(view_eq(wanted->id, moved->to) ||
							view_eq(wanted->key, moved->to)))
				continue;
			if (holder && holder != object)
				refuse_moved(o, plan, wanted, holder);
			wanted->object = object;
			object->wanted = wanted;
		}
	}
}

/* The key is one of an object that the state names no more, and that is another one than
 * the one that is wanted: people's data must not change hands by a slip. */
static void refuse_key(struct observation *o, struct plan *plan,
		const struct wanted *wanted, const struct object *owner)
{
	struct declaration declared = observe_declaration(o, wanted);
	struct view name = object_name(owner, o->arena);

	if (owner->state == OBJECT_DISABLED)
		plan_add_problem(plan, &declared, "AddressKept",
				arena_printf(o->arena,
						"%.*s is the address of %.*s, which is "
						"disabled and keeps its data",
						VIEW_ARG(wanted->key), VIEW_ARG(name)),
				arena_printf(o->arena,
						"write `id: %.*s` to bring it back, or "
						"use another address",
						VIEW_ARG(owner->id)));
	else
		plan_add_problem(plan, &declared, "IdChanged",
				arena_printf(o->arena,
						"%.*s is %.*s: an id, once given, does "
						"not "
						"change",
						VIEW_ARG(wanted->key), VIEW_ARG(name)),
				arena_printf(o->arena,
						"write `id: %.*s` again; another person "
						"needs another address",
						VIEW_ARG(owner->id)));
}

static void match_by_key(struct observation *o, struct plan *plan, struct wanted *wanted)
{
	struct object *object = object_by_key(&o->objects, wanted->driver, wanted->key);
	bool names_another = object && wanted->id.len && object->named;

	if (object && !object->wanted && !names_another) {
		wanted->object = object;
		object->wanted = wanted;
	} else if (object && !object->wanted && driver_keeps_data(wanted->driver)) {
		refuse_key(o, plan, wanted, object);
	} else if (object_by_id(&o->objects, wanted->driver, wanted_identity(wanted))) {
		struct declaration declared = observe_declaration(o, wanted);

		plan_add_problem(plan, &declared, "IdTaken",
				arena_printf(o->arena,
						"%.*s is the id of an object that was "
						"renamed",
						VIEW_ARG(wanted->key)),
				VIEW("give the new one an `id` of its own"));
	}
}

/* An object that keeps data and is not wanted holds its key against a rename, too. */
static void check_moved_key(
		struct observation *o, struct plan *plan, const struct wanted *wanted)
{
	const struct object *holder =
			object_by_key(&o->objects, wanted->driver, wanted->key);

	if (driver_keeps_data(wanted->driver) && holder && holder != wanted->object &&
			!holder->wanted)
		refuse_key(o, plan, wanted, holder);
}

/* A mailbox of another kind that the state names no more holds its address as well. */
static void check_other_kinds(
		struct observation *o, struct plan *plan, const struct wanted *wanted)
{
	for (size_t i = 0; i < driver_count; i++) {
		const struct object *holder;
		struct declaration declared;
		struct view name;

		if (!drivers[i]->has_postbox || drivers[i] == wanted->driver)
			continue;
		holder = object_by_key(&o->objects, drivers[i], wanted->key);
		if (!holder || holder->wanted)
			continue;
		declared = observe_declaration(o, wanted);
		name = object_name(holder, o->arena);
		plan_add_problem(plan, &declared, "AddressKept",
				arena_printf(o->arena,
						"%.*s is the address of %.*s, which "
						"keeps its data",
						VIEW_ARG(wanted->key), VIEW_ARG(name)),
				VIEW("use another address; what leaves the state is "
				     "disabled, and its mail is its own"));
	}
}

static bool takes_key(const struct wanted *wanted)
{
	return !wanted->object || !view_eq(wanted->object->key, wanted->key);
}

void match(struct observation *o, struct plan *plan)
{
	match_moved(o, plan);
	match_by_id(o);
	for (size_t i = 0; i < o->wanted.count; i++) {
		struct wanted *wanted = &o->wanted.items[i];

		if (!wanted->object)
			match_by_key(o, plan, wanted);
		else if (!view_eq(wanted->object->key, wanted->key))
			check_moved_key(o, plan, wanted);
	}
	for (size_t i = 0; i < o->wanted.count; i++) {
		const struct wanted *wanted = &o->wanted.items[i];

		if (wanted->driver->has_postbox && takes_key(wanted))
			check_other_kinds(o, plan, wanted);
	}
}

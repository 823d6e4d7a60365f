/* The state in force, from the database: the generation that was applied last, written anew,
 * and with it what a gate or a protection keeps although that generation leaves it out. */
#include "agent/inside.h"

#include "runtime/base/error.h"
#include "schema/compose.h"
#include "schema/table.h"

#include <errno.h>
#include <stdlib.h>

enum {
	LONGEST_HEAD = 64 * 1024,
	NAMES_SHOWN = 20,
};

/* What is exported, and what it is made from. */
struct exporting {
	struct agent *agent;
	struct arena *arena; /* of the export */
	uint64_t generation;
	const struct desired *desired;
	struct object_set objects;
	struct object **kept; /* in force, and not in the generation; in the arena */
	size_t kept_count;
	const struct desired_object **declared; /* each; or NULL */
	const struct desired_object **more;     /* those that are written */
	size_t more_count;
	struct desired_state *past; /* malloc'd: generations that declared them */
	size_t past_count, past_capacity;
	struct desired_purge *purges; /* those whose object is still there */
	size_t purge_count;
	size_t disabled;
};

static void exporting_deinit(struct exporting *e)
{
	for (size_t i = 0; i < e->past_count; i++) {
		checked_deinit(&e->past[i].checked);
		arena_free(e->past[i].arena);
	}
	free(e->past);
	object_set_deinit(&e->objects);
}

/* -- what is in force -- */

static struct view name_of(
		struct arena *arena, const struct driver *driver, struct view key)
{
	return arena_printf(arena, "%s/%.*s", driver->kind, VIEW_ARG(key));
}

/* What the generation makes of each kind, derived or not. */
static void find_wanted(struct exporting *e, struct map *out)
{
	struct wanted_list list = { .arena = e->arena };

	for (size_t i = 0; i < driver_count; i++)
		drivers[i]->want(drivers[i], e->desired, &list);
	for (size_t i = 0; i < list.count; i++)
		map_set(out, name_of(e->arena, list.items[i].driver, list.items[i].key),
				e);
	wanted_list_deinit(&list);
}

static int compare_kept(const void *left, const void *right)
{
	const struct object *a = *(struct object *const *)left;
	const struct object *b = *(struct object *const *)right;
	size_t a_row = driver_index(a->driver), b_row = driver_index(b->driver);

	return a_row != b_row ? (a_row < b_row ? -1 : 1) : view_compare(a->id, b->id);
}

static void find_kept(struct exporting *e)
{
	CLEANUP(map_free) struct map wanted = MAP_NULL;

	find_wanted(e, &wanted);
	e->kept = arena_array(e->arena, e->objects.count, sizeof(*e->kept));
	for (size_t i = 0; i < e->objects.count; i++) {
		struct object *object = &e->objects.items[i];

		e->disabled += object->state == OBJECT_DISABLED;
		if (object->state == OBJECT_ACTIVE && !object->leaving &&
				!map_get(&wanted, name_of(e->arena, object->driver,
								  object->key)))
			e->kept[e->kept_count++] = object;
	}
	if (e->kept_count > 1)
		qsort(e->kept, e->kept_count, sizeof(*e->kept), compare_kept);
}

/* A purge that was done says nothing more. */
static void find_purges(struct exporting *e)
{
	const struct desired *desired = e->desired;

	e->purges = arena_array(e->arena, desired->purge_count, sizeof(*e->purges));
	for (size_t i = 0; i < desired->purge_count; i++) {
		const struct desired_purge *purge = &desired->purges[i];
		const struct driver *driver = driver_of(purge->kind);

		if (driver && (object_by_id(&e->objects, driver, purge->id) ||
					      object_by_key(&e->objects, driver,
							      purge->id)))
			e->purges[e->purge_count++] = *purge;
	}
}

/* -- older generations -- */

static int read_past(struct exporting *e, uint64_t number, const struct desired **out)
{
	struct desired_state *past;
	struct source_file *files;
	size_t count;
	int r;

	array_grow(&e->past, &e->past_capacity, e->past_count + 1, sizeof(*e->past));
	past = &e->past[e->past_count++];
	*past = (struct desired_state){ .arena = arena_new() };
	r = generation_read_files(e->agent->db, number, past->arena, &files, &count);
	if (r)
		return r;
	r = agent_check(e->agent, files, count, true, &past->checked);
	*out = past->checked.desired;
	return r < 0 ? r : 0;
}

static void take_declared(struct exporting *e, const struct desired *past)
{
	for (size_t i = 0; i < e->kept_count; i++)
		if (!e->declared[i] && e->kept[i]->driver->schema != KIND_NONE)
			e->declared[i] = desired_find(past, e->kept[i]->driver->schema,
					e->kept[i]->key);
}

static bool has_all(const struct exporting *e)
{
	for (size_t i = 0; i < e->kept_count; i++)
		if (!e->declared[i])
			return false;
	return true;
}

/* Each as the last generation that had it said it; a listener, say, nobody declares. */
static int find_declarations(struct exporting *e)
{
	uint64_t number = e->generation;
	int r = 0;

	e->declared = arena_array(e->arena, e->kept_count, sizeof(*e->declared));
	e->more = arena_array(e->arena, e->kept_count, sizeof(*e->more));
	while (r == 0 && --number && !has_all(e) &&
			e->generation - number < GENERATIONS_KEPT) {
		const struct desired *past = NULL;

		r = read_past(e, number, &past);
		if (r == 0 && past)
			take_declared(e, past);
	}
	for (size_t i = 0; i < e->kept_count; i++)
		if (e->declared[i])
			e->more[e->more_count++] = e->declared[i];
	return r;
}

/* -- files -- */

/* Of those that are written, or of those that are not. */
static size_t add_names(struct buf *out, const struct exporting *e, bool written)
{
	size_t count = 0;

	for (size_t i = 0; i < e->kept_count; i++) {
		if ((e->more_count && e->declared[i]) != written)
			continue;
		if (count++ < NAMES_SHOWN)
			buf_addf(out, "#   %s/%.*s\n", e->kept[i]->driver->kind,
					VIEW_ARG(e->kept[i]->id));
	}
	if (count > NAMES_SHOWN)
		buf_addf(out, "#   and %zu more\n", count - NAMES_SHOWN);
	return count;
}

static void add_kept(struct buf *out, const struct exporting *e)
{
	size_t begin = out->len;

	if (e->more_count) {
		buf_add_z(out, "# It leaves these out, and what held them back keeps "
			       "them. With them here each object has\n# its values "
			       "written out, and there are no defaults:\n");
		(void)add_names(out, e, true);
		begin = out->len;
	}
	buf_add_z(out, "# In force and not here, since no state says them with the "
		       "rest; `posthus plan` has them:\n");
	if (add_names(out, e, false) == 0)
		buf_truncate(out, begin);
}

static bool has_password(const struct desired *desired)
{
	for (size_t i = 0; i < desired->user_count; i++)
		if (desired->users[i].password.len)
			return true;
	return false;
}

static void add_head(struct buf *out, const struct exporting *e)
{
	buf_addf(out, "# The state in force: generation %llu.\n",
			(unsigned long long)e->generation);
	add_kept(out, e);
	if (has_password(e->desired))
		buf_add_z(out, "# A user's password is the one that the account began "
			       "with: what people set since\n# then is theirs, and in "
			       "the database alone.\n");
	if (e->disabled)
		buf_addf(out,
				"# Disabled, with their data, and no part of a state: "
				"%zu; "
				"`posthus plan` names them.\n",
				e->disabled);
}

static void write_files(struct exporting *e, unsigned kinds, struct agent_export *out)
{
	const struct compose_options options = {
		.kinds = kinds,
		.flat = e->more_count > 0,
		.more = e->more,
		.more_count = e->more_count,
		.purges = e->purges,
		.purge_count = e->purge_count,
	};
	CLEANUP(buf_free) struct buf head = BUF_NULL(LONGEST_HEAD);

	add_head(&head, e);
	out->head = arena_copy(e->arena, buf_view(&head));
	out->section_count = compose(e->desired, &options, e->arena, &out->sections);
	agent_export_split(out);
}

/* -- what must hold -- */

/* True where applying the export would do nothing: what it does not say stays held. */
static int does_nothing(struct exporting *e, const struct agent_export *export, bool *out)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	const struct agent_source source = {
		.files = export->files,
		.count = export->count,
		.origin = VIEW("export"),
	};
	int r = agent_plan(e->agent, &source, &result);

	*out = r == 0 && (result.code == EXIT_FINE || result.code == EXIT_GATE) &&
	       result.plan->change_count == result.plan->held_count;
	return r;
}

/* What is kept is written only where the whole of it says what is in force: else it stays as
 * it is, held back, and is named. */
static int try_kept(struct exporting *e)
{
	struct agent_export all = { .arena = e->arena };
	bool nothing = false;
	int r = find_declarations(e);

	if (r || e->more_count == 0)
		return r;
	write_files(e, 0, &all);
	r = does_nothing(e, &all, &nothing);
	if (!nothing)
		e->more_count = 0;
	return r;
}

/* -- the export -- */

/* "user,alias" as a set; false where one is no kind of a state. */
static bool read_kinds(struct view names, unsigned *out)
{
	unsigned kinds = 0;

	while (names.len) {
		enum kind kind = kind_of(view_cut(&names, ','));

		if (kind == KIND_NONE)
			return false;
		kinds |= REFERS(kind);
	}
	*out = kinds;
	return true;
}

static int collect(struct exporting *e)
{
	int r = object_set_load(e->agent->db, e->arena, &e->objects);

	if (r)
		return r;
	find_kept(e);
	find_purges(e);
	return e->kept_count ? try_kept(e) : 0;
}

static int newest(struct agent *agent, uint64_t *number_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct generation generation;
	int r = generation_newest(agent->db, arena, &generation);

	*number_out = r ? 0 : generation.number;
	return r;
}

int agent_export(struct agent *agent, struct view kinds, struct agent_result *result,
		struct agent_export *out)
{
	CLEANUP(exporting_deinit) struct exporting e = { .agent = agent };
	unsigned set = 0;
	int r;

	*result = (struct agent_result){ 0 };
	*out = (struct agent_export){ .arena = arena_new() };
	e.arena = out->arena;
	if (!read_kinds(kinds, &set))
		return AGENT_E_ABSENT;
	r = newest(agent, &e.generation);
	if (r == 0)
		r = agent_origins(agent, &e.desired);
	if (r)
		return result_database(result, r);
	if (e.generation == 0) {
		result_say(result, EXIT_ERROR, "NothingApplied",
				"no state was applied yet: `posthus apply PATH` is the "
				"first");
		return 0;
	}
	if (!result_accepts(&agent->desired.checked, result))
		return 0;
	result->generation = e.generation;
	r = collect(&e);
	if (r)
		return result_database(result, r);
	write_files(&e, set, out);
	return 0;
}

#include "agent/plan/dependence.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"
#include "schema/source.h"

#include <assert.h>
#include <stdlib.h>

enum {
	LONGEST_CIRCLE = 16 * 1024, /* bytes of its text */
	MOST_UIDS = 1024 * 1024 * UID_SIZE,
};

/* -- what the needs name -- */

static struct view name_of(
		struct arena *arena, const struct driver *driver, struct view v)
{
	return arena_printf(arena, "%s/%.*s", driver->kind, VIEW_ARG(v));
}

static void index_wanted(struct observation *o, struct map *names)
{
	for (size_t i = 0; i < o->wanted.count; i++) {
		struct wanted *wanted = &o->wanted.items[i];

		map_set(names, name_of(o->arena, wanted->driver, wanted->key), wanted);
		if (wanted->id.len)
			map_set(names, name_of(o->arena, wanted->driver, wanted->id),
					wanted);
	}
}

static bool has_needs(const struct observation *o)
{
	for (size_t i = 0; i < o->wanted.count; i++)
		if (o->wanted.items[i].need_count)
			return true;
	return false;
}

static struct declaration place_of(const struct observation *o, struct span span)
{
	struct place place = sources_place(o->desired->sources, span);

	return (struct declaration){
		.file = arena_copy(o->arena, place.path),
		.line = place.line,
		.column = place.column,
		.start = span.start,
		.end = span.end,
	};
}

static void refuse_missing(struct observation *o, struct plan *plan,
		const struct wanted *wanted, const struct need *need)
{
	struct declaration declared = place_of(o, need->span);

	plan_add_problem(plan, &declared, "DependencyMissing",
			arena_printf(o->arena,
					"%s/%.*s needs %s/%.*s, which the state does not "
					"have",
					wanted->driver->kind, VIEW_ARG(wanted->key),
					need->driver->kind, VIEW_ARG(need->name)),
			VIEW("declare it, or take the need away"));
}

static void resolve(struct observation *o, struct plan *plan)
{
	CLEANUP(map_free) struct map names = MAP_NULL;

	index_wanted(o, &names);
	for (size_t i = 0; i < o->wanted.count; i++) {
		struct wanted *wanted = &o->wanted.items[i];

		for (size_t j = 0; j < wanted->need_count; j++) {
			struct need *need = &wanted->needs[j];

			need->wanted = map_get(&names,
					name_of(o->arena, need->driver, need->name));
			if (!need->wanted)
				refuse_missing(o, plan, wanted, need);
		}
	}
}

/* -- circles -- */

enum mark {
	NEW,
	OPEN,
	DONE
};

struct step {
	const struct wanted *wanted;
	size_t next; /* of its needs */
};

struct search {
	struct observation *o;
	struct plan *plan;
	unsigned char *marks; /* of each that is wanted */
	struct step *way;
	size_t depth;
};

static size_t index_of(const struct search *s, const struct wanted *wanted)
{
	return (size_t)(wanted - s->o->wanted.items);
}

static void say_circle(struct search *s, const struct wanted *back_to)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_CIRCLE);
	struct declaration first;
	size_t from = s->depth - 1;

	while (s->way[from].wanted != back_to)
		from--;
	for (size_t i = from; i < s->depth; i++) {
		const struct wanted *wanted = s->way[i].wanted;
		const struct need *need = &wanted->needs[s->way[i].next - 1];
		struct declaration place = place_of(s->o, need->span);

		if (i == from)
			first = place;
		buf_addf(&text, "%s%s/%.*s needs %s/%.*s (%.*s:%u:%u)",
				i == from ? "" : ", ", wanted->driver->kind,
				VIEW_ARG(wanted->key), need->driver->kind,
				VIEW_ARG(need->name), VIEW_ARG(place.file), place.line,
				place.column);
	}
	plan_add_problem(s->plan, &first, "DependencyCycle",
			arena_copy(s->o->arena, buf_view(&text)),
			VIEW("none of them can be the first: take one of these needs "
			     "away"));
}

static void push(struct search *s, const struct wanted *wanted)
{
	s->marks[index_of(s, wanted)] = OPEN;
	s->way[s->depth++] = (struct step){ .wanted = wanted };
}

static void search_from(struct search *s, const struct wanted *start)
{
	push(s, start);
	while (s->depth) {
		struct step *step = &s->way[s->depth - 1];
		const struct wanted *next;

		if (step->next == step->wanted->need_count) {
			s->marks[index_of(s, step->wanted)] = DONE;
			s->depth--;
			continue;
		}
		next = step->wanted->needs[step->next++].wanted;
		if (!next)
			continue;
		if (s->marks[index_of(s, next)] == OPEN)
			say_circle(s, next);
		else if (s->marks[index_of(s, next)] == NEW)
			push(s, next);
	}
}

void dependences_check(struct observation *o, struct plan *plan)
{
	struct search s = { .o = o, .plan = plan };

	if (!has_needs(o))
		return;
	resolve(o, plan);
	s.marks = xcalloc(o->wanted.count, sizeof(*s.marks));
	s.way = xcalloc(o->wanted.count, sizeof(*s.way));
	for (size_t i = 0; i < o->wanted.count; i++)
		if (s.marks[i] == NEW)
			search_from(&s, &o->wanted.items[i]);
	free(s.marks);
	free(s.way);
}

/* -- edges that were applied -- */

static int run_for(struct database *db, const char *sql, const unsigned char *uid)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

static int write_edge(
		struct database *db, const unsigned char *uid, const unsigned char *needs)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO dependence (uid, needs, current) VALUES (?1, ?2, 1)"
			" ON CONFLICT (uid, needs) DO UPDATE SET current = 1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_blob(s, 2, view_of(needs, UID_SIZE));
	return statement_run(s);
}

int dependence_write(struct database *db, const unsigned char uid[UID_SIZE],
		const struct wanted *wanted)
{
	int r = run_for(db, "UPDATE dependence SET current = 0 WHERE uid = ?1", uid);

	for (size_t i = 0; i < wanted->need_count && r == 0; i++) {
		assert(wanted->needs[i].wanted && wanted->needs[i].wanted->object);
		r = write_edge(db, uid, wanted->needs[i].wanted->object->uid);
	}
	return r;
}

int dependence_settle(struct database *db, const unsigned char uid[UID_SIZE])
{
	return run_for(db, "DELETE FROM dependence WHERE uid = ?1 AND current = 0", uid);
}

int dependence_forget(struct database *db, const unsigned char uid[UID_SIZE])
{
	return run_for(db, "DELETE FROM dependence WHERE uid = ?1", uid);
}

static int read_uids(struct database *db, const char *sql, const unsigned char *uid,
		struct arena *arena, struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(buf_free) struct buf uids = BUF_NULL(MOST_UIDS);
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	while ((r = statement_step(s)) == DATABASE_ROW)
		buf_add(&uids, column_view(s, 0));
	*out = arena_copy(arena, buf_view(&uids));
	return r;
}

int dependence_needs(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out)
{
	return read_uids(db,
			"SELECT needs FROM dependence WHERE uid = ?1 AND current = 1",
			uid, arena, out);
}

int dependence_dependents(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out)
{
	return read_uids(db, "SELECT uid FROM dependence WHERE needs = ?1", uid, arena,
			out);
}

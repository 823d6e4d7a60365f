#include "agent/database/touch.h"

#include "runtime/store/database.h"

#include <jansson.h>
#include <stdlib.h>

/* -- rows -- */

#define TOUCH_COLUMNS "field, was, live, actor, at"

static struct touch read_touch(struct statement *s, int at, struct arena *arena)
{
	return (struct touch){
		.field = arena_copy(arena, column_view(s, at)),
		.was = arena_copy(arena, column_view(s, at + 1)),
		.live = arena_copy(arena, column_view(s, at + 2)),
		.actor = arena_copy(arena, column_view(s, at + 3)),
		.at = column_i64(s, at + 4),
	};
}

static int count_rows(struct database *db, size_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT count(*) FROM touched", &s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = column_u64(s, 0);
	return 0;
}

int touch_read_all(struct database *db, struct arena *arena, struct touch_row **out,
		size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t most = 0;
	int r = count_rows(db, &most);

	*count_out = 0;
	if (r || most == 0)
		return r;
	r = database_prepare(db,
			"SELECT kind, id, " TOUCH_COLUMNS " FROM touched"
			" JOIN object USING (uid) ORDER BY uid, field",
			&s);
	if (r)
		return r;
	*out = arena_array(arena, most, sizeof(**out));
	while ((r = statement_step(s)) == DATABASE_ROW && *count_out < most)
		(*out)[(*count_out)++] = (struct touch_row){
			.kind = arena_copy(arena, column_view(s, 0)),
			.id = arena_copy(arena, column_view(s, 1)),
			.touch = read_touch(s, 2, arena),
		};
	return r;
}

int touch_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct touch **out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT " TOUCH_COLUMNS " FROM touched WHERE uid = ?1"
			" ORDER BY field",
			&s);

	*out = NULL;
	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	while ((r = statement_step(s)) == DATABASE_ROW) {
		*out = ARENA_NEW(arena, struct touch);
		**out = read_touch(s, 0, arena);
		out = &(*out)->next;
	}
	return r;
}

int touch_write(struct database *db, const unsigned char uid[UID_SIZE],
		const struct touch *touch)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO touched (uid, " TOUCH_COLUMNS ")"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
			" ON CONFLICT (uid, field) DO UPDATE"
			" SET live = ?4, actor = ?5, at = ?6",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_text(s, 2, touch->field);
	bind_text(s, 3, touch->was);
	bind_text(s, 4, touch->live);
	bind_text(s, 5, touch->actor);
	bind_i64(s, 6, touch->at);
	return statement_run(s);
}

int touch_delete(
		struct database *db, const unsigned char uid[UID_SIZE], struct view field)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "DELETE FROM touched WHERE uid = ?1 AND field = ?2", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_text(s, 2, field);
	return statement_run(s);
}

int touch_delete_all(struct database *db, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM touched WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

/* -- values -- */

static json_t *parse(struct view json)
{
	return json_loadb(json.data ? json.data : "", json.len, JSON_DECODE_ANY, NULL);
}

/* Takes the reference over. */
static struct view print(struct arena *arena, json_t *json)
{
	char *text;
	struct view copy;

	if (!json)
		return VIEW_NULL;
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	copy = arena_copy(arena, view_z(text));
	free(text);
	json_decref(json);
	return copy;
}

struct view touch_member(struct arena *arena, struct view json, struct view field)
{
	json_t *root = parse(json);
	struct view member = print(arena,
			json_incref(json_object_getn(root, field.data, field.len)));

	json_decref(root);
	return member;
}

struct view touch_replace(struct arena *arena, struct view json, struct view field,
		struct view value)
{
	json_t *root = parse(json), *set = parse(value);

	if (set)
		json_object_setn_new(root, field.data, field.len, set);
	else
		json_object_deln(root, field.data, field.len);
	return print(arena, root);
}

static struct touch *add(struct arena *arena, struct touch *next, struct view field,
		const struct touch *values)
{
	struct touch *touch = ARENA_NEW(arena, struct touch);

	*touch = *values;
	touch->field = arena_copy(arena, field);
	touch->next = next;
	return touch;
}

static struct touch *compare_members(struct arena *arena, const json_t *was,
		const json_t *live, const struct touch *values, struct touch *others)
{
	struct touch *all = others;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)was, name, value) {
		struct touch touch = *values;
		json_t *now = json_object_get(live, name);

		if (json_equal(value, now))
			continue;
		touch.was = print(arena, json_incref(value));
		touch.live = print(arena, json_incref(now));
		all = add(arena, all, view_z(name), &touch);
	}
	return all;
}

struct touch *touch_compare(struct arena *arena, struct view was, struct view live,
		struct view actor, walltime at)
{
	struct touch values = { .was = was, .live = live, .actor = actor, .at = at };
	json_t *left = parse(was), *right = parse(live);
	struct touch *all = NULL;

	if (!json_is_object(left) || !json_is_object(right)) {
		all = add(arena, NULL, TOUCH_ALL, &values);
	} else {
		all = compare_members(arena, left, right, &values, NULL);
		if (!all) /* of one's members alone */
			all = add(arena, NULL, TOUCH_ALL, &values);
	}
	json_decref(left);
	json_decref(right);
	return all;
}

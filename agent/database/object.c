#include "agent/database/object.h"

#include "agent/database/text.h"
#include "agent/driver.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <errno.h>

/* -- the set -- */

#define OBJECT_COLUMNS                                                                   \
	"uid, kind, id, named, key, generation, observed_generation, spec_hash, "        \
	"observed_hash, state, disabled_at, declared_in, file, line, column, "           \
	"span_start, span_end, leaving"

static bool column_bytes(struct statement *s, int at, void *out, size_t len)
{
	struct view bytes = column_view(s, at);

	if (bytes.len != len)
		return false;
	memcpy(out, bytes.data, len);
	return true;
}

static int read_object(struct statement *s, struct arena *arena, struct object *out)
{
	struct object object = {
		.driver = driver_of(column_view(s, 1)),
		.id = arena_copy(arena, column_view(s, 2)),
		.named = column_u64(s, 3),
		.key = arena_copy(arena, column_view(s, 4)),
		.generation = column_u64(s, 5),
		.observed_generation = column_u64(s, 6),
		.state = view_eq(column_view(s, 9), VIEW("disabled")) ? OBJECT_DISABLED
								      : OBJECT_ACTIVE,
		.disabled_at = column_i64(s, 10),
		.declared = {
			.declared_in = column_u64(s, 11),
			.file = arena_copy(arena, column_view(s, 12)),
			.line = (uint32_t)column_u64(s, 13),
			.column = (uint32_t)column_u64(s, 14),
			.start = (uint32_t)column_u64(s, 15),
			.end = (uint32_t)column_u64(s, 16),
		},
		.leaving = column_u64(s, 17),
	};

	if (!object.driver || !column_bytes(s, 0, object.uid, UID_SIZE) ||
			!column_bytes(s, 7, object.hash, DIGEST_SIZE) ||
			!column_bytes(s, 8, object.observed, DIGEST_SIZE))
		return fault(-EPROTO);
	*out = object;
	return 0;
}

static struct view scoped(struct arena *arena, const struct driver *driver, struct view v)
{
	return arena_printf(arena, "%s/%.*s", driver->kind, VIEW_ARG(v));
}

static void index_object(struct object_set *set, struct object *object)
{
	struct view by_key = scoped(set->arena, object->driver, object->key);
	struct object *other = map_get(&set->by_key, by_key);

	map_set(&set->by_id, scoped(set->arena, object->driver, object->id), object);
	if (!other || other->state == OBJECT_DISABLED)
		map_set(&set->by_key, by_key, object);
}

static int count_objects(struct database *db, size_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT count(*) FROM object", &s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = column_u64(s, 0);
	return 0;
}

int object_set_load(struct database *db, struct arena *arena, struct object_set *out)
{
	CLEANUP(object_set_deinit) struct object_set set = { .arena = arena };
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t most = 0;
	int r;

	r = count_objects(db, &most);
	if (r)
		return r;
	r = database_prepare(db, "SELECT " OBJECT_COLUMNS " FROM object", &s);
	if (r)
		return r;
	set.items = arena_array(arena, most, sizeof(*set.items));
	while ((r = statement_step(s)) == DATABASE_ROW && set.count < most) {
		r = read_object(s, arena, &set.items[set.count]);
		if (r)
			return r;
		index_object(&set, &set.items[set.count++]);
	}
	if (r)
		return r;
	*out = set;
	set = OBJECT_SET_NULL;
	return 0;
}

void object_set_deinit(struct object_set *set)
{
	map_free(&set->by_id);
	map_free(&set->by_key);
	*set = OBJECT_SET_NULL;
}

enum {
	LONGEST_NAME = 64 + 1 + 512, /* kind/id or kind/key */
};

static struct object *look_up(
		const struct map *map, const struct driver *driver, struct view v)
{
	char name[LONGEST_NAME];
	struct view kind = view_z(driver->kind);

	if (kind.len + 1 + v.len > sizeof(name))
		return NULL;
	memcpy(name, kind.data, kind.len);
	name[kind.len] = '/';
	if (v.len)
		memcpy(name + kind.len + 1, v.data, v.len);
	return map_get(map, view_of(name, kind.len + 1 + v.len));
}

struct object *object_by_id(
		const struct object_set *set, const struct driver *driver, struct view id)
{
	return look_up(&set->by_id, driver, id);
}

struct object *object_by_key(const struct object_set *set, const struct driver *driver,
		struct view key)
{
	return look_up(&set->by_key, driver, key);
}

struct object *object_find(const struct object_set *set, struct view name)
{
	struct object *object = map_get(&set->by_id, name);

	return object ? object : map_get(&set->by_key, name);
}

struct view object_name(const struct object *object, struct arena *arena)
{
	return scoped(arena, object->driver, object->id);
}

/* -- rows -- */

int object_read_texts(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct object_texts *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"SELECT spec, last_applied, conditions FROM object WHERE uid = "
			"?1",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : fault(-ENOENT);
	out->spec = arena_copy(arena, column_view(s, 0));
	out->last_applied = arena_copy(arena, column_view(s, 1));
	out->conditions = arena_copy(arena, column_view(s, 2));
	return 0;
}

int object_write(struct database *db, const struct object *object,
		const struct object_texts *texts)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"INSERT INTO object (" OBJECT_COLUMNS
			", spec, last_applied, conditions)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
			" ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
			" ON CONFLICT (uid) DO UPDATE SET"
			" id = ?3, named = ?4, key = ?5, generation = ?6,"
			" observed_generation = ?7, spec_hash = ?8, observed_hash = ?9,"
			" state = ?10, disabled_at = ?11, declared_in = ?12, file = ?13,"
			" line = ?14, column = ?15, span_start = ?16, span_end = ?17,"
			" leaving = ?18, spec = ?19, last_applied = ?20, conditions = "
			"?21",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, view_of(object->uid, UID_SIZE));
	bind_text(s, 2, view_z(object->driver->kind));
	bind_text(s, 3, object->id);
	bind_u64(s, 4, object->named);
	bind_text(s, 5, object->key);
	bind_u64(s, 6, object->generation);
	bind_u64(s, 7, object->observed_generation);
	bind_blob(s, 8, view_of(object->hash, DIGEST_SIZE));
	bind_blob(s, 9, view_of(object->observed, DIGEST_SIZE));
	if (object->state == OBJECT_DISABLED) {
		bind_text(s, 10, VIEW("disabled"));
		bind_i64(s, 11, object->disabled_at);
	} else {
		bind_text(s, 10, VIEW("active"));
		bind_null(s, 11);
	}
	bind_u64(s, 12, object->declared.declared_in);
	bind_text(s, 13, object->declared.file);
	bind_u64(s, 14, object->declared.line);
	bind_u64(s, 15, object->declared.column);
	bind_u64(s, 16, object->declared.start);
	bind_u64(s, 17, object->declared.end);
	bind_u64(s, 18, object->leaving);
	bind_text(s, 19, texts->spec);
	bind_text(s, 20, texts->last_applied);
	bind_text(s, 21, texts->conditions);
	return statement_run(s);
}

int object_set_applied(struct database *db, const unsigned char uid[UID_SIZE],
		struct view applied)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char digest[DIGEST_SIZE];
	int r = database_prepare(db,
			"UPDATE object SET last_applied = ?2, observed_hash = ?3"
			" WHERE uid = ?1",
			&s);

	if (r)
		return r;
	digest_bytes(applied, digest);
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_text(s, 2, applied);
	bind_blob(s, 3, view_of(digest, DIGEST_SIZE));
	return statement_run(s);
}

int object_delete(struct database *db, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM object WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

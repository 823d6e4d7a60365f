/* What was recorded, as programs read it: events, the way of one object, the audit. */
#include "agent/inside.h"

#include "agent/database/journal.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <errno.h>

/* -- events -- */

static json_t *event_json(struct statement *s)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:I}", "revision",
			(json_int_t)column_u64(s, 0), "object",
			json_view(column_view(s, 1)), "reason",
			json_view(column_view(s, 2)), "message",
			json_view(column_view(s, 3)), "first_at",
			json_time(column_i64(s, 4)), "last_at",
			json_time(column_i64(s, 5)), "count",
			(json_int_t)column_u64(s, 6));
}

int agent_events(struct agent *agent, uint64_t after, size_t most, json_t **out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	json_t *items;
	int r = database_prepare(agent->db,
			"SELECT * FROM (SELECT revision, object, reason, message,"
			" first_at, last_at, count FROM event WHERE revision > ?1"
			" ORDER BY revision DESC LIMIT ?2) ORDER BY revision",
			&s);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	bind_u64(s, 1, after);
	bind_u64(s, 2, most);
	items = json_array();
	while ((r = statement_step(s)) == DATABASE_ROW)
		json_array_append_new(items, event_json(s));
	if (r) {
		json_decref(items);
		return r > 0 ? fault(-EIO) : r;
	}
	*out = json_pack("{s:i, s:o}", "format_version", 1, "items", items);
	return 0;
}

/* -- the way of one object -- */

static json_t *step_json(struct statement *s)
{
	return json_pack("{s:I, s:o, s:o, s:o}", "seq", (json_int_t)column_u64(s, 0),
			"at", json_time(column_i64(s, 1)), "actor",
			json_view(column_view(s, 2)), "action",
			json_view(column_view(s, 3)));
}

static int read_steps(struct agent *agent, const unsigned char uid[UID_SIZE], json_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(agent->db,
			"SELECT seq, at, actor, action FROM audit WHERE uid = ?1"
			" ORDER BY seq",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	while ((r = statement_step(s)) == DATABASE_ROW)
		json_array_append_new(out, step_json(s));
	return r;
}

static json_t *generation_json(const struct generation *generation)
{
	return json_pack("{s:I, s:o, s:o, s:o}", "generation",
			(json_int_t)generation->number, "accepted_at",
			json_time(generation->accepted_at), "actor",
			json_view(generation->actor), "origin",
			json_view(generation->origin));
}

/* NULL where it was forgotten. */
static const struct generation *generation_of(
		const struct history *history, uint64_t number)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->items[i].number == number)
			return &history->items[i];
	return NULL;
}

int agent_trace(struct agent *agent, struct view name, json_t **out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set objects = OBJECT_SET_NULL;
	CLEANUP(history_freep) struct history *history = NULL;
	const struct generation *generation;
	const struct object *object;
	json_t *steps;
	int r = object_set_load(agent->db, arena, &objects);

	if (r == 0)
		r = history_read(agent->db, GENERATIONS_KEPT, &history);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	object = object_find(&objects, name);
	if (!object)
		return AGENT_E_ABSENT;
	steps = json_array();
	r = read_steps(agent, object->uid, steps);
	if (r) {
		json_decref(steps);
		return r > 0 ? fault(-EIO) : r;
	}
	generation = generation_of(history, object->declared.declared_in);
	*out = json_pack("{s:i, s:o, s:o, s:o, s:I, s:s, s:{s:o, s:i, s:i, s:I}, s:o, "
			 "s:o}",
			"format_version", 1, "object",
			json_view(object_name(object, arena)), "key",
			json_view(object->key), "uid", json_uid(object->uid),
			"generation", (json_int_t)object->generation, "state",
			object->state == OBJECT_DISABLED ? "disabled" : "active", "place",
			"file", json_view(object->declared.file), "line",
			(int)object->declared.line, "column",
			(int)object->declared.column, "declared_in",
			(json_int_t)object->declared.declared_in, "accepted",
			generation ? generation_json(generation) : json_null(), "steps",
			steps);
	return 0;
}

/* -- the audit -- */

int agent_audit(struct agent *agent, struct agent_audit *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	*out = (struct agent_audit){ 0 };
	r = audit_verify(agent->db, &out->broken_at);
	if (r != 0 && r != AUDIT_E_BROKEN)
		return r > 0 ? fault(-EIO) : r;
	out->whole = r == 0;
	r = database_prepare(agent->db,
			"SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", &s);
	if (r == 0)
		r = statement_step(s);
	if (r == 0)
		return 0;
	if (r != DATABASE_ROW || column_view(s, 1).len != DIGEST_SIZE)
		return r < 0 ? r : fault(-EIO);
	out->rows = column_u64(s, 0);
	memcpy(out->head, column_view(s, 1).data, DIGEST_SIZE);
	return 0;
}

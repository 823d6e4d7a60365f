#include "agent/database/suspension.h"

#include "agent/database/text.h"
#include "runtime/store/database.h"

int suspension_read(struct database *db, walltime now, struct arena *arena,
		struct suspension *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	*out = (struct suspension){ 0 };
	r = database_prepare(
			db, "SELECT until, since, reason, actor FROM suspension", &s);
	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW || column_i64(s, 0) <= now)
		return r == DATABASE_ROW ? 0 : r;
	out->until = column_i64(s, 0);
	out->since = column_i64(s, 1);
	out->reason = arena_copy(arena, column_view(s, 2));
	out->actor = arena_copy(arena, column_view(s, 3));
	return 0;
}

int suspension_write(struct database *db, const struct suspension *suspension)
{
	CLEANUP(statement_done) struct statement *clear = NULL;
	CLEANUP(statement_done) struct statement *add = NULL;
	int r = database_prepare(db, "DELETE FROM suspension", &clear);

	if (r == 0)
		r = statement_run(clear);
	if (r || suspension->until == 0)
		return r;
	r = database_prepare(
			db, "INSERT INTO suspension VALUES (1, ?1, ?2, ?3, ?4)", &add);
	if (r)
		return r;
	bind_i64(add, 1, suspension->until);
	bind_i64(add, 2, suspension->since);
	bind_text(add, 3, suspension->reason);
	bind_text(add, 4, suspension->actor);
	return statement_run(add);
}

void suspension_print(const struct suspension *suspension, struct buf *out)
{
	buf_add_z(out, "suspended until ");
	text_add_time(out, suspension->until);
	buf_addf(out, " by %.*s: %.*s", VIEW_ARG(suspension->actor),
			VIEW_ARG(suspension->reason));
}

json_t *suspension_json(const struct suspension *suspension)
{
	if (suspension->until == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "until", json_time(suspension->until),
			"since", json_time(suspension->since), "reason",
			json_view(suspension->reason), "actor",
			json_view(suspension->actor));
}

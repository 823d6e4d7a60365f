#include "agent/database/source.h"

#include "runtime/store/database.h"

static bool take_id(struct statement *s, int column, struct object_id *out)
{
	struct view bytes = column_view(s, column);

	if (bytes.len != OBJECT_ID_SIZE)
		return false;
	memcpy(out->bytes, bytes.data, OBJECT_ID_SIZE);
	return true;
}

static struct view take_text(struct statement *s, int column, struct arena *arena)
{
	return arena_copy(arena, column_view(s, column));
}

int source_read(struct database *db, struct arena *arena, struct source *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT applied, applied_at, generation, signer, fingerprint, "
			"subject,"
			" refused, refused_at, reason, message, state_refused, accepted,"
			" detached FROM source",
			&s);

	*out = (struct source){ 0 };
	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	out->has_applied = take_id(s, 0, &out->applied);
	out->applied_at = column_i64(s, 1);
	out->generation = (uint64_t)column_i64(s, 2);
	out->signer = take_text(s, 3, arena);
	out->fingerprint = take_text(s, 4, arena);
	out->subject = take_text(s, 5, arena);
	out->has_refused = take_id(s, 6, &out->refused);
	out->refused_at = column_i64(s, 7);
	out->reason = take_text(s, 8, arena);
	out->message = take_text(s, 9, arena);
	out->state_refused = column_i64(s, 10) != 0;
	out->has_accepted = take_id(s, 11, &out->accepted);
	out->detached = column_i64(s, 12) != 0;
	return 0;
}

static void bind_id(struct statement *s, int at, bool has, const struct object_id *id)
{
	bind_blob(s, at, has ? view_of(id->bytes, OBJECT_ID_SIZE) : VIEW(""));
}

int source_write(struct database *db, const struct source *source)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT OR REPLACE INTO source VALUES (1, ?1, ?2, ?3, ?4, ?5, "
			"?6, ?7,"
			" ?8, ?9, ?10, ?11, ?12, ?13)",
			&s);

	if (r)
		return r;
	bind_id(s, 1, source->has_applied, &source->applied);
	bind_i64(s, 2, source->applied_at);
	bind_i64(s, 3, (int64_t)source->generation);
	bind_text(s, 4, source->signer);
	bind_text(s, 5, source->fingerprint);
	bind_text(s, 6, source->subject);
	bind_id(s, 7, source->has_refused, &source->refused);
	bind_i64(s, 8, source->refused_at);
	bind_text(s, 9, source->reason);
	bind_text(s, 10, source->message);
	bind_i64(s, 11, source->state_refused);
	bind_id(s, 12, source->has_accepted, &source->accepted);
	bind_i64(s, 13, source->detached);
	return statement_run(s);
}

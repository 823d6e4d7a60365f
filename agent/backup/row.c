#include "agent/backup/row.h"

#include "runtime/store/database.h"

#include <string.h>

int backup_row_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct backup_row *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT begun, good, verified, proven, failures, bytes, sent, "
			"files,"
			" snapshot, reason, message FROM backup WHERE uid = ?1",
			&s);

	*out = (struct backup_row){ 0 };
	memcpy(out->uid, uid, UID_SIZE);
	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	out->begun = column_i64(s, 0);
	out->good = column_i64(s, 1);
	out->verified = column_i64(s, 2);
	out->proven = column_i64(s, 3);
	out->failures = column_u64(s, 4);
	out->bytes = column_u64(s, 5);
	out->sent = column_u64(s, 6);
	out->files = column_u64(s, 7);
	out->snapshot = arena_copy(arena, column_view(s, 8));
	out->reason = arena_copy(arena, column_view(s, 9));
	out->message = arena_copy(arena, column_view(s, 10));
	return 0;
}

int backup_row_write(struct database *db, const struct backup_row *row)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT OR REPLACE INTO backup VALUES"
			" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(row->uid, UID_SIZE));
	bind_i64(s, 2, row->begun);
	bind_i64(s, 3, row->good);
	bind_i64(s, 4, row->verified);
	bind_i64(s, 5, row->proven);
	bind_u64(s, 6, row->failures);
	bind_u64(s, 7, row->bytes);
	bind_u64(s, 8, row->sent);
	bind_u64(s, 9, row->files);
	bind_text(s, 10, row->snapshot);
	bind_text(s, 11, row->reason);
	bind_text(s, 12, row->message);
	return statement_run(s);
}

int backup_row_delete(struct database *db, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM backup WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

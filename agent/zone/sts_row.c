#include "agent/zone/sts_row.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <stdlib.h>

static enum desired_sts mode_of(struct view word)
{
	enum desired_sts mode = DESIRED_STS_NONE;

	for (int i = 0; i <= DESIRED_STS_NONE; i++)
		if (view_eq(word, view_z(sts_word((enum desired_sts)i))))
			mode = (enum desired_sts)i;
	return mode;
}

static struct sts_row read_row(struct statement *s, struct arena *arena)
{
	return (struct sts_row){
		.domain = arena_copy(arena, column_view(s, 0)),
		.past = {
			.mode = mode_of(column_view(s, 1)),
			.hosts = arena_copy(arena, column_view(s, 2)),
			.id = arena_copy(arena, column_view(s, 3)),
			.longest = column_i64(s, 5),
			.testing_since = column_i64(s, 6),
			.none_since = column_i64(s, 7),
		},
		.file = arena_copy(arena, column_view(s, 4)),
		.exchangers_at = column_i64(s, 8),
		.gone = column_i64(s, 9) != 0,
	};
}

int sts_rows_read(struct database *db, struct arena *arena, struct sts_row **out,
		size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) struct sts_row *rows = NULL;
	size_t count = 0, capacity = 0;
	int r = database_prepare(db,
			"SELECT domain, mode, hosts, id, file, longest, testing_since,"
			" none_since, exchangers_at, gone FROM sts_policy ORDER BY "
			"domain",
			&s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		array_grow(&rows, &capacity, count + 1, sizeof(*rows));
		rows[count++] = read_row(s, arena);
	}
	if (r)
		return r;
	*out = arena_array(arena, count, sizeof(*rows));
	if (count)
		memcpy(*out, rows, count * sizeof(*rows));
	*count_out = count;
	return 0;
}

const struct sts_row *sts_row_of(
		const struct sts_row *rows, size_t count, struct view domain)
{
	size_t first = 0, behind = count;

	while (first < behind) {
		size_t middle = first + (behind - first) / 2;
		int order = view_compare(rows[middle].domain, domain);

		if (order == 0)
			return &rows[middle];
		if (order < 0)
			first = middle + 1;
		else
			behind = middle;
	}
	return NULL;
}

int sts_row_serve(struct database *db, struct view domain, const struct zone_sts *sts,
		const struct sts_row *former)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const struct sts_past *past = former && !former->gone ? &former->past : NULL;
	bool same = past && past->mode == sts->mode;
	walltime longest = past ? past->longest : 0;
	int r = database_prepare(db,
			"INSERT OR REPLACE INTO sts_policy (domain, mode, hosts, id, "
			"file,"
			" longest, testing_since, none_since, exchangers_at, gone)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	bind_text(s, 2, view_z(sts_word(sts->mode)));
	bind_text(s, 3, sts->hosts);
	bind_text(s, 4, sts->id);
	bind_text(s, 5, sts->file);
	bind_i64(s, 6, longest > sts->max_age ? longest : sts->max_age);
	bind_i64(s, 7, same ? past->testing_since : 0);
	bind_i64(s, 8, same ? past->none_since : 0);
	return statement_run(s);
}

int sts_row_set_exchangers(struct database *db, struct view domain, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE sts_policy SET exchangers_at = ?2 WHERE domain = ?1", &s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	bind_i64(s, 2, now);
	return statement_run(s);
}

int sts_row_settle(struct database *db, struct view domain, struct view id, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE sts_policy SET"
			" testing_since = CASE WHEN mode = 'testing'"
			"  AND testing_since = 0 THEN ?3 ELSE testing_since END,"
			" none_since = CASE WHEN mode = 'none'"
			"  AND none_since = 0 THEN ?3 ELSE none_since END"
			" WHERE domain = ?1 AND id = ?2",
			&s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	bind_text(s, 2, id);
	bind_i64(s, 3, now);
	return statement_run(s);
}

static int run_for(struct database *db, const char *sql, struct view domain)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	return statement_run(s);
}

int sts_row_leave(struct database *db, struct view domain)
{
	return run_for(db, "UPDATE sts_policy SET gone = 1 WHERE domain = ?1", domain);
}

int sts_row_delete(struct database *db, struct view domain)
{
	return run_for(db, "DELETE FROM sts_policy WHERE domain = ?1", domain);
}

int dmarc_since_read(struct database *db, struct view domain, walltime *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "SELECT since FROM dmarc_ramp WHERE domain = ?1", &s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	r = statement_step(s);
	*out = r == DATABASE_ROW ? column_i64(s, 0) : 0;
	return r == DATABASE_ROW ? 0 : r;
}

int dmarc_since_set(struct database *db, struct view domain, walltime since)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "INSERT OR IGNORE INTO dmarc_ramp VALUES (?1, ?2)", &s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	bind_i64(s, 2, since);
	return statement_run(s);
}

int dmarc_since_delete(struct database *db, struct view domain)
{
	return run_for(db, "DELETE FROM dmarc_ramp WHERE domain = ?1", domain);
}

#include "agent/database/revocation.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"

static int count_of(struct database *db, size_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT count(*) FROM revoked", &s);

	if (r == 0)
		r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = (size_t)column_u64(s, 0);
	return 0;
}

int revocations_read(struct database *db, struct arena *arena, struct revocations *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t most = 0;
	int r = count_of(db, &most);

	*out = (struct revocations){ 0 };
	if (r == 0)
		r = database_prepare(db, "SELECT name FROM revoked ORDER BY name", &s);
	if (r)
		return r;
	out->names = arena_array(arena, most, sizeof(*out->names));
	while (out->count < most && (r = statement_step(s)) == DATABASE_ROW)
		out->names[out->count++] = arena_copy(arena, column_view(s, 0));
	return r == DATABASE_ROW ? 0 : r;
}

bool revocations_have(const struct revocations *revocations, struct view name)
{
	for (size_t i = 0; i < revocations->count; i++)
		if (view_eq(revocations->names[i], name))
			return true;
	return false;
}

static int run_on(struct database *db, const char *sql, struct view name)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_text(s, 1, name);
	return statement_run(s);
}

/* What waits because of him, or of the key that signed the state in force, waits for others
 * from now on. */
static int forget_word(struct database *db, struct view name)
{
	static const char *const queries[] = {
		"DELETE FROM approval WHERE person = ?1 OR fingerprint = ?1",
		"UPDATE held_step SET person = '' WHERE person = ?1 OR person ="
		" (SELECT signer FROM source WHERE fingerprint = ?1)",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(queries) && r == 0; i++)
		r = run_on(db, queries[i], name);
	return r;
}

int revocation_add(struct database *db, struct view name, struct view actor, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO revoked VALUES (?1, ?2, ?3)"
			" ON CONFLICT (name) DO NOTHING",
			&s);

	if (r)
		return r;
	bind_text(s, 1, name);
	bind_i64(s, 2, now);
	bind_text(s, 3, actor);
	r = statement_run(s);
	return r ? r : forget_word(db, name);
}

int revocation_remove(struct database *db, struct view name, bool *had_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct revocations all;
	int r = revocations_read(db, arena, &all);

	if (r)
		return r;
	*had_out = revocations_have(&all, name);
	return run_on(db, "DELETE FROM revoked WHERE name = ?1", name);
}

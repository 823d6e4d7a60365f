#include "agent/database/app_password.h"

#include "runtime/base/error.h"
#include "runtime/crypto/random.h"
#include "runtime/store/database.h"

#include <errno.h>

enum {
	USED_EVERY_S = 3600
};

static struct view uid_view(const unsigned char uid[UID_SIZE])
{
	return view_of(uid, UID_SIZE);
}

int app_password_salt(struct database *db, const unsigned char uid[UID_SIZE],
		unsigned char out[APP_PASSWORD_SALT])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "SELECT salt FROM app_password WHERE account = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	r = statement_step(s);
	if (r == DATABASE_ROW && column_view(s, 0).len == APP_PASSWORD_SALT) {
		memcpy(out, column_view(s, 0).data, APP_PASSWORD_SALT);
		return 0;
	}
	if (r == 0)
		random_bytes(out, APP_PASSWORD_SALT);
	return r == DATABASE_ROW ? fault(-EPROTO) : r;
}

static int count_of(struct database *db, const unsigned char uid[UID_SIZE],
		struct view name, uint64_t *all_out, uint64_t *same_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT count(*), coalesce(sum(name = ?2), 0) FROM app_password"
			" WHERE account = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_text(s, 2, name);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : fault(-EPROTO);
	*all_out = column_u64(s, 0);
	*same_out = column_u64(s, 1);
	return 0;
}

int app_password_add(struct database *db, const struct app_password_row *row)
{
	const struct app_password_spec *spec = &row->spec;
	CLEANUP(statement_done) struct statement *s = NULL;
	uint64_t all = 0, same = 0;
	int r = count_of(db, row->uid, spec->name, &all, &same);

	if (r)
		return r;
	if (same)
		return APP_PASSWORD_E_TAKEN;
	if (all >= APP_PASSWORDS_MAX)
		return APP_PASSWORD_E_MANY;
	r = database_prepare(db,
			"INSERT INTO app_password VALUES"
			" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, uid_view(row->uid));
	bind_text(s, 2, spec->name);
	bind_blob(s, 3, view_of(spec->salt, APP_PASSWORD_SALT));
	bind_blob(s, 4, view_of(spec->verifier.stored, DIGEST_SIZE));
	bind_blob(s, 5, view_of(spec->verifier.server, DIGEST_SIZE));
	bind_u64(s, 6, spec->protocols);
	bind_i64(s, 7, row->made_at);
	bind_i64(s, 8, spec->expires);
	return statement_run(s);
}

int app_password_remove(struct database *db, const unsigned char uid[UID_SIZE],
		struct view name, bool *removed_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	uint64_t all = 0, same = 0;
	int r = count_of(db, uid, name, &all, &same);

	if (!r)
		r = database_prepare(db,
				"DELETE FROM app_password"
				" WHERE account = ?1 AND name = ?2",
				&s);
	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_text(s, 2, name);
	*removed_out = same > 0;
	return statement_run(s);
}

int app_password_used(struct database *db, const unsigned char uid[UID_SIZE],
		struct view name, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE app_password SET used_at = ?3"
			" WHERE account = ?1 AND name = ?2"
			" AND (used_at IS NULL OR used_at < ?3 - ?4)",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_text(s, 2, name);
	bind_i64(s, 3, now);
	bind_i64(s, 4, USED_EVERY_S);
	return statement_run(s);
}

/* -- reading -- */

static bool take_blob(struct statement *s, int column, unsigned char *out, size_t len)
{
	struct view blob = column_view(s, column);

	if (blob.len != len)
		return false;
	memcpy(out, blob.data, len);
	return true;
}

static int read_row(
		struct statement *s, struct arena *arena, struct app_password_row *out)
{
	struct app_password_spec *spec = &out->spec;

	if (!take_blob(s, 0, out->uid, UID_SIZE) ||
			!take_blob(s, 2, spec->salt, APP_PASSWORD_SALT) ||
			!take_blob(s, 3, spec->verifier.stored, DIGEST_SIZE) ||
			!take_blob(s, 4, spec->verifier.server, DIGEST_SIZE))
		return fault(-EPROTO);
	spec->name = arena_copy(arena, column_view(s, 1));
	spec->protocols = (unsigned)column_u64(s, 5);
	out->made_at = column_i64(s, 6);
	spec->expires = column_i64(s, 7);
	out->used_at = column_i64(s, 8);
	return 0;
}

int app_password_read_all(struct database *db, struct arena *arena,
		const unsigned char *uid, struct app_password_row **out,
		size_t *count_out)
{
	CLEANUP(freep) struct app_password_row *rows = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t count = 0, capacity = 0;
	int r = database_prepare(db,
			"SELECT account, name, salt, stored, server, protocols, made_at,"
			" expires_at, coalesce(used_at, 0) FROM app_password"
			" WHERE ?1 IS NULL OR account = ?1 ORDER BY account, name",
			&s);

	if (r)
		return r;
	if (uid)
		bind_blob(s, 1, uid_view(uid));
	while ((r = statement_step(s)) == DATABASE_ROW) {
		array_grow(&rows, &capacity, count + 1, sizeof(*rows));
		r = read_row(s, arena, &rows[count]);
		if (r)
			return r;
		count++;
	}
	if (r)
		return r;
	*out = TAKE(rows);
	*count_out = count;
	return 0;
}

const struct app_password_row *app_password_rows_of(const struct app_password_row *rows,
		size_t count, const unsigned char uid[UID_SIZE], size_t *count_out)
{
	size_t low = 0, high = count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(rows[middle].uid, uid, UID_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < count && memcmp(rows[end].uid, uid, UID_SIZE) == 0;)
		end++;
	*count_out = end - low;
	return rows + low;
}

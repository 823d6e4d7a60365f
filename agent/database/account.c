#include "agent/database/account.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

static struct view uid_view(const unsigned char uid[UID_SIZE])
{
	return view_of(uid, UID_SIZE);
}

static int run_by_uid(
		struct database *db, const char *sql, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

int account_add(struct database *db, const unsigned char uid[UID_SIZE], struct view name,
		struct view locale)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO account (uid, name, locale, revocation)"
			" VALUES (?1, ?2, ?3, 0)",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_text(s, 2, name);
	bind_text(s, 3, locale);
	return statement_run(s);
}

int account_revoke(struct database *db, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"UPDATE account SET revocation = revocation + 1 WHERE uid = ?1",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	return statement_run(s);
}

int account_has_password(
		struct database *db, const unsigned char uid[UID_SIZE], bool *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT 1 FROM credential WHERE account = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	*out = r == DATABASE_ROW;
	return r == DATABASE_ROW ? 0 : r;
}

int account_set_password(struct database *db, const unsigned char uid[UID_SIZE],
		struct view hash, enum credential_origin origin, walltime now)
{
	static const char *const words[] = { "state", "person", "upgrade" };
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"INSERT INTO credential VALUES (?1, 'password', ?2, ?3, ?4)"
			" ON CONFLICT (account, slot) DO UPDATE"
			" SET hash = ?2, origin = ?3, set_at = ?4",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_text(s, 2, hash);
	bind_text(s, 3, view_z(words[origin]));
	bind_i64(s, 4, now);
	return statement_run(s);
}

int account_read_name(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT name FROM account WHERE uid = ?1", &s);

	*out = VIEW_NULL;
	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	r = statement_step(s);
	if (r == DATABASE_ROW)
		*out = arena_copy(arena, column_view(s, 0));
	return r == DATABASE_ROW ? 0 : r;
}

int account_add_key(struct database *db, const unsigned char uid[UID_SIZE],
		struct view wrapped, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "INSERT INTO key_slot VALUES (?1, 'host', '', ?2, ?3)", &s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_blob(s, 2, wrapped);
	bind_i64(s, 3, now);
	return statement_run(s);
}

int account_read_key(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"SELECT wrapped FROM key_slot"
			" WHERE account = ?1 AND slot = 'host' AND name = ''",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	r = statement_step(s);
	if (r == DATABASE_ROW)
		*out = arena_copy(arena, column_view(s, 0));
	else if (r == 0)
		*out = VIEW_NULL;
	return r == DATABASE_ROW ? 0 : r;
}

int account_add_next_key(struct database *db, const unsigned char uid[UID_SIZE],
		struct view wrapped, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT OR IGNORE INTO key_slot VALUES"
			" (?1, 'host', 'next', ?2, ?3)",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	bind_blob(s, 2, wrapped);
	bind_i64(s, 3, now);
	return statement_run(s);
}

int account_has_next_key(
		struct database *db, const unsigned char uid[UID_SIZE], bool *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT 1 FROM key_slot"
			" WHERE account = ?1 AND slot = 'host' AND name = 'next'",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(uid));
	r = statement_step(s);
	*out = r == DATABASE_ROW;
	return r == DATABASE_ROW ? 0 : r;
}

int account_take_next_key(struct database *db, const unsigned char uid[UID_SIZE])
{
	static const char *const steps[] = {
		"DELETE FROM key_slot WHERE account = ?1 AND slot = 'host'"
		" AND name = ''",
		"UPDATE key_slot SET name = '' WHERE account = ?1 AND slot = 'host'"
		" AND name = 'next'",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++)
		r = run_by_uid(db, steps[i], uid);
	return r;
}

int account_read_rotating(struct database *db, unsigned char **out, size_t *count_out)
{
	CLEANUP(freep) unsigned char *uids = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t count = 0, capacity = 0;
	int r = database_prepare(db,
			"SELECT account FROM key_slot"
			" WHERE slot = 'host' AND name = 'next' ORDER BY account",
			&s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		if (column_view(s, 0).len != UID_SIZE)
			return fault(-EPROTO);
		array_grow(&uids, &capacity, count + 1, UID_SIZE);
		memcpy(uids + UID_SIZE * count++, column_view(s, 0).data, UID_SIZE);
	}
	if (r)
		return r;
	*out = TAKE(uids);
	*count_out = count;
	return 0;
}

int account_remember(struct database *db, const struct account_reached *reached)
{
	const struct account_mark *mark = &reached->mark;
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"UPDATE account SET commits = ?2, modseq = max(modseq, ?3),"
			" uidvalidity = max(uidvalidity, ?4), uidnext = max(uidnext, ?5),"
			" used = ?6, messages = ?7, put_back = 0"
			" WHERE uid = ?1 AND commits < ?2",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, uid_view(reached->uid));
	bind_u64(s, 2, mark->commits);
	bind_u64(s, 3, mark->modseq);
	bind_u64(s, 4, mark->uidvalidity);
	bind_u64(s, 5, mark->uidnext);
	bind_u64(s, 6, reached->used);
	bind_u64(s, 7, reached->messages);
	return statement_run(s);
}

int account_keep_address(struct database *db, const unsigned char uid[UID_SIZE],
		struct view address, walltime until)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"INSERT INTO former_address VALUES (?1, ?2, ?3)"
			" ON CONFLICT (address) DO UPDATE SET account = ?2, until = ?3",
			&s);
	if (r)
		return r;
	bind_text(s, 1, address);
	bind_blob(s, 2, uid_view(uid));
	bind_i64(s, 3, until);
	return statement_run(s);
}

int account_drop_address(struct database *db, struct view address)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM former_address WHERE address = ?1", &s);

	if (r)
		return r;
	bind_text(s, 1, address);
	return statement_run(s);
}

/* -- reading all -- */

static int read_account(struct statement *s, struct arena *arena, struct account_row *out)
{
	struct view uid = column_view(s, 0);

	if (uid.len != UID_SIZE)
		return fault(-EPROTO);
	memcpy(out->uid, uid.data, UID_SIZE);
	out->name = arena_copy(arena, column_view(s, 1));
	out->revocation = column_u64(s, 2);
	out->password = arena_copy(arena, column_view(s, 3));
	out->wrapped = arena_copy(arena, column_view(s, 4));
	out->next = arena_copy(arena, column_view(s, 10));
	out->known = (struct account_mark){ column_u64(s, 5), column_u64(s, 6),
		column_u64(s, 7), column_u64(s, 8) };
	out->put_back = column_u64(s, 9) != 0;
	return 0;
}

int account_read_all(struct database *db, struct arena *arena, struct account_row **out,
		size_t *count_out)
{
	CLEANUP(freep) struct account_row *rows = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t count = 0, capacity = 0;
	int r;

	r = database_prepare(db,
			"SELECT account.uid, account.name, revocation, hash, wrapped,"
			" commits, modseq, uidvalidity, uidnext, put_back,"
			" (SELECT next.wrapped FROM key_slot AS next"
			"  WHERE next.account = account.uid AND next.slot = 'host'"
			"  AND next.name = 'next')"
			" FROM account"
			" LEFT JOIN credential ON credential.account = account.uid"
			"  AND credential.slot = 'password'"
			" LEFT JOIN key_slot ON key_slot.account = account.uid"
			"  AND key_slot.slot = 'host' AND key_slot.name = ''"
			" ORDER BY account.uid",
			&s);
	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		array_grow(&rows, &capacity, count + 1, sizeof(*rows));
		r = read_account(s, arena, &rows[count]);
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

static int compare_uid(const void *uid, const void *row)
{
	return memcmp(uid, ((const struct account_row *)row)->uid, UID_SIZE);
}

const struct account_row *account_row_of(const struct account_row *rows, size_t count,
		const unsigned char uid[UID_SIZE])
{
	return count ? bsearch(uid, rows, count, sizeof(*rows), compare_uid) : NULL;
}

int account_read_former(struct database *db, walltime now, struct arena *arena,
		struct former_address **out, size_t *count_out)
{
	CLEANUP(freep) struct former_address *rows = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t count = 0, capacity = 0;
	int r;

	r = database_prepare(db,
			"SELECT address, account, until FROM former_address"
			" WHERE until > ?1 ORDER BY address",
			&s);
	if (r)
		return r;
	bind_i64(s, 1, now);
	while ((r = statement_step(s)) == DATABASE_ROW) {
		struct view uid = column_view(s, 1);

		if (uid.len != UID_SIZE)
			return fault(-EPROTO);
		array_grow(&rows, &capacity, count + 1, sizeof(*rows));
		rows[count].address = arena_copy(arena, column_view(s, 0));
		memcpy(rows[count].uid, uid.data, UID_SIZE);
		rows[count++].until = column_i64(s, 2);
	}
	if (r)
		return r;
	*out = TAKE(rows);
	*count_out = count;
	return 0;
}

/* -- purging -- */

int account_remove(struct database *db, const unsigned char uid[UID_SIZE])
{
	static const char *const rows[] = {
		"DELETE FROM key_slot WHERE account = ?1",
		"DELETE FROM app_password WHERE account = ?1",
		"DELETE FROM credential WHERE account = ?1",
		"DELETE FROM former_address WHERE account = ?1",
		"DELETE FROM invitation WHERE account = ?1",
		"DELETE FROM account WHERE uid = ?1",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows) && r == 0; i++)
		r = run_by_uid(db, rows[i], uid);
	return r;
}

int account_purge(struct database *db, const unsigned char uid[UID_SIZE], walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = account_remove(db, uid);

	if (r == 0)
		r = database_prepare(
				db, "INSERT OR IGNORE INTO purged VALUES (?1, ?2)", &s);
	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_i64(s, 2, now);
	return statement_run(s);
}

int account_free_address(struct database *db, struct view address, walltime until)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "INSERT OR REPLACE INTO freed_address VALUES (?1, ?2)", &s);

	if (r)
		return r;
	bind_text(s, 1, address);
	bind_i64(s, 2, until);
	return statement_run(s);
}

int account_address_freed(
		struct database *db, struct view address, walltime now, walltime *until)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT until FROM freed_address WHERE address = ?1 AND until > "
			"?2",
			&s);

	*until = 0;
	if (r)
		return r;
	bind_text(s, 1, address);
	bind_i64(s, 2, now);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*until = column_i64(s, 0);
	return 0;
}

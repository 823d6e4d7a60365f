#include "agent/database/dkim_row.h"

#include "runtime/base/error.h"
#include "runtime/crypto/seal.h"
#include "runtime/crypto/signing_key.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

#define COLUMNS                                                                          \
	"domain, selector, algorithm, object, sealed, public_key, rotate, made_at,"      \
	" active_at, retired_at"

const char *dkim_algorithm_name(enum desired_dkim algorithm)
{
	static const char *const names[DKIM_ALGORITHMS] = {
		[DKIM_RSA2048] = "rsa2048",
		[DKIM_ED25519] = "ed25519",
	};

	return names[algorithm];
}

struct view dkim_record_name(
		struct arena *arena, struct view domain, struct view selector)
{
	return arena_printf(arena, "%.*s._domainkey.%.*s", VIEW_ARG(selector),
			VIEW_ARG(domain));
}

/* -- its life -- */

enum dkim_state dkim_row_state(const struct dkim_row *row, walltime now)
{
	if (!row->retired_at)
		return row->active_at ? DKIM_ACTIVE : DKIM_WAITING;
	return row->active_at && now < row->retired_at + DKIM_GRACE_S ? DKIM_LEAVING
								      : DKIM_HIDDEN;
}

walltime dkim_row_changes(const struct dkim_row *row, walltime now)
{
	switch (dkim_row_state(row, now)) {
	case DKIM_ACTIVE:
		return row->made_at + row->rotate;
	case DKIM_LEAVING:
		return row->retired_at + DKIM_GRACE_S;
	case DKIM_HIDDEN:
		return row->retired_at + DKIM_GRACE_S + DKIM_KEPT_S;
	case DKIM_WAITING:
		break;
	}
	return 0;
}

/* -- reading -- */

static void read_row(struct statement *s, struct arena *arena, struct dkim_row *out)
{
	struct view uid = column_view(s, 3);

	*out = (struct dkim_row){
		.domain = arena_copy(arena, column_view(s, 0)),
		.selector = arena_copy(arena, column_view(s, 1)),
		.algorithm = view_eq(column_view(s, 2), VIEW("rsa2048")) ? DKIM_RSA2048
									 : DKIM_ED25519,
		.sealed = arena_copy(arena, column_view(s, 4)),
		.public_key = arena_copy(arena, column_view(s, 5)),
		.rotate = column_i64(s, 6),
		.made_at = column_i64(s, 7),
		.active_at = column_i64(s, 8),
		.retired_at = column_i64(s, 9),
	};
	memcpy(out->object, uid.data, UID_SIZE); /* the table holds its length */
}

int dkim_rows_read(struct database *db, struct arena *arena, struct dkim_row **out,
		size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) struct dkim_row *rows = NULL;
	size_t count = 0, capacity = 0;
	int r = database_prepare(db,
			"SELECT " COLUMNS " FROM dkim_key ORDER BY domain, selector", &s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		array_grow(&rows, &capacity, count + 1, sizeof(*rows));
		read_row(s, arena, &rows[count++]);
	}
	if (r)
		return r;
	*out = arena_array(arena, count, sizeof(*rows));
	if (count)
		memcpy(*out, rows, count * sizeof(*rows));
	*count_out = count;
	return 0;
}

const struct dkim_row *dkim_rows_of(
		const struct dkim_row *rows, size_t *count, struct view domain)
{
	size_t first = 0, behind = *count, end;

	while (first < behind) {
		size_t middle = first + (behind - first) / 2;

		if (view_compare(rows[middle].domain, domain) < 0)
			first = middle + 1;
		else
			behind = middle;
	}
	for (end = first; end < *count && view_eq(rows[end].domain, domain);)
		end++;
	*count = end - first;
	return rows + first;
}

/* -- sealing -- */

/* What a seal is bound to: a row that was moved does not open. */
static struct view bound_to(struct buf *out, const struct dkim_row *row)
{
	buf_add(out, view_of(row->object, UID_SIZE));
	buf_add(out, row->selector);
	buf_add_byte(out, '.');
	buf_add(out, row->domain);
	return buf_view(out);
}

int dkim_row_open(const struct dkim_row *row, const struct key *seals, struct secret *out)
{
	CLEANUP(buf_free) struct buf bound = BUF_NULL(1024);
	struct secret pem = SECRET_NULL;

	if (row->sealed.len <= SEAL_OVERHEAD)
		return fault(-EBADMSG);
	pem.len = row->sealed.len - SEAL_OVERHEAD;
	pem.data = xmalloc(pem.len);
	if (seal_open(seals, bound_to(&bound, row), row->sealed, pem.data)) {
		secret_free(&pem);
		return fault(-EBADMSG);
	}
	*out = pem;
	return 0;
}

static int generate(const struct key *seals, struct arena *arena, struct dkim_row *row)
{
	CLEANUP(signing_key_freep) struct signing_key *key = NULL;
	CLEANUP(buf_free) struct buf public = BUF_NULL(SIGNING_KEY_MAX);
	CLEANUP(buf_free) struct buf bound = BUF_NULL(1024);
	CLEANUP(secret_free) struct secret pem = SECRET_NULL;
	size_t sealed_len;
	char *sealed;
	int r = signing_key_generate(
			row->algorithm == DKIM_RSA2048 ? KEY_RSA : KEY_ED25519, &key);

	if (r == 0)
		r = signing_key_write(key, &pem);
	if (r == 0)
		r = signing_key_public(key, &public);
	if (r)
		return r < 0 ? r : fault(-EIO);
	sealed_len = pem.len + SEAL_OVERHEAD;
	sealed = arena_alloc(arena, sealed_len);
	seal(seals, bound_to(&bound, row), secret_expose(&pem), sealed);
	row->sealed = view_of(sealed, sealed_len);
	row->public_key = arena_copy(arena, buf_view(&public));
	return 0;
}

/* -- writing -- */

static void bind_time(struct statement *s, int at, walltime time)
{
	if (time)
		bind_i64(s, at, time);
	else
		bind_null(s, at);
}

int dkim_row_make(struct database *db, const struct key *seals, struct arena *arena,
		struct dkim_row *row)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = generate(seals, arena, row);

	if (r == 0)
		r = database_prepare(db,
				"INSERT INTO dkim_key (" COLUMNS ")"
				" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
				&s);
	if (r)
		return r;
	bind_text(s, 1, row->domain);
	bind_text(s, 2, row->selector);
	bind_text(s, 3, view_z(dkim_algorithm_name(row->algorithm)));
	bind_blob(s, 4, view_of(row->object, UID_SIZE));
	bind_blob(s, 5, row->sealed);
	bind_blob(s, 6, row->public_key);
	bind_i64(s, 7, row->rotate);
	bind_i64(s, 8, row->made_at);
	bind_time(s, 9, row->active_at);
	bind_time(s, 10, row->retired_at);
	return statement_run(s);
}

int dkim_row_activate(struct database *db, const struct dkim_row *row, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = dkim_rows_retire(db, row->object, now);

	if (r == 0)
		r = database_prepare(db,
				"UPDATE dkim_key SET active_at = ?1, retired_at = NULL"
				" WHERE domain = ?2 AND selector = ?3",
				&s);
	if (r)
		return r;
	bind_i64(s, 1, now);
	bind_text(s, 2, row->domain);
	bind_text(s, 3, row->selector);
	return statement_run(s);
}

/* `sql` takes a number and the object. */
static int run_on_object(struct database *db, const char *sql, int64_t number,
		const unsigned char object[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_i64(s, 1, number);
	bind_blob(s, 2, view_of(object, UID_SIZE));
	return statement_run(s);
}

int dkim_rows_retire(
		struct database *db, const unsigned char object[UID_SIZE], walltime now)
{
	return run_on_object(db,
			"UPDATE dkim_key SET retired_at = ?1"
			" WHERE object = ?2 AND retired_at IS NULL",
			now, object);
}

int dkim_rows_set_rotate(
		struct database *db, const unsigned char object[UID_SIZE], int64_t rotate)
{
	return run_on_object(db,
			"UPDATE dkim_key SET rotate = ?1"
			" WHERE object = ?2 AND retired_at IS NULL",
			rotate, object);
}

int dkim_rows_shred(struct database *db, walltime now)
{
	static const char *const texts[] = {
		"SELECT 1 FROM dkim_key WHERE retired_at <= ?1 LIMIT 1",
		"DELETE FROM dkim_key WHERE retired_at <= ?1",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(statement_done) struct statement *s = NULL;

		r = database_prepare(db, texts[i], &s);
		if (r)
			return r;
		bind_i64(s, 1, now - DKIM_GRACE_S - DKIM_KEPT_S);
		r = statement_step(s);
		if (r != DATABASE_ROW)
			return r;
	}
	return r;
}

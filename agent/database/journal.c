#include "agent/database/journal.h"

#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <errno.h>

static void bind_hash(struct statement *s, int at, const unsigned char *hash, size_t len)
{
	if (hash)
		bind_blob(s, at, view_of(hash, len));
	else
		bind_null(s, at);
}

int journal_step(struct database *db, uint64_t serial, uint64_t seq,
		const struct change *change, const struct journal_hashes *hashes)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"INSERT INTO step VALUES"
			" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'done')",
			&s);
	if (r)
		return r;
	bind_u64(s, 1, serial);
	bind_u64(s, 2, seq);
	bind_blob(s, 3, view_of(change->object->uid, UID_SIZE));
	bind_text(s, 4, view_z(change->driver->kind));
	bind_text(s, 5, change->id);
	bind_text(s, 6, view_z(action_name(change->action)));
	bind_text(s, 7, view_z(change->reason));
	bind_text(s, 8, view_z(risk_name(change->risk)));
	bind_hash(s, 9, hashes->before, DIGEST_SIZE);
	bind_hash(s, 10, hashes->after, DIGEST_SIZE);
	return statement_run(s);
}

int journal_event(struct database *db, struct view object, const char *reason,
		struct view message, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"INSERT INTO event"
			" (object, reason, message, first_at, last_at, count,"
			" revision) VALUES (?1, ?2, ?3, ?4, ?4, 1,"
			" (SELECT coalesce(max(revision), 0) + 1 FROM event))"
			" ON CONFLICT (object, reason) DO UPDATE"
			" SET message = ?3, last_at = ?4, count = count + 1,"
			" revision = excluded.revision",
			&s);
	if (r)
		return r;
	bind_text(s, 1, object);
	bind_text(s, 2, view_z(reason));
	bind_text(s, 3, message);
	bind_i64(s, 4, now);
	return statement_run(s);
}

/* -- audit -- */

static void digest_number(struct digest *d, uint64_t number)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> (8 * i));
	digest_add(d, view_of(bytes, sizeof(bytes)));
}

static void digest_part(struct digest *d, struct view part)
{
	digest_number(d, part.len);
	digest_add(d, part);
}

static struct view bytes_or_none(const unsigned char *bytes, size_t len)
{
	return bytes ? view_of(bytes, len) : VIEW_NULL;
}

/* A row as the chain covers it. */
struct audit_row {
	uint64_t seq;
	walltime at;
	struct view actor, action, object, uid, plan_digest, before, after;
};

static void hash_row(const unsigned char previous[DIGEST_SIZE],
		const struct audit_row *row, unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, view_of(previous, DIGEST_SIZE));
	digest_number(&d, row->seq);
	digest_number(&d, (uint64_t)row->at);
	digest_part(&d, row->actor);
	digest_part(&d, row->action);
	digest_part(&d, row->object);
	digest_part(&d, row->uid);
	digest_part(&d, row->plan_digest);
	digest_part(&d, row->before);
	digest_part(&d, row->after);
	digest_final(&d, out);
}

/* Where the chain ends: zeros and 0 before the first row. */
static int chain_end(struct database *db, unsigned char hash[DIGEST_SIZE], uint64_t *seq)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(
			db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", &s);
	if (r)
		return r;
	r = statement_step(s);
	memset(hash, 0, DIGEST_SIZE);
	*seq = 0;
	if (r != DATABASE_ROW)
		return r;
	if (column_view(s, 1).len != DIGEST_SIZE)
		return fault(-EPROTO);
	memcpy(hash, column_view(s, 1).data, DIGEST_SIZE);
	*seq = column_u64(s, 0);
	return 0;
}

int audit_add(struct database *db, const struct audit_entry *entry)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char previous[DIGEST_SIZE], hash[DIGEST_SIZE];
	struct audit_row row = {
		.at = entry->at,
		.actor = entry->actor,
		.action = view_z(entry->action),
		.object = entry->object,
		.uid = bytes_or_none(entry->uid, UID_SIZE),
		.plan_digest = bytes_or_none(entry->plan_digest, DIGEST_SIZE),
		.before = bytes_or_none(entry->hashes.before, DIGEST_SIZE),
		.after = bytes_or_none(entry->hashes.after, DIGEST_SIZE),
	};
	int r;

	r = chain_end(db, previous, &row.seq);
	if (r)
		return r;
	row.seq++;
	hash_row(previous, &row, hash);
	r = database_prepare(db,
			"INSERT INTO audit VALUES"
			" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			&s);
	if (r)
		return r;
	bind_u64(s, 1, row.seq);
	bind_i64(s, 2, row.at);
	bind_text(s, 3, row.actor);
	bind_text(s, 4, row.action);
	bind_text(s, 5, row.object);
	bind_hash(s, 6, entry->uid, UID_SIZE);
	bind_hash(s, 7, entry->plan_digest, DIGEST_SIZE);
	bind_hash(s, 8, entry->hashes.before, DIGEST_SIZE);
	bind_hash(s, 9, entry->hashes.after, DIGEST_SIZE);
	bind_blob(s, 10, view_of(hash, DIGEST_SIZE));
	return statement_run(s);
}

int audit_verify(struct database *db, uint64_t *seq_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char previous[DIGEST_SIZE] = { 0 };
	uint64_t expected = 1;
	int r;

	r = database_prepare(db,
			"SELECT seq, at, actor, action, object, uid, plan_digest,"
			" pre_hash, post_hash, hash FROM audit ORDER BY seq",
			&s);
	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		struct audit_row row = { column_u64(s, 0), column_i64(s, 1),
			column_view(s, 2), column_view(s, 3), column_view(s, 4),
			column_view(s, 5), column_view(s, 6), column_view(s, 7),
			column_view(s, 8) };
		unsigned char hash[DIGEST_SIZE];

		hash_row(previous, &row, hash);
		*seq_out = row.seq;
		if (row.seq != expected++ ||
				!view_eq(column_view(s, 9), view_of(hash, DIGEST_SIZE)))
			return AUDIT_E_BROKEN;
		memcpy(previous, hash, DIGEST_SIZE);
	}
	return r;
}

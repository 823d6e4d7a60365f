#include "agent/driver/certificate_row.h"

#include "agent/database/text.h"
#include "agent/driver/certificate.h"
#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"
#include "runtime/crypto/certificate_request.h"
#include "runtime/crypto/seal.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

/* -- the row -- */

void *certificate_row_seal(const struct key *tls_key, const unsigned char uid[UID_SIZE],
		const struct secret *key)
{
	void *sealed = xmalloc(key->len + SEAL_OVERHEAD);

	seal(tls_key, view_of(uid, UID_SIZE), secret_expose(key), sealed);
	return sealed;
}

size_t certificate_row_sealed(const struct secret *key)
{
	return key->len + SEAL_OVERHEAD;
}

void certificate_row_bind(struct statement *s, const unsigned char uid[UID_SIZE],
		const struct certificate_row *row, struct view sealed)
{
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_text(s, 2, row->name);
	bind_text(s, 3, row->chain);
	bind_blob(s, 4, sealed);
	bind_blob(s, 5, view_of(row->source, DIGEST_SIZE));
	bind_i64(s, 6, row->not_before);
	bind_i64(s, 7, row->not_after);
	bind_text(s, 8, row->issued);
}

int certificate_row_write(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], const struct certificate_row *row,
		const struct secret *key)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) void *sealed = certificate_row_seal(tls_key, uid, key);
	int r = database_prepare(db,
			"INSERT INTO certificate (uid, name, chain, sealed_key, source,"
			" not_before, not_after, issued)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
			" ON CONFLICT (uid) DO UPDATE SET name = ?2, chain = ?3,"
			" sealed_key = ?4, source = ?5, not_before = ?6, not_after = ?7,"
			" issued = ?8, renew_at = NULL, renewal_at = 0",
			&s);

	if (r)
		return r;
	certificate_row_bind(s, uid, row, view_of(sealed, certificate_row_sealed(key)));
	return statement_run(s);
}

int certificate_row_column(
		struct statement *s, struct arena *arena, struct certificate_row *out)
{
	struct view source = column_view(s, 2);

	if (source.len != DIGEST_SIZE)
		return fault(-EPROTO);
	*out = (struct certificate_row){
		.name = arena_copy(arena, column_view(s, 0)),
		.chain = arena_copy(arena, column_view(s, 1)),
		.not_before = column_i64(s, 3),
		.not_after = column_i64(s, 4),
		.issued = arena_copy(arena, column_view(s, 5)),
	};
	memcpy(out->source, source.data, DIGEST_SIZE);
	return 0;
}

int certificate_row_set_renewal(struct database *db, const unsigned char uid[UID_SIZE],
		walltime renew_at, walltime renewal_at)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE certificate SET renew_at = ?2, renewal_at = ?3"
			" WHERE uid = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	if (renew_at)
		bind_i64(s, 2, renew_at);
	else
		bind_null(s, 2);
	bind_i64(s, 3, renewal_at);
	return statement_run(s);
}

int certificate_row_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct certificate_row *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT name, chain, source, not_before, not_after, issued,"
			" renew_at, renewal_at FROM certificate WHERE uid = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : CERTIFICATE_ROW_E_ABSENT;
	r = certificate_row_column(s, arena, out);
	if (r)
		return r;
	out->renew_at = column_is_null(s, 6) ? 0 : column_i64(s, 6);
	out->renewal_at = column_i64(s, 7);
	return 0;
}

int certificate_row_is_awaited(struct database *db, const unsigned char uid[UID_SIZE],
		walltime now, bool *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT 1 FROM certificate AS this JOIN certificate AS next"
			" ON next.name = this.name AND next.uid <> this.uid"
			" AND next.issued = '' JOIN object ON object.uid = next.uid"
			" AND object.last_applied LIKE '{\"challenge\":%'"
			" WHERE this.uid = ?1 AND this.issued <> '' AND this.not_after > "
			"?2"
			" LIMIT 1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_i64(s, 2, now);
	r = statement_step(s);
	*out = r == DATABASE_ROW;
	return *out ? 0 : r;
}

static int run_for(
		struct database *db, const char *sql, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, sql, &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

int certificate_row_delete(struct database *db, const unsigned char uid[UID_SIZE])
{
	int r = run_for(db, "DELETE FROM issuer_challenge WHERE uid = ?1", uid);

	return r ? r : run_for(db, "DELETE FROM certificate WHERE uid = ?1", uid);
}

/* -- all of them -- */

int certificates_list(struct database *db, walltime now, json_t **out)
{
	enum {
		DAY = 24 * 60 * 60
	};
	CLEANUP(statement_done) struct statement *s = NULL;
	json_t *list = json_array();
	int r = database_prepare(
			db, "SELECT name, not_after FROM certificate ORDER BY name", &s);

	while (r == 0 && (r = statement_step(s)) == DATABASE_ROW) {
		walltime end = column_i64(s, 1);

		json_array_append_new(list,
				json_pack("{s:o, s:o, s:I}", "name",
						json_view(column_view(s, 0)), "not_after",
						json_time(end), "days_left",
						(json_int_t)((end - now) / DAY)));
		r = 0;
	}
	if (r) {
		json_decref(list);
		return r;
	}
	*out = list;
	return 0;
}

static int open_key(struct statement *s, const struct key *tls_key, struct secret *out)
{
	struct view sealed = column_view(s, 3);
	struct secret key = { 0 };

	if (sealed.len <= SEAL_OVERHEAD)
		return fault(-EPROTO);
	key.len = sealed.len - SEAL_OVERHEAD;
	key.data = xmalloc(key.len);
	if (seal_open(tls_key, column_view(s, 0), sealed, key.data)) {
		secret_free(&key);
		return fault(-EBADMSG);
	}
	*out = key;
	return 0;
}

int certificate_row_open(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], struct secret *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT uid, name, chain, sealed_key FROM certificate"
			" WHERE uid = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : CERTIFICATE_ROW_E_ABSENT;
	return open_key(s, tls_key, out);
}

/* What issuers shall see now. */
static int add_challenge(struct statement *s, walltime now, struct configuration *c)
{
	CLEANUP(buf_free) struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	struct view kind = column_view(s, 0), text = column_view(s, 3);
	unsigned char digest[DIGEST_SIZE];
	int r;

	if (view_eq(kind, VIEW("http-01")))
		configuration_add_challenge(c, column_view(s, 2), text);
	if (!view_eq(kind, VIEW("tls-alpn-01")))
		return 0;
	digest_sha256(text, digest);
	r = certificate_challenge(column_view(s, 1), digest, now, &chain, &key);
	if (r)
		return r < 0 ? r : 0; /* no name that anybody could ask for */
	configuration_add_identity(c, &(const struct identity_spec){
						      .is_challenge = true,
						      .name = column_view(s, 1),
						      .chain = buf_view(&chain),
						      .key = &key,
				      });
	return 0;
}

static int add_challenges(struct database *db, walltime now, struct configuration *c)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "SELECT kind, name, token, text FROM issuer_challenge", &s);

	while (r == 0 && (r = statement_step(s)) == DATABASE_ROW)
		r = add_challenge(s, now, c);
	return r;
}

int certificates_add(struct database *db, const struct key *tls_key, struct view first,
		walltime now, struct configuration *c)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"SELECT uid, name, chain, sealed_key FROM certificate"
			" ORDER BY name <> ?1, name, issued = ''",
			&s);
	if (r)
		return r;
	bind_text(s, 1, first);
	while ((r = statement_step(s)) == DATABASE_ROW) {
		CLEANUP(secret_free) struct secret key = SECRET_NULL;

		r = open_key(s, tls_key, &key);
		if (r)
			return r;
		configuration_add_identity(c, &(const struct identity_spec){
							      .name = column_view(s, 1),
							      .chain = column_view(s, 2),
							      .key = &key,
					      });
	}
	return r ? r : add_challenges(db, now, c);
}

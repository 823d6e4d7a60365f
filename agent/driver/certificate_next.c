#include "agent/driver/certificate_next.h"

#include "agent/database/condition.h"
#include "agent/provider/rrset.h"
#include "agent/zone/owned.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"
#include "runtime/store/database.h"

#include <errno.h>

enum {
	TTLS = 2, /* for which both keys are said before the new one serves */
	DIGEST_TEXT = 2 * CERTIFICATE_FINGERPRINT,
};

struct view certificate_record_key(struct arena *arena, struct view host)
{
	return arena_printf(arena, "_25._tcp.%.*s/TLSA", VIEW_ARG(host));
}

static int digest_of(struct arena *arena, struct view chain, struct view *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(DIGEST_TEXT);
	struct certificate_facts facts;
	int r = certificate_read(arena, chain, &facts);

	if (r)
		return r;
	hex_add(&text, view_of(facts.key_digest, sizeof(facts.key_digest)));
	*out = arena_copy(arena, buf_view(&text));
	return 0;
}

int certificate_record_value(struct arena *arena, struct view chain, struct view *out)
{
	struct view digest;
	int r = digest_of(arena, chain, &digest);

	if (r == 0)
		*out = arena_printf(arena, "3 1 1 %.*s", VIEW_ARG(digest));
	return r;
}

/* What the record of a host says, as it was applied; empty: there is none. */
static int record_text(struct database *db, struct arena *arena, struct view host,
		struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT last_applied FROM object WHERE kind = 'record'"
			" AND key = ?1",
			&s);

	*out = VIEW_NULL;
	if (r)
		return r;
	bind_text(s, 1, certificate_record_key(arena, host));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = arena_copy(arena, column_view(s, 0));
	return 0;
}

int certificate_is_recorded(struct database *db, struct view host, bool *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view text;
	int r = record_text(db, arena, host, &text);

	*out = text.len > 0;
	return r;
}

static bool says(struct view record, struct view digest)
{
	return view_find_view(record, digest) < record.len;
}

/* -- putting -- */

/* Whether senders go by the key of the one that is served, and know nothing of the new one. */
static int has_to_wait(struct database *db, struct arena *arena,
		const unsigned char uid[UID_SIZE], const struct certificate_row *row,
		walltime now, bool *out)
{
	struct certificate_row served;
	struct view record, old, new;
	int r = certificate_row_read(db, uid, arena, &served);

	*out = false;
	if (r)
		return r == CERTIFICATE_ROW_E_ABSENT ? 0 : r;
	r = record_text(db, arena, served.name, &record);
	if (r || !record.len || served.not_after <= now)
		return r;
	if (digest_of(arena, served.chain, &old) || digest_of(arena, row->chain, &new))
		return 0;
	*out = says(record, old) && !view_eq(old, new);
	return 0;
}

static int write_next(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], const struct certificate_row *row,
		const struct secret *key)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) void *sealed = certificate_row_seal(tls_key, uid, key);
	int r = database_prepare(db,
			"INSERT OR REPLACE INTO certificate_next (uid, name, chain,"
			" sealed_key, source, not_before, not_after, issued, seen_at)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
			&s);

	if (r)
		return r;
	certificate_row_bind(s, uid, row, view_of(sealed, certificate_row_sealed(key)));
	return statement_run(s);
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

int certificate_put(struct database *db, const struct key *tls_key,
		const unsigned char uid[UID_SIZE], const struct certificate_row *row,
		const struct secret *key, walltime now, bool *waits_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	int r = has_to_wait(db, arena, uid, row, now, waits_out);

	if (r)
		return r;
	if (*waits_out)
		return write_next(db, tls_key, uid, row, key);
	r = run_for(db, "DELETE FROM certificate_next WHERE uid = ?1", uid);
	return r ? r : certificate_row_write(db, tls_key, uid, row, key);
}

/* -- waiting -- */

int certificate_next_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct certificate_row *out, walltime *seen_at_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT name, chain, source, not_before, not_after, issued,"
			" seen_at FROM certificate_next WHERE uid = ?1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : CERTIFICATE_ROW_E_ABSENT;
	*seen_at_out = column_i64(s, 6);
	return certificate_row_column(s, arena, out);
}

/* Whether every server of the zone has the record with that digest in it. */
static int is_seen(struct observation *o, const struct object *record, struct view digest,
		walltime *ttl_out, bool *out)
{
	struct object_texts texts;
	struct owned_text owned;
	json_t *conditions;
	int r = object_read_texts(o->db, record->uid, o->arena, &texts);

	*out = false;
	if (r)
		return r;
	if (!owned_read(o->arena, texts.last_applied, &owned))
		return fault(-EPROTO);
	conditions = conditions_parse(texts.conditions);
	*out = condition_is(conditions, CONDITION_READY) &&
	       record->observed_generation == record->generation &&
	       says(texts.last_applied, digest);
	*ttl_out = owned.set.ttl;
	json_decref(conditions);
	return 0;
}

int certificate_next_judge(struct observation *o, const struct object *object,
		enum certificate_due *out, walltime *until_out)
{
	const struct object *record;
	struct certificate_row served, next;
	walltime seen_at, ttl = 0;
	struct view digest;
	bool seen;
	int r = certificate_next_read(o->db, object->uid, o->arena, &next, &seen_at);

	*out = NEXT_WAITS;
	*until_out = 0;
	if (r)
		return r == CERTIFICATE_ROW_E_ABSENT ? 0 : r;
	r = certificate_row_read(o->db, object->uid, o->arena, &served);
	if (r && r != CERTIFICATE_ROW_E_ABSENT)
		return r;
	record = object_by_key(&o->objects, &driver_record,
			certificate_record_key(o->arena, next.name));
	if (r || served.not_after <= o->now || !record || record->leaving ||
			digest_of(o->arena, next.chain, &digest)) {
		*out = NEXT_SERVES;
		return 0;
	}
	r = is_seen(o, record, digest, &ttl, &seen);
	if (r || !seen) {
		o->awaits_ready = true;
		return r;
	}
	*until_out = seen_at + TTLS * ttl;
	if (seen_at == 0)
		*out = NEXT_SEEN;
	else if (o->now >= *until_out)
		*out = NEXT_SERVES;
	if (*out != NEXT_WAITS)
		*until_out = *out == NEXT_SEEN ? o->now + TTLS * ttl : 0;
	return 0;
}

int certificate_next_see(
		struct database *db, const unsigned char uid[UID_SIZE], walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE certificate_next SET seen_at = ?2 WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	bind_i64(s, 2, now);
	return statement_run(s);
}

/* Both are sealed for the object: the seal is copied with the row. */
int certificate_next_serve(struct database *db, const unsigned char uid[UID_SIZE])
{
	int r = run_for(db,
			"INSERT OR REPLACE INTO certificate SELECT uid, name, chain,"
			" sealed_key, source, not_before, not_after, issued, NULL, 0"
			" FROM certificate_next WHERE uid = ?1",
			uid);

	return r ? r : run_for(db, "DELETE FROM certificate_next WHERE uid = ?1", uid);
}

/* -- what the record says -- */

/* One that signs itself until its issuer has, is nobody's to go by. */
int certificate_keys_know(struct observation *o, struct view host)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char nothing[DIGEST_SIZE];
	int r = database_prepare(o->db,
			"SELECT chain, issued, source FROM certificate WHERE name = ?1"
			" UNION ALL"
			" SELECT chain, issued, source FROM certificate_next"
			" WHERE name = ?1",
			&s);

	if (r)
		return r;
	digest_bytes(VIEW_NULL, nothing);
	bind_text(s, 1, host);
	while ((r = statement_step(s)) == DATABASE_ROW) {
		bool is_stopgap =
				column_view(s, 1).len == 0 &&
				view_eq(column_view(s, 2), view_of(nothing, DIGEST_SIZE));
		struct view value;

		if (!is_stopgap && certificate_record_value(o->arena, column_view(s, 0),
						   &value) == 0)
			zone_facts_add_tls_key(&o->facts, o->arena, host, value);
	}
	return r;
}

#include "agent/effect/outbox.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/random.h"
#include "runtime/store/database.h"

#include <assert.h>
#include <errno.h>

/* clang-format off */
static const char *const state_names[OUTBOX_STATES] = {
	[OUTBOX_PENDING] = "pending",
	[OUTBOX_INTENT]  = "intent",
	[OUTBOX_UNKNOWN] = "unknown",
	[OUTBOX_FAILED]  = "failed",
	[OUTBOX_DONE]    = "done",
};
/* clang-format on */

const char *outbox_state_name(enum outbox_state state)
{
	assert(state < OUTBOX_STATES);
	return state_names[state];
}

/* -- hashes -- */

struct live_hash live_hash_of(struct view text)
{
	struct live_hash hash = { .is = LIVE_NOTHING };

	if (text.len == 0)
		return hash;
	hash.is = LIVE_SOMETHING;
	digest_bytes(text, hash.digest);
	return hash;
}

bool live_hash_eq(const struct live_hash *a, const struct live_hash *b)
{
	if (a->is != b->is || a->is == LIVE_UNKNOWN)
		return false;
	return a->is == LIVE_NOTHING || memcmp(a->digest, b->digest, DIGEST_SIZE) == 0;
}

static void bind_live(struct statement *s, int at, const struct live_hash *hash)
{
	if (hash->is == LIVE_UNKNOWN)
		bind_null(s, at);
	else
		bind_blob(s, at,
				view_of(hash->digest, hash->is == LIVE_NOTHING
								      ? 0
								      : DIGEST_SIZE));
}

static struct live_hash column_live(struct statement *s, int at)
{
	struct live_hash hash = { .is = LIVE_UNKNOWN };
	struct view bytes;

	if (column_is_null(s, at))
		return hash;
	bytes = column_view(s, at);
	hash.is = bytes.len == DIGEST_SIZE ? LIVE_SOMETHING : LIVE_NOTHING;
	if (hash.is == LIVE_SOMETHING)
		memcpy(hash.digest, bytes.data, DIGEST_SIZE);
	return hash;
}

/* -- writing -- */

struct view outbox_new_key(struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(OUTBOX_KEY);
	unsigned char bytes[OUTBOX_KEY / 2];

	random_bytes(bytes, sizeof(bytes));
	hex_add(&text, view_of(bytes, sizeof(bytes)));
	return arena_copy(arena, buf_view(&text));
}

static void bind_state(struct statement *s, int at, const struct outbox_row *row)
{
	bind_text(s, at, view_z(state_names[row->state]));
	bind_u64(s, at + 1, row->attempts);
	if (row->next_at == OUTBOX_NEVER)
		bind_null(s, at + 2);
	else
		bind_i64(s, at + 2, row->next_at);
	if (row->reason.len) {
		bind_text(s, at + 3, view_z(class_rule(reason_class(row->reason))->name));
		bind_text(s, at + 4, row->reason);
		bind_text(s, at + 5, row->message);
	} else {
		bind_null(s, at + 3);
		bind_null(s, at + 4);
		bind_null(s, at + 5);
	}
}

int outbox_insert(struct database *db, const struct outbox_row *row)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT INTO outbox"
			" (serial, seq, uid, kind, id, provider, operation,"
			" idempotency_key, text, pre_hash, post_hash, dependencies, "
			"state,"
			" attempts, next_at, class, reason, message, former)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
			" ?14, ?15, ?16, ?17, ?18, ?19)",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, row->id.serial);
	bind_u64(s, 2, row->id.seq);
	bind_blob(s, 3, view_of(row->uid, UID_SIZE));
	bind_text(s, 4, row->kind);
	bind_text(s, 5, row->name);
	bind_text(s, 6, row->provider);
	bind_text(s, 7, view_z(operation_name(row->operation)));
	bind_text(s, 8, row->key);
	bind_text(s, 9, row->text);
	bind_live(s, 10, &row->before);
	bind_live(s, 11, &row->after);
	bind_blob(s, 12, row->dependencies);
	bind_state(s, 13, row);
	bind_text(s, 19, row->former);
	return statement_run(s);
}

int outbox_update(struct database *db, const struct outbox_row *row)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE outbox SET pre_hash = ?3, state = ?4, attempts = ?5,"
			" next_at = ?6, class = ?7, reason = ?8, message = ?9,"
			" operation = ?10 WHERE serial = ?1 AND seq = ?2",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, row->id.serial);
	bind_u64(s, 2, row->id.seq);
	bind_live(s, 3, &row->before);
	bind_state(s, 4, row);
	bind_text(s, 10, view_z(operation_name(row->operation)));
	return statement_run(s);
}

int outbox_forget_former(struct database *db, struct outbox_id id)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE outbox SET former = '' WHERE serial = ?1 AND seq = ?2",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, id.serial);
	bind_u64(s, 2, id.seq);
	return statement_run(s);
}

int outbox_set_progress(struct database *db, struct outbox_id id, struct view progress)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE outbox SET progress = ?3 WHERE serial = ?1 AND seq = ?2",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, id.serial);
	bind_u64(s, 2, id.seq);
	if (progress.len)
		bind_blob(s, 3, progress);
	else
		bind_null(s, 3);
	return statement_run(s);
}

int outbox_delete(struct database *db, struct outbox_id id)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "DELETE FROM outbox WHERE serial = ?1 AND seq = ?2", &s);

	if (r)
		return r;
	bind_u64(s, 1, id.serial);
	bind_u64(s, 2, id.seq);
	return statement_run(s);
}

int outbox_delete_all(struct database *db, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM outbox WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

/* -- reading -- */

#define OUTBOX_COLUMNS                                                                   \
	"serial, seq, uid, kind, id, provider, operation, idempotency_key, pre_hash, "   \
	"post_hash, dependencies, state, attempts, next_at, reason, message"

static bool operation_of(struct view word, enum operation *out)
{
	for (enum operation i = 0; i < OPERATIONS; i++)
		if (view_eq(word, view_z(operation_name(i)))) {
			*out = i;
			return true;
		}
	return false;
}

static bool state_of(struct view word, enum outbox_state *out)
{
	for (enum outbox_state i = 0; i < OUTBOX_STATES; i++)
		if (view_eq(word, view_z(state_names[i]))) {
			*out = i;
			return true;
		}
	return false;
}

static int read_row(struct statement *s, struct arena *arena, struct outbox_row *out)
{
	struct outbox_row row = {
		.id = { column_u64(s, 0), column_u64(s, 1) },
		.kind = arena_copy(arena, column_view(s, 3)),
		.name = arena_copy(arena, column_view(s, 4)),
		.provider = arena_copy(arena, column_view(s, 5)),
		.key = arena_copy(arena, column_view(s, 7)),
		.before = column_live(s, 8),
		.after = column_live(s, 9),
		.dependencies = arena_copy(arena, column_view(s, 10)),
		.attempts = (unsigned)column_u64(s, 12),
		.next_at = column_is_null(s, 13) ? OUTBOX_NEVER : column_i64(s, 13),
		.reason = arena_copy(arena, column_view(s, 14)),
		.message = arena_copy(arena, column_view(s, 15)),
	};
	struct view uid = column_view(s, 2);

	if (uid.len != UID_SIZE || !operation_of(column_view(s, 6), &row.operation) ||
			!state_of(column_view(s, 11), &row.state))
		return fault(-EPROTO);
	memcpy(row.uid, uid.data, UID_SIZE);
	*out = row;
	return 0;
}

static int read_one(struct statement *s, struct arena *arena, struct outbox_row *out)
{
	int r = statement_step(s);

	if (r != DATABASE_ROW)
		return r ? r : OUTBOX_E_ABSENT;
	return read_row(s, arena, out);
}

int outbox_read(struct database *db, struct outbox_id id, struct arena *arena,
		struct outbox_row *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT " OUTBOX_COLUMNS ", text, former, progress FROM outbox "
			"WHERE serial = ?1 AND seq = ?2",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, id.serial);
	bind_u64(s, 2, id.seq);
	r = read_one(s, arena, out);
	if (r)
		return r;
	out->text = arena_copy(arena, column_view(s, 16));
	out->former = arena_copy(arena, column_view(s, 17));
	out->progress = arena_copy(arena, column_view(s, 18));
	return 0;
}

int outbox_newest(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct outbox_row *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT " OUTBOX_COLUMNS " FROM outbox WHERE uid = ?1"
			" ORDER BY serial DESC, seq DESC LIMIT 1",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return read_one(s, arena, out);
}

int outbox_read_all(struct database *db, struct arena *arena, struct outbox_row **out,
		size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) struct outbox_row *rows = NULL;
	size_t count = 0, capacity = 0;
	int r = database_prepare(db,
			"SELECT " OUTBOX_COLUMNS " FROM outbox ORDER BY serial, seq", &s);

	if (r)
		return r;
	while ((r = statement_step(s)) == DATABASE_ROW) {
		array_grow(&rows, &capacity, count + 1, sizeof(*rows));
		r = read_row(s, arena, &rows[count++]);
		if (r)
			return r;
	}
	if (r)
		return r;
	*out = arena_array(arena, count, sizeof(**out));
	if (count)
		memcpy(*out, rows, count * sizeof(*rows));
	*count_out = count;
	return 0;
}

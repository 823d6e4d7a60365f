#include "agent/database/generation.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <zstd.h>

enum {
	COMPRESSION_LEVEL = 3
};

static void digest_add_length(struct digest *d, size_t len)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)len >> (8 * i));
	digest_add(d, view_of(bytes, sizeof(bytes)));
}

void generation_digest(const struct source_file *files, size_t count,
		unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	digest_init(&d);
	for (size_t i = 0; i < count; i++) {
		digest_add_length(&d, files[i].path.len);
		digest_add(&d, files[i].path);
		digest_add_length(&d, files[i].bytes.len);
		digest_add(&d, files[i].bytes);
	}
	digest_final(&d, out);
}

/* -- reading -- */

#define GENERATION_COLUMNS                                                               \
	"number, accepted_at, actor, origin, digest, plan_digest, summary, serial"

static int read_generation(
		struct statement *s, struct arena *arena, struct generation *out)
{
	struct view digest = column_view(s, 4);
	struct view plan_digest = column_view(s, 5);

	if (digest.len != DIGEST_SIZE || plan_digest.len != DIGEST_SIZE)
		return fault(-EPROTO);
	*out = (struct generation){
		.number = column_u64(s, 0),
		.accepted_at = column_i64(s, 1),
		.actor = arena_copy(arena, column_view(s, 2)),
		.origin = arena_copy(arena, column_view(s, 3)),
		.summary = arena_copy(arena, column_view(s, 6)),
		.serial = column_u64(s, 7),
	};
	memcpy(out->digest, column_view(s, 4).data, DIGEST_SIZE);
	memcpy(out->plan_digest, column_view(s, 5).data, DIGEST_SIZE);
	return 0;
}

int generation_newest(struct database *db, struct arena *arena, struct generation *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"SELECT " GENERATION_COLUMNS
			" FROM generation ORDER BY number DESC LIMIT 1",
			&s);
	if (r)
		return r;
	r = statement_step(s);
	if (r == DATABASE_ROW)
		return read_generation(s, arena, out);
	if (r == 0)
		*out = (struct generation){ 0 };
	return r;
}

static int unpack(
		struct view packed, uint64_t size, struct arena *arena, struct view *out)
{
	char *bytes;

	if (size > limit_value(LIMIT_STATE_FILE))
		return fault(-EPROTO);
	bytes = arena_alloc(arena, size + 1);
	if (ZSTD_decompress(bytes, size, packed.data, packed.len) != size)
		return fault(-EPROTO);
	*out = view_of(bytes, size);
	return 0;
}

static int count_files(struct database *db, uint64_t number, size_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT count(*) FROM generation_file WHERE generation = ?1", &s);

	if (r)
		return r;
	bind_u64(s, 1, number);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = column_u64(s, 0);
	return 0;
}

int generation_read_files(struct database *db, uint64_t number, struct arena *arena,
		struct source_file **out, size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	struct source_file *files;
	size_t most = 0, count = 0;
	int r;

	r = count_files(db, number, &most);
	if (r)
		return r;
	r = database_prepare(db,
			"SELECT path, size, bytes FROM generation_file"
			" JOIN desired_blob ON digest = blob"
			" WHERE generation = ?1 ORDER BY position",
			&s);
	if (r)
		return r;
	bind_u64(s, 1, number);
	files = arena_array(arena, most, sizeof(*files));
	while ((r = statement_step(s)) == DATABASE_ROW && count < most) {
		files[count].path = arena_copy(arena, column_view(s, 0));
		r = unpack(column_view(s, 2), column_u64(s, 1), arena,
				&files[count].bytes);
		if (r)
			return r;
		count++;
	}
	if (r)
		return r;
	*out = files;
	*count_out = count;
	return 0;
}

/* -- storing -- */

static int store_generation(struct database *db, const struct generation *generation)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"INSERT INTO generation (" GENERATION_COLUMNS
			") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
			&s);
	if (r)
		return r;
	bind_u64(s, 1, generation->number);
	bind_i64(s, 2, generation->accepted_at);
	bind_text(s, 3, generation->actor);
	bind_text(s, 4, generation->origin);
	bind_blob(s, 5, view_of(generation->digest, DIGEST_SIZE));
	bind_blob(s, 6, view_of(generation->plan_digest, DIGEST_SIZE));
	bind_text(s, 7, generation->summary);
	bind_u64(s, 8, generation->serial);
	return statement_run(s);
}

static int store_blob(struct database *db, struct view bytes, struct view digest)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) char *packed = NULL;
	size_t room = ZSTD_compressBound(bytes.len), len;
	int r;

	packed = xmalloc(room);
	len = ZSTD_compress(packed, room, bytes.data ? bytes.data : "", bytes.len,
			COMPRESSION_LEVEL);
	if (ZSTD_isError(len))
		return fault(-EIO);
	r = database_prepare(db,
			"INSERT INTO desired_blob VALUES (?1, ?2, ?3)"
			" ON CONFLICT (digest) DO NOTHING",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, digest);
	bind_u64(s, 2, bytes.len);
	bind_blob(s, 3, view_of(packed, len));
	return statement_run(s);
}

static int store_file(struct database *db, uint64_t number, size_t position,
		const struct source_file *file)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char digest[DIGEST_SIZE];
	int r;

	digest_bytes(file->bytes, digest);
	r = store_blob(db, file->bytes, view_of(digest, sizeof(digest)));
	if (r)
		return r;
	r = database_prepare(
			db, "INSERT INTO generation_file VALUES (?1, ?2, ?3, ?4)", &s);
	if (r)
		return r;
	bind_u64(s, 1, number);
	bind_u64(s, 2, position);
	bind_text(s, 3, file->path);
	bind_blob(s, 4, view_of(digest, sizeof(digest)));
	return statement_run(s);
}

static int forget_before(struct database *db, uint64_t number)
{
	static const char *const queries[] = {
		"DELETE FROM step WHERE serial <"
		" (SELECT serial FROM generation WHERE number = ?1)",
		"DELETE FROM generation_file WHERE generation < ?1",
		"DELETE FROM generation WHERE number < ?1",
		"DELETE FROM desired_blob WHERE ?1 AND NOT EXISTS"
		" (SELECT 1 FROM generation_file WHERE blob = digest)",
	};

	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		CLEANUP(statement_done) struct statement *s = NULL;
		int r = database_prepare(db, queries[i], &s);

		if (r)
			return r;
		bind_u64(s, 1, number);
		r = statement_run(s);
		if (r)
			return r;
	}
	return 0;
}

int generation_store(struct database *db, const struct generation *generation,
		const struct source_file *files, size_t count)
{
	int r = store_generation(db, generation);

	for (size_t i = 0; i < count && r == 0; i++)
		r = store_file(db, generation->number, i, &files[i]);
	if (r == 0 && generation->number > GENERATIONS_KEPT)
		r = forget_before(db, generation->number - GENERATIONS_KEPT + 1);
	return r;
}

/* -- history -- */

int history_read(struct database *db, size_t most, struct history **out)
{
	CLEANUP(history_freep) struct history *history = xcalloc(1, sizeof(*history));
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	history->arena = arena_new();
	if (most > GENERATIONS_KEPT)
		most = GENERATIONS_KEPT;
	history->items = arena_array(history->arena, most, sizeof(*history->items));
	r = database_prepare(db,
			"SELECT " GENERATION_COLUMNS
			" FROM generation ORDER BY number DESC LIMIT ?1",
			&s);
	if (r)
		return r;
	bind_u64(s, 1, most);
	while ((r = statement_step(s)) == DATABASE_ROW && history->count < most) {
		r = read_generation(s, history->arena, &history->items[history->count]);
		if (r)
			return r;
		history->count++;
	}
	if (r)
		return r;
	*out = TAKE(history);
	return 0;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	arena_free(history->arena);
	free(history);
}

void history_freep(struct history **history)
{
	history_free(*history);
}

void history_print(const struct history *history, struct buf *out)
{
	if (history->count == 0)
		buf_add_z(out, "no state was applied yet: `posthus apply PATH` makes the "
			       "first generation\n");
	for (size_t i = 0; i < history->count; i++) {
		const struct generation *g = &history->items[i];

		buf_addf(out, "generation %llu  ", (unsigned long long)g->number);
		text_add_time(out, g->accepted_at);
		buf_addf(out, "  by %.*s  from %.*s  %.*s\n", VIEW_ARG(g->actor),
				VIEW_ARG(g->origin), VIEW_ARG(g->summary));
	}
}

json_t *history_json(const struct history *history)
{
	json_t *items = json_array();

	for (size_t i = 0; i < history->count; i++) {
		const struct generation *g = &history->items[i];

		json_array_append_new(items,
				json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
						"generation", (json_int_t)g->number,
						"accepted_at", json_time(g->accepted_at),
						"actor", json_view(g->actor), "origin",
						json_view(g->origin), "digest",
						json_digest(g->digest), "plan_digest",
						json_digest(g->plan_digest), "summary",
						json_view(g->summary), "serial",
						(json_int_t)g->serial));
	}
	return json_pack("{s:i, s:o}", "format_version", 1, "items", items);
}

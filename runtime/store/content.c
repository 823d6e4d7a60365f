#include "runtime/store/content.h"

#include "runtime/base/error.h"
#include "runtime/mail/message_blob.h"
#include "runtime/store/message.h"
#include "runtime/store/piece.h"
#include "runtime/store/store.h"

#include <stdlib.h>

enum {
	PIECE_BITS = 16, /* of an id that number the piece: 4 GiB a message */
};

static int64_t piece_id(int64_t content, uint64_t number)
{
	return content << PIECE_BITS | (int64_t)number;
}

/* -- putting in -- */

uint32_t content_head_size(struct view start, bool is_all)
{
	size_t head = piece_header_end(start);

	if (is_all && start.len <= PIECE_WHOLE)
		return (uint32_t)start.len;
	return head < PIECE_BYTES ? (uint32_t)head : PIECE_BYTES;
}

int content_new(struct account_store *store, uint32_t head, int64_t *id_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int64_t id = (int64_t)++store->counters.content;
	int r = store_prepare(store,
			"INSERT INTO content VALUES (?1, 0, 0, ?2, x'', x'', x'', x'')",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, id);
	bind_u64(s, 2, head);
	r = store_run(s);
	if (!r)
		*id_out = id;
	return r;
}

int content_add_piece(struct account_store *store, int64_t content, uint64_t number,
		struct view bytes)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(buf_free) struct buf stored = BUF_NULL(2 * PIECE_BYTES);
	int r = store_prepare(store, "INSERT INTO piece VALUES (?1, ?2)", &s);

	if (r)
		return r;
	piece_pack(store, bytes, &stored);
	bind_i64(s, 1, piece_id(content, number));
	bind_blob(s, 2, buf_view(&stored));
	return store_run(s);
}

static int add_fields(struct account_store *store, int64_t content,
		const struct message_facts *facts)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"INSERT INTO field VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &s);

	if (r)
		return r;
	bind_i64(s, 1, content);
	if (facts->has_date)
		bind_i64(s, 2, facts->sent_day);
	for (int i = 0; i < FACT_TEXTS; i++)
		if (facts->texts[i].data)
			bind_text(s, 3 + i, facts->texts[i]);
	return store_run(s);
}

int content_finish(struct account_store *store, int64_t content,
		const struct message_facts *facts, uint64_t uses)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"UPDATE content SET uses = ?7, size = ?2, envelope = ?3,"
			" body = ?4, bodystructure = ?5, parts = ?6 WHERE id = ?1",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, content);
	bind_u64(s, 2, facts->size);
	bind_blob(s, 3, facts->envelope);
	bind_blob(s, 4, facts->body);
	bind_blob(s, 5, facts->bodystructure);
	bind_blob(s, 6, facts->parts);
	bind_u64(s, 7, uses);
	r = store_run(s);
	return r ? r : add_fields(store, content, facts);
}

/* -- sharing and dropping -- */

static int run_for(struct account_store *store, const char *sql, int64_t first,
		int64_t second)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, sql, &s);

	if (r)
		return r;
	bind_i64(s, 1, first);
	if (second)
		bind_i64(s, 2, second);
	return store_run(s);
}

int content_hold(struct account_store *store, int64_t content)
{
	return run_for(store, "UPDATE content SET uses = uses + 1 WHERE id = ?1", content,
			0);
}

int content_drop(struct account_store *store, int64_t content)
{
	int r = run_for(store, "DELETE FROM piece WHERE id BETWEEN ?1 AND ?2",
			piece_id(content, 0), piece_id(content + 1, 0) - 1);

	if (!r)
		r = run_for(store, "DELETE FROM field WHERE content = ?1", content, 0);
	if (!r)
		r = run_for(store, "DELETE FROM content WHERE id = ?1", content, 0);
	return r;
}

static int uses_of(struct account_store *store, int64_t content, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT uses FROM content WHERE id = ?1", &s);

	if (r)
		return r;
	bind_i64(s, 1, content);
	r = store_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_DAMAGED;
	*out = column_u64(s, 0);
	return STORE_OK;
}

int content_release(struct account_store *store, int64_t content)
{
	uint64_t uses;
	int r = uses_of(store, content, &uses);

	if (r)
		return r;
	if (uses <= 1)
		return content_drop(store, content);
	return run_for(store, "UPDATE content SET uses = uses - 1 WHERE id = ?1", content,
			0);
}

/* The first unfinished one, or 0. */
static int next_staged(struct account_store *store, int64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT id FROM content WHERE uses = 0 LIMIT 1", &s);

	if (!r)
		r = store_step(s);
	*out = r == DATABASE_ROW ? column_i64(s, 0) : 0;
	return r == DATABASE_ROW ? STORE_OK : r;
}

int contents_clean(struct account_store *store)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	int64_t id;
	int r = next_staged(store, &id);

	if (r || !id)
		return r;
	r = store_begin(store, &change);
	while (!r && id) {
		r = content_drop(store, id);
		if (!r)
			r = next_staged(store, &id);
	}
	return r ? r : store_commit(&change);
}

/* -- reading -- */

int content_open(struct account_store *store, int64_t content, struct content_reader *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT size, head FROM content WHERE id = ?1 AND uses > 0", &s);

	if (r)
		return r;
	bind_i64(s, 1, content);
	r = store_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_ABSENT;
	*out = (struct content_reader){ .store = store,
		.content = content,
		.size = column_u64(s, 0),
		.head = (uint32_t)column_u64(s, 1) };
	return STORE_OK;
}

struct piece {
	uint64_t number;
	uint64_t start; /* within the message */
	size_t size;
};

/* The piece that has byte `offset`, which is before the message's end. */
static struct piece piece_at(const struct content_reader *reader, uint64_t offset)
{
	struct piece p = { .size = reader->head };

	if (offset >= reader->head) {
		p.number = (offset - reader->head) / PIECE_BYTES + 1;
		p.start = reader->head + (p.number - 1) * PIECE_BYTES;
		p.size = PIECE_BYTES;
	}
	if (p.size > reader->size - p.start)
		p.size = (size_t)(reader->size - p.start);
	return p;
}

/* Adds its first `need` bytes, or more. */
static int read_piece(const struct content_reader *reader, struct piece piece,
		size_t need, struct buf *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(reader->store, "SELECT bytes FROM piece WHERE id = ?1", &s);

	if (r)
		return r;
	bind_i64(s, 1, piece_id(reader->content, piece.number));
	r = store_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_DAMAGED;
	return piece_unpack(reader->store, column_view(s, 0), piece.size, need, out);
}

int content_read(const struct content_reader *reader, uint64_t offset, uint64_t len,
		struct buf *out)
{
	CLEANUP(buf_free) struct buf cut = BUF_NULL(PIECE_BYTES);
	int r = STORE_OK;

	if (offset > reader->size)
		offset = reader->size;
	if (len > reader->size - offset)
		len = reader->size - offset;
	while (!r && len) {
		struct piece piece = piece_at(reader, offset);
		size_t skip = (size_t)(offset - piece.start);
		size_t take = piece.size - skip;

		if (take > len)
			take = (size_t)len;
		if (take == piece.size) {
			r = read_piece(reader, piece, piece.size, out);
		} else {
			buf_clear(&cut);
			r = read_piece(reader, piece, skip + take, &cut);
			buf_add(out, view_sub(buf_view(&cut), skip, take));
		}
		offset += take;
		len -= take;
	}
	return r;
}

/* The first piece tells how large it is, so that the row of the content need not be read. */
static int read_head(struct account_store *store, int64_t content, struct buf *out,
		bool *whole_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT bytes FROM piece WHERE id = ?1", &s);

	if (r)
		return r;
	bind_i64(s, 1, piece_id(content, 0));
	r = store_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_ABSENT;
	return piece_unpack_header(store, column_view(s, 0), out, whole_out);
}

int content_header(struct account_store *store, int64_t content, struct arena *arena,
		struct buf *out)
{
	size_t start = out->len;
	struct content_reader reader;
	struct section_range range;
	struct view parts;
	bool whole;
	int r = read_head(store, content, out, &whole);

	if (r || whole)
		return r;
	buf_truncate(out, start);
	r = content_open(store, content, &reader);
	if (!r)
		r = content_parts(store, content, arena, &parts);
	if (!r && message_section_range(parts, VIEW("HEADER"), &range))
		r = STORE_E_DAMAGED;
	return r ? r : content_read(&reader, range.offset, range.len, out);
}

int content_parts(struct account_store *store, int64_t content, struct arena *arena,
		struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT parts FROM content WHERE id = ?1 AND uses > 0", &s);

	if (r)
		return r;
	bind_i64(s, 1, content);
	r = store_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_ABSENT;
	*out = arena_copy(arena, column_view(s, 0));
	return STORE_OK;
}

int message_read(struct account_store *store, int64_t content, uint64_t offset,
		uint64_t len, struct buf *out)
{
	struct content_reader reader;
	int r = content_open(store, content, &reader);

	return r ? r : content_read(&reader, offset, len, out);
}

int message_section(struct account_store *store, int64_t content, struct view section,
		struct section_range *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT parts FROM content WHERE id = ?1 AND uses > 0", &s);

	if (r)
		return r;
	bind_i64(s, 1, content);
	r = store_step(s);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_ABSENT;
	r = message_section_range(column_view(s, 0), section, out);
	if (r == SECTION_E_ABSENT || r == SECTION_E_SYNTAX)
		return STORE_E_ABSENT;
	return r ? STORE_E_DAMAGED : STORE_OK;
}

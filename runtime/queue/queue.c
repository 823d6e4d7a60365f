#include "runtime/queue/queue.h"

#include "runtime/base/error.h"
#include "runtime/queue/rows.h"

#include <stdlib.h>

static const char *const steps[] = {
	/* `taken`: intake ids, as long as they can come again. A piece's id is the
	 * message's and its number, so that pieces lie in the order in which they are
	 * read. */
	"CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT "
	"NULL,"
	" received INTEGER NOT NULL, utf8 INTEGER NOT NULL, eight_bit INTEGER NOT NULL,"
	" ret INTEGER NOT NULL, envid TEXT NOT NULL, size INTEGER NOT NULL) STRICT;"
	"CREATE TABLE piece (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
	"CREATE TABLE recipient (id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" message INTEGER NOT NULL REFERENCES message,"
	" address TEXT NOT NULL, domain TEXT NOT NULL, notify INTEGER NOT NULL,"
	" orcpt TEXT NOT NULL, state INTEGER NOT NULL, action INTEGER NOT NULL,"
	" report INTEGER NOT NULL, warned INTEGER NOT NULL, attempts INTEGER NOT NULL,"
	" due INTEGER NOT NULL, host TEXT NOT NULL, code INTEGER NOT NULL,"
	" status TEXT NOT NULL, reply TEXT NOT NULL, tried INTEGER NOT NULL) STRICT;"
	"CREATE INDEX recipient_message ON recipient (message);"
	"CREATE TABLE report (id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" message INTEGER NOT NULL) STRICT;"
	"CREATE TABLE taken (intake INTEGER PRIMARY KEY) STRICT;",
	"ALTER TABLE recipient ADD COLUMN forwarder TEXT NOT NULL DEFAULT '';",
	"CREATE TABLE policy (domain TEXT PRIMARY KEY,"
	" id TEXT NOT NULL, expires INTEGER NOT NULL,"
	" text TEXT NOT NULL) STRICT;",
};

static const struct database_schema queue_schema = { 0x70687175, steps,
	ARRAY_LEN(steps) };

int queue_open(const struct queue_options *options, struct queue **out)
{
	struct database_options how = {
		.create = true, .schema = &queue_schema, .below = options->below
	};
	struct database *db;
	int r = database_open(options->path, options->key, &how, &db);

	if (r)
		return r;
	*out = xcalloc(1, sizeof(**out));
	(*out)->db = db;
	return 0;
}

void queue_close(struct queue *queue)
{
	if (!queue)
		return;
	queue_abort(queue);
	database_close(queue->db);
	free(queue);
}

int queue_freeze(struct queue *queue)
{
	return database_freeze(queue->db);
}

void queue_thaw(struct queue *queue)
{
	database_thaw(queue->db);
}

/* -- changes -- */

int queue_begin(struct queue *queue)
{
	return transaction_begin(queue->db, &queue->batch);
}

int queue_commit(struct queue *queue)
{
	return transaction_commit(&queue->batch);
}

void queue_abort(struct queue *queue)
{
	transaction_end(&queue->batch);
}

int change_begin(struct queue *queue, struct transaction *change)
{
	return queue->batch.db ? 0 : transaction_begin(queue->db, change);
}

int change_commit(struct transaction *change)
{
	return change->db ? transaction_commit(change) : 0;
}

/* -- out -- */

static int delete_message(struct queue *queue, uint64_t message)
{
	CLEANUP(statement_done) struct statement *pieces = NULL;
	CLEANUP(statement_done) struct statement *row = NULL;
	int r = database_prepare(queue->db,
			"DELETE FROM piece WHERE id BETWEEN ?1 AND ?2", &pieces);

	if (r)
		return r;
	bind_u64(pieces, 1, message << PIECE_SHIFT);
	bind_u64(pieces, 2, ((message + 1) << PIECE_SHIFT) - 1);
	r = statement_run(pieces);
	if (!r)
		r = database_prepare(
				queue->db, "DELETE FROM message WHERE id = ?1", &row);
	if (r)
		return r;
	bind_u64(row, 1, message);
	return statement_run(row);
}

int drop_if_empty(struct queue *queue, uint64_t message)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"SELECT 1 FROM recipient WHERE message = ?1 LIMIT 1", &s);

	if (r)
		return r;
	bind_u64(s, 1, message);
	r = statement_step(s);
	if (r == DATABASE_ROW)
		return 0;
	return r ? r : delete_message(queue, message);
}

/* -- reading -- */

int queue_next(struct queue *queue, uint64_t after, uint64_t *id_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"SELECT id FROM message WHERE id > ?1 ORDER BY id LIMIT 1", &s);

	if (r)
		return r;
	bind_u64(s, 1, after);
	r = statement_step(s);
	*id_out = r == DATABASE_ROW ? column_u64(s, 0) : 0;
	return r == DATABASE_ROW ? 0 : r;
}

static void read_recipient(
		struct statement *s, struct arena *arena, struct queue_recipient *out)
{
	*out = (struct queue_recipient){
		.id = column_u64(s, 0),
		.address = arena_copy(arena, column_view(s, 1)),
		.domain = arena_copy(arena, column_view(s, 2)),
		.notify = (unsigned)column_u64(s, 3),
		.orcpt = arena_copy(arena, column_view(s, 4)),
		.state = (enum queue_state)column_u64(s, 5),
		.action = (enum queue_action)column_u64(s, 6),
		.report = column_u64(s, 7),
		.attempts = (unsigned)column_u64(s, 8),
		.due = column_i64(s, 9),
		.last = { .host = arena_copy(arena, column_view(s, 10)),
				.code = (unsigned)column_u64(s, 11),
				.status = arena_copy(arena, column_view(s, 12)),
				.text = arena_copy(arena, column_view(s, 13)),
				.at = column_i64(s, 14) },
		.forwarder = arena_copy(arena, column_view(s, 15)),
	};
}

static int load_recipients(
		struct queue *queue, struct arena *arena, struct queue_message *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) struct queue_recipient *all = NULL;
	size_t capacity = 0, count = 0;
	int r = database_prepare(queue->db,
			"SELECT id, address, domain, notify, orcpt, state, action,"
			" report, attempts, due, host, code, status, reply, tried,"
			" forwarder"
			" FROM recipient WHERE message = ?1 ORDER BY id",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, out->id);
	while ((r = statement_step(s)) == DATABASE_ROW) {
		array_grow(&all, &capacity, count + 1, sizeof(*all));
		read_recipient(s, arena, &all[count++]);
	}
	if (r)
		return r;
	out->recipients = arena_array(arena, count, sizeof(*all));
	if (count)
		memcpy(out->recipients, all, count * sizeof(*all));
	out->recipient_count = count;
	return 0;
}

int queue_load(struct queue *queue, uint64_t id, struct arena *arena,
		struct queue_message *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	struct queue_message message = { .id = id };
	int r = database_prepare(queue->db,
			"SELECT sender, received, utf8, eight_bit, ret, envid, size"
			" FROM message WHERE id = ?1",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, id);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_ABSENT;
	message.sender = arena_copy(arena, column_view(s, 0));
	message.received = column_i64(s, 1);
	message.utf8 = column_u64(s, 2);
	message.eight_bit = column_u64(s, 3);
	message.ret = (enum dsn_ret)column_u64(s, 4);
	message.envid = arena_copy(arena, column_view(s, 5));
	message.size = column_u64(s, 6);
	r = load_recipients(queue, arena, &message);
	if (!r)
		*out = message;
	return r;
}

int queue_read(struct queue *queue, uint64_t id, uint64_t piece, struct buf *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db, "SELECT bytes FROM piece WHERE id = ?1", &s);

	if (r)
		return r;
	bind_u64(s, 1, id << PIECE_SHIFT | piece);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	buf_add(out, column_view(s, 0));
	return 0;
}

int queue_count(struct queue *queue, struct queue_counts *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"SELECT (SELECT count(*) FROM message),"
			" (SELECT coalesce(min(received), 0) FROM message),"
			" count(*), coalesce(sum(state = 1), 0) FROM recipient",
			&s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*out = (struct queue_counts){ .messages = column_u64(s, 0),
		.oldest = column_i64(s, 1),
		.recipients = column_u64(s, 2),
		.held = column_u64(s, 3) };
	return 0;
}

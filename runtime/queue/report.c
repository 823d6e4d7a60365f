/* Reports that are owed, and what the operator does by hand. */
#include "runtime/base/error.h"
#include "runtime/queue/rows.h"

#include <stdlib.h>

int queue_next_report(struct queue *queue, uint64_t after, uint64_t *report_out,
		uint64_t *message_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"SELECT id, message FROM report WHERE id > ?1"
			" ORDER BY id LIMIT 1",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, after);
	r = statement_step(s);
	*report_out = r == DATABASE_ROW ? column_u64(s, 0) : 0;
	*message_out = r == DATABASE_ROW ? column_u64(s, 1) : 0;
	return r == DATABASE_ROW ? 0 : r;
}

/* One statement with one number. */
static int run_on(struct queue *queue, const char *sql, uint64_t number)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db, sql, &s);

	if (r)
		return r;
	bind_u64(s, 1, number);
	return statement_run(s);
}

static int message_of(struct queue *queue, uint64_t report, uint64_t *message_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			queue->db, "SELECT message FROM report WHERE id = ?1", &s);

	if (r)
		return r;
	bind_u64(s, 1, report);
	r = statement_step(s);
	*message_out = r == DATABASE_ROW ? column_u64(s, 0) : 0;
	return r == DATABASE_ROW ? 0 : r;
}

int queue_settle(struct queue *queue, uint64_t report)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	uint64_t message;
	int r = change_begin(queue, &change);

	if (!r)
		r = message_of(queue, report, &message);
	if (!r && message == 0)
		return change_commit(&change);
	if (!r)
		r = run_on(queue, "DELETE FROM recipient WHERE report = ?1 AND state = 2",
				report);
	if (!r)
		r = run_on(queue,
				"UPDATE recipient SET report = 0, action = 0"
				" WHERE report = ?1",
				report);
	if (!r)
		r = run_on(queue, "DELETE FROM report WHERE id = ?1", report);
	if (!r)
		r = drop_if_empty(queue, message);
	return r ? r : change_commit(&change);
}

/* -- by hand -- */

int queue_hold(struct queue *queue, uint64_t message, bool held)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	int r = change_begin(queue, &change);

	if (!r)
		r = run_on(queue,
				held ? "UPDATE recipient SET state = 1 WHERE state = 0"
				       " AND ?1 IN (0, message)"
				     : "UPDATE recipient SET state = 0 WHERE state = 1"
				       " AND ?1 IN (0, message)",
				message);
	return r ? r : change_commit(&change);
}

int queue_hurry(struct queue *queue, uint64_t message, walltime now)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = change_begin(queue, &change);

	if (!r)
		r = database_prepare(queue->db,
				"UPDATE recipient SET due = ?2 WHERE state = 0"
				" AND due > ?2 AND ?1 IN (0, message)",
				&s);
	if (r)
		return r;
	bind_u64(s, 1, message);
	bind_i64(s, 2, now);
	r = statement_run(s);
	return r ? r : change_commit(&change);
}

static int give_up(struct queue *queue, const struct queue_message *m, bool report)
{
	uint64_t owed = 0;
	int r = 0;

	for (size_t i = 0; !r && i < m->recipient_count; i++) {
		const struct queue_recipient *recipient = &m->recipients[i];
		bool forwarded = recipient->forwarder.len > 0;
		bool tell = report && (m->sender.len || forwarded) &&
			    !(recipient->notify & DSN_NEVER);
		uint64_t alone = 0;

		if (recipient->state == QUEUE_REPORTED)
			continue;
		if (tell)
			r = owe_report(queue, m->id, forwarded ? &alone : &owed);
		if (!r)
			r = end_recipient(queue, recipient->id, QUEUE_ACTION_FAILED,
					!tell       ? 0
					: forwarded ? alone
						    : owed);
	}
	return r ? r : drop_if_empty(queue, m->id);
}

int queue_cancel(struct queue *queue, uint64_t message, bool report)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	struct queue_message m;
	int r = change_begin(queue, &change);

	if (!r)
		r = queue_load(queue, message, arena, &m);
	if (!r)
		r = give_up(queue, &m, report);
	return r ? r : change_commit(&change);
}

/* What other domains have said of TLS, kept for as long as they said. */
#include "runtime/queue/rows.h"

static int forget(struct queue *queue, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db, "DELETE FROM policy WHERE expires <= ?1", &s);

	if (r)
		return r;
	bind_i64(s, 1, now);
	return statement_run(s);
}

static int put(struct queue *queue, const struct queue_policy *policy)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"INSERT OR REPLACE INTO policy (domain, id, expires, text)"
			" VALUES (?1, ?2, ?3, ?4)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, policy->domain);
	bind_text(s, 2, policy->id);
	bind_i64(s, 3, policy->expires);
	bind_text(s, 4, policy->text);
	return statement_run(s);
}

int queue_keep_policy(
		struct queue *queue, const struct queue_policy *policy, walltime now)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	int r = change_begin(queue, &change);

	if (!r)
		r = forget(queue, now);
	if (!r)
		r = put(queue, policy);
	return r ? r : change_commit(&change);
}

int queue_find_policy(struct queue *queue, struct view domain, walltime now,
		struct arena *arena, struct queue_policy *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"SELECT id, expires, text FROM policy"
			" WHERE domain = ?1 AND expires > ?2",
			&s);

	if (r)
		return r;
	bind_text(s, 1, domain);
	bind_i64(s, 2, now);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_ABSENT;
	*out = (struct queue_policy){ .domain = domain,
		.id = arena_copy(arena, column_view(s, 0)),
		.expires = column_i64(s, 1),
		.text = arena_copy(arena, column_view(s, 2)) };
	return 0;
}

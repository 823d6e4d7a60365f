/* What becomes of a recipient, and what its sender is told of that. */
#include "runtime/queue/retry.h"
#include "runtime/queue/rows.h"

/* What is known of a recipient when a result comes. */
struct standing {
	uint64_t recipient;
	unsigned notify;
	unsigned attempts; /* with this one */
	walltime received;
	bool warned;
	bool null_sender;
	bool forwarded;
};

static int read_standing(struct queue *queue, uint64_t recipient, struct standing *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"SELECT notify, attempts, warned, received, sender = '',"
			" forwarder <> ''"
			" FROM recipient JOIN message ON message.id = message"
			" WHERE recipient.id = ?1 AND state <> 2",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, recipient);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_ABSENT;
	*out = (struct standing){ .recipient = recipient,
		.notify = (unsigned)column_u64(s, 0),
		.attempts = (unsigned)column_u64(s, 1) + 1,
		.warned = column_u64(s, 2),
		.received = column_i64(s, 3),
		.null_sender = column_u64(s, 4),
		.forwarded = column_u64(s, 5) };
	return 0;
}

static int note_reply(struct queue *queue, const struct standing *standing,
		const struct queue_result *result, walltime now, walltime due)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"UPDATE recipient SET attempts = ?2, due = ?3, host = ?4,"
			" code = ?5, status = ?6, reply = ?7, tried = ?8 WHERE id = ?1",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, standing->recipient);
	bind_u64(s, 2, standing->attempts);
	bind_i64(s, 3, due);
	bind_text(s, 4, result->host);
	bind_u64(s, 5, result->code);
	bind_text(s, 6, result->status);
	bind_text(s, 7, result->text);
	bind_i64(s, 8, now);
	return statement_run(s);
}

int end_recipient(struct queue *queue, uint64_t recipient, enum queue_action action,
		uint64_t report)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			report ? "UPDATE recipient SET state = 2, action = ?2, report = "
				 "?3"
				 " WHERE id = ?1"
			       : "DELETE FROM recipient WHERE id = ?1",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, recipient);
	if (report) {
		bind_u64(s, 2, action);
		bind_u64(s, 3, report);
	}
	return statement_run(s);
}

static int warn(struct queue *queue, uint64_t recipient, uint64_t report)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"UPDATE recipient SET warned = 1, action = ?2, report = ?3"
			" WHERE id = ?1",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, recipient);
	bind_u64(s, 2, QUEUE_ACTION_DELAYED);
	bind_u64(s, 3, report);
	return statement_run(s);
}

int owe_report(struct queue *queue, uint64_t message, uint64_t *report_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	if (*report_out)
		return 0;
	r = database_prepare(queue->db, "INSERT INTO report (message) VALUES (?1)", &s);
	if (r)
		return r;
	bind_u64(s, 1, message);
	r = statement_run(s);
	*report_out = (uint64_t)database_last_id(queue->db);
	return r;
}

/* Whether the sender wants to hear of that (RFC 3461, 4.1; 5.2.7): where nothing was said,
 * of failures and of delays. Nobody is told about a report. Who sends something on hears
 * where it failed, in place of a stranger: his address may be forged. */
static bool is_wanted(const struct standing *standing, enum queue_action action)
{
	static const unsigned bits[] = {
		[QUEUE_ACTION_FAILED] = DSN_FAILURE,
		[QUEUE_ACTION_DELAYED] = DSN_DELAY,
		[QUEUE_ACTION_RELAYED] = DSN_SUCCESS,
		[QUEUE_ACTION_DELIVERED] = DSN_SUCCESS,
	};

	if (standing->forwarded)
		return action == QUEUE_ACTION_FAILED && !(standing->notify & DSN_NEVER);
	if (standing->null_sender)
		return false;
	if (!standing->notify)
		return action != QUEUE_ACTION_RELAYED;
	return standing->notify & bits[action];
}

/* What follows from the results of one message. */
struct owed {
	uint64_t report; /* to the sender; 0: none */
	bool any;        /* a report of any kind */
};

static int end_with(struct queue *queue, uint64_t message,
		const struct standing *standing, enum queue_action action,
		struct owed *owed)
{
	bool wanted = action != QUEUE_ACTION_NONE && is_wanted(standing, action);
	uint64_t alone = 0; /* one owner does not hear of another */
	uint64_t *report = standing->forwarded ? &alone : &owed->report;
	int r = wanted ? owe_report(queue, message, report) : 0;

	owed->any |= wanted;
	return r ? r
		 : end_recipient(queue, standing->recipient, action,
				   wanted ? *report : 0);
}

static int defer(struct queue *queue, uint64_t message, const struct standing *standing,
		walltime now, struct owed *owed)
{
	walltime age = now - standing->received;
	int r = 0;

	if (retry_is_over(standing->attempts, age))
		return end_with(queue, message, standing, QUEUE_ACTION_FAILED, owed);
	if (age >= RETRY_WARNS_S && !standing->warned &&
			is_wanted(standing, QUEUE_ACTION_DELAYED)) {
		r = owe_report(queue, message, &owed->report);
		if (!r)
			r = warn(queue, standing->recipient, owed->report);
		owed->any = true;
	}
	return r;
}

static int record(struct queue *queue, uint64_t message,
		const struct queue_result *result, walltime now, struct owed *owed)
{
	struct standing standing;
	int r = read_standing(queue, result->recipient, &standing);

	if (r == DATABASE_E_ABSENT)
		return 0; /* withdrawn while it was out */
	if (!r)
		r = note_reply(queue, &standing, result, now,
				now + retry_delay(standing.attempts, result->random) /
								NS_PER_S);
	if (r)
		return r;
	switch (result->outcome) {
	case QUEUE_DELIVERED:
		return end_with(queue, message, &standing, QUEUE_ACTION_NONE, owed);
	case QUEUE_RELAYED:
		return end_with(queue, message, &standing, QUEUE_ACTION_RELAYED, owed);
	case QUEUE_REFUSED:
		return end_with(queue, message, &standing, QUEUE_ACTION_FAILED, owed);
	case QUEUE_DEFERRED:
		break;
	}
	return defer(queue, message, &standing, now, owed);
}

int queue_record(struct queue *queue, uint64_t message,
		const struct queue_result *results, size_t count, walltime now,
		bool *reports_out)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	struct owed owed = { 0 };
	int r = change_begin(queue, &change);

	for (size_t i = 0; !r && i < count; i++)
		r = record(queue, message, &results[i], now, &owed);
	if (!r)
		r = drop_if_empty(queue, message);
	if (!r)
		r = change_commit(&change);
	if (!r)
		*reports_out = owed.any;
	return r;
}

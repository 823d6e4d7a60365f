/* What comes from the intake log: what leads out, to be brought on its way; and what was
 * delivered here, where its sender asked to hear of that. */
#include "runtime/base/error.h"
#include "runtime/dns/name.h"
#include "runtime/mail/address.h"
#include "runtime/mail/authres.h"
#include "runtime/queue/rows.h"
#include "runtime/store/intake.h"

#include <stdlib.h>

/* *known_out: it was taken before. What its sender was told of is noted by the negative. */
static int note_taken(struct queue *queue, int64_t intake, bool *known_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			queue->db, "INSERT OR IGNORE INTO taken VALUES (?1)", &s);

	if (r)
		return r;
	bind_i64(s, 1, intake);
	r = statement_run(s);
	*known_out = !r && !database_changes(queue->db);
	return r;
}

static int forget_taken(struct queue *queue, uint64_t floor)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			queue->db, "DELETE FROM taken WHERE abs(intake) < ?1", &s);

	if (r)
		return r;
	bind_u64(s, 1, floor);
	return statement_run(s);
}

static int put_message(struct queue *queue, const struct intake_envelope *e,
		uint64_t size, uint64_t *id_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"INSERT INTO message (sender, received, utf8, eight_bit, ret,"
			" envid, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, e->sender);
	bind_i64(s, 2, e->received);
	bind_u64(s, 3, e->utf8);
	bind_u64(s, 4, e->eight_bit);
	bind_u64(s, 5, e->ret);
	bind_text(s, 6, e->envid);
	bind_u64(s, 7, size);
	r = statement_run(s);
	*id_out = (uint64_t)database_last_id(queue->db);
	return r;
}

/* The domain that mail to an address is for; of an address literal the literal. */
static struct view domain_of(struct arena *arena, struct view address)
{
	struct view local, domain;

	if (!address_split(address, &local, &domain))
		return VIEW_NULL;
	if (!name_normalise(arena, domain, &domain))
		return domain;
	return domain;
}

static int put_recipient(struct queue *queue, uint64_t message, struct arena *arena,
		const struct intake_recipient *recipient, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db,
			"INSERT INTO recipient (message, address, domain, notify, orcpt,"
			" state, action, report, warned, attempts, due, host, code,"
			" status, reply, tried, forwarder) VALUES (?1, ?2, ?3, ?4, ?5, 0,"
			" 0, 0, 0, 0, ?6, '', 0, '', '', 0, ?7)",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, message);
	bind_text(s, 2, recipient->address);
	bind_text(s, 3, domain_of(arena, recipient->address));
	/* of success who sends it on is told nothing, and the sender by queue_tell */
	bind_u64(s, 4,
			recipient->forwarder.len ? recipient->notify & ~DSN_SUCCESS
						 : recipient->notify);
	bind_text(s, 5, recipient->orcpt);
	bind_i64(s, 6, now);
	bind_text(s, 7, recipient->forwarder);
	return statement_run(s);
}

static int put_piece(
		struct queue *queue, uint64_t message, uint64_t piece, struct view bytes)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(queue->db, "INSERT INTO piece VALUES (?1, ?2)", &s);

	if (r)
		return r;
	bind_u64(s, 1, message << PIECE_SHIFT | piece);
	bind_blob(s, 2, bytes);
	return statement_run(s);
}

/* The trace, of what has one, is a piece of its own: those of the body then lie as the log
 * has them. No piece is empty. */
static int put_bytes(struct queue *queue, uint64_t message,
		const struct intake_message *from, uint64_t size)
{
	CLEANUP(freep) char *bytes = xmalloc(QUEUE_PIECE);
	uint64_t at = 0, piece = 0;
	size_t len = 0;
	int r = 0;

	if (intake_message_trace(from).len)
		r = put_piece(queue, message, piece++, intake_message_trace(from));
	while (!r && at < size) {
		r = intake_message_read(from, at, bytes, QUEUE_PIECE, &len);
		if (r > 0)
			r = DATABASE_E_DAMAGED;
		if (!r)
			r = put_piece(queue, message, piece++, view_of(bytes, len));
		at += len;
	}
	return r;
}

static int take(struct queue *queue, const struct intake_message *from, walltime now,
		uint64_t *id_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct intake_envelope *e = intake_message_envelope(from);
	bool known;
	int r = note_taken(queue, (int64_t)intake_message_id(from), &known);

	*id_out = 0;
	if (r || known)
		return r;
	r = put_message(queue, e,
			intake_message_trace(from).len + intake_message_size(from),
			id_out);
	for (size_t i = 0; !r && i < e->recipient_count; i++)
		if (intake_leads_out(&e->recipients[i]))
			r = put_recipient(queue, *id_out, arena, &e->recipients[i], now);
	return r ? r : put_bytes(queue, *id_out, from, intake_message_size(from));
}

int queue_take(struct queue *queue, struct intake_message *const *messages, size_t count,
		uint64_t floor, walltime now, uint64_t *ids_out)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	int r = change_begin(queue, &change);

	for (size_t i = 0; !r && i < count; i++)
		r = take(queue, messages[i], now, &ids_out[i]);
	if (!r)
		r = forget_taken(queue, floor);
	return r ? r : change_commit(&change);
}

/* -- what was delivered here -- */

/* Of an address elsewhere that the sender wrote to himself he hears by the queue. */
static bool is_told_of(const struct intake_recipient *recipient)
{
	return recipient->notify & DSN_SUCCESS &&
	       (!intake_leads_out(recipient) || recipient->forwarder.len);
}

/* What was checked has the result on top, as we wrote it. */
static bool is_known(struct view trace)
{
	return !view_starts(trace, VIEW("Authentication-Results:")) ||
	       authres_first_is(trace, "spf", "pass");
}

bool queue_tells(const struct intake_message *message)
{
	const struct intake_envelope *e = intake_message_envelope(message);
	bool asked = false;

	for (size_t i = 0; i < e->recipient_count; i++)
		asked |= is_told_of(&e->recipients[i]);
	return asked && e->sender.len && is_known(intake_message_trace(message));
}

static int put_told(struct queue *queue, uint64_t message, uint64_t report,
		const struct intake_recipient *recipient, walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	bool here = !intake_leads_out(recipient);
	struct view address = here ? recipient->address : recipient->forwarder;
	int r = database_prepare(queue->db,
			"INSERT INTO recipient (message, address, domain, notify, orcpt,"
			" state, action, report, warned, attempts, due, host, code,"
			" status, reply, tried) SELECT ?1, ?2, '', ?3, ?4, 2, ?5, ?6, 0,"
			" 0, 0, '', 0, '2.0.0', '', ?7 WHERE NOT EXISTS (SELECT 1 FROM"
			" recipient WHERE message = ?1 AND address = ?2)",
			&s);

	if (r)
		return r;
	bind_u64(s, 1, message);
	bind_text(s, 2, address);
	bind_u64(s, 3, recipient->notify);
	bind_text(s, 4, recipient->orcpt);
	bind_u64(s, 5, here ? QUEUE_ACTION_DELIVERED : QUEUE_ACTION_RELAYED);
	bind_u64(s, 6, report);
	bind_i64(s, 7, now);
	return statement_run(s);
}

/* Its beginning, with the header in it: more is not told. */
static uint64_t told_size(const struct intake_message *from)
{
	uint64_t size = intake_message_size(from);

	return size < QUEUE_TOLD_MAX ? size : QUEUE_TOLD_MAX;
}

static int tell(struct queue *queue, const struct intake_message *from, walltime now)
{
	const struct intake_envelope *e = intake_message_envelope(from);
	uint64_t size = told_size(from), id, report = 0;
	bool known;
	int r = note_taken(queue, -(int64_t)intake_message_id(from), &known);

	if (r || known)
		return r;
	r = put_message(queue, e, intake_message_trace(from).len + size, &id);
	if (!r)
		r = owe_report(queue, id, &report);
	/* those that were delivered first: of one who keeps a copy nothing else is told */
	for (size_t i = 0; !r && i < 2 * e->recipient_count; i++) {
		const struct intake_recipient *one =
				&e->recipients[i % e->recipient_count];

		if (is_told_of(one) && intake_leads_out(one) == (i >= e->recipient_count))
			r = put_told(queue, id, report, one, now);
	}
	return r ? r : put_bytes(queue, id, from, size);
}

int queue_tell(struct queue *queue, const struct intake_message *message, uint64_t floor,
		walltime now)
{
	CLEANUP(transaction_end) struct transaction change = TRANSACTION_NULL;
	int r = change_begin(queue, &change);

	if (!r)
		r = tell(queue, message, now);
	if (!r)
		r = forget_taken(queue, floor);
	return r ? r : change_commit(&change);
}

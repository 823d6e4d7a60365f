/* DATA: the message (RFC 5321, 4.1.1.4). It streams through: what it is refused for is
 * gathered on the way and said at its end. */
#include "runtime/smtp/smtp_session.h"

enum {
	DATA_MINUTES = 10,    /* for a message of no size; RFC 5321, 4.5.3.2.6 */
	SLOWEST_BYTES_S = 500 /* and as long as this many octets a second take */
};

/* How this session came, for the trace (RFC 3848). */
static const char *with(const struct smtp_server *s)
{
	if (s->authenticated)
		return "ESMTPSA";
	if (!s->extended)
		return "SMTP";
	return s->tls ? "ESMTPS" : "ESMTP";
}

void smtp_data(struct smtp_server *s, struct view rest)
{
	(void)rest;
	if (s->state == SMTP_SENDER) {
		smtp_refuse(s, s->transaction.refused ? "554 5.5.1 No valid recipients"
						      : "503 5.5.1 Send RCPT first");
		return;
	}
	smtp_ask(s, &smtp_begin_new(buf_view(&s->hello), with(s))->base.op);
}

void smtp_data_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_op *answer = (const struct smtp_op *)op;

	if (answer->reply.len) {
		smtp_refuse_view(s, buf_view(&answer->reply));
		return;
	}
	s->message = (struct smtp_message){
		.chunk = BUF_NULL(SMTP_CHUNK_SIZE),
		.refusal = BUF_NULL(SMTP_REPLY_SIZE),
	};
	smtp_header_init(&s->message.header);
	s->deadline = s->now + nstime_seconds(60 * DATA_MINUTES);
	smtp_enter(s, SMTP_DATA);
	smtp_reply(s, "354 Send the message, end with <CR><LF>.<CR><LF>");
}

void smtp_message_deinit(struct smtp_message *message)
{
	buf_free(&message->chunk);
	buf_free(&message->refusal);
	smtp_header_deinit(&message->header);
}

static struct view fault_text(enum smtp_body_fault found)
{
	switch (found) {
	case BODY_SOUND:
		return VIEW_NULL;
	case BODY_BARE_CR:
		return VIEW("550 5.5.2 A bare CR is no end of a line");
	case BODY_BARE_LF:
		return VIEW("550 5.5.2 A bare LF is no end of a line");
	case BODY_NUL:
		return VIEW("550 5.5.2 NUL is not allowed in a message");
	}
	return VIEW_NULL;
}

/* On submission the author must be one that can be checked (RFC 5322, 3.6.2). */
static struct view author_refusal(const struct smtp_header *header)
{
	if (header->from_count != 1)
		return VIEW("554 5.6.0 A message needs one From field, and only one");
	if (header->sender_count > 1)
		return VIEW("554 5.6.0 A message has one Sender field at most");
	if (buf_failed(&header->from) || buf_failed(&header->sender))
		return view_z(limit_reply(LIMIT_SMTP_AUTHOR));
	return VIEW_NULL;
}

/* Why it cannot be taken, whatever else comes; empty: so far it can. */
static struct view refusal_so_far(const struct smtp_server *s)
{
	const struct smtp_message *m = &s->message;

	if (m->body.fault)
		return fault_text(m->body.fault);
	if (m->size > s->message_size)
		return view_z(limit_reply(LIMIT_SMTP_MESSAGE));
	if (m->header.size > limit_value(LIMIT_SMTP_HEADER))
		return view_z(limit_reply(LIMIT_SMTP_HEADER));
	if (m->header.received_count > limit_value(LIMIT_SMTP_RECEIVED))
		return view_z(limit_reply(LIMIT_SMTP_RECEIVED));
	return buf_view(&m->refusal);
}

static struct view refusal_at_end(const struct smtp_server *s)
{
	struct view refusal = refusal_so_far(s);

	if (refusal.len == 0 && s->mode == SMTP_SUBMISSION)
		refusal = author_refusal(&s->message.header);
	return refusal;
}

static void message_ends(struct smtp_server *s)
{
	if (refusal_at_end(s).len)
		smtp_forget(s, SMTP_AFTER_MESSAGE);
	else
		smtp_ask(s, &smtp_commit_new(&s->message)->base.op);
}

void smtp_message_refused(struct smtp_server *s)
{
	struct view refusal = refusal_at_end(s);

	if (s->message.body.fault)
		smtp_close_view(s, refusal);
	else
		smtp_refuse_view(s, refusal);
	smtp_message_deinit(&s->message);
}

static size_t at_most(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

size_t smtp_data_bytes(struct smtp_server *s, struct view bytes)
{
	struct smtp_message *m = &s->message;
	size_t before = m->chunk.len, room = SMTP_CHUNK_SIZE - before - SMTP_BODY_MORE;
	uint64_t drained = 2 * s->message_size + limit_value(LIMIT_SMTP_DISCARD);
	size_t took;

	if (m->received >= drained) {
		smtp_close(s, limit_reply(LIMIT_SMTP_MESSAGE));
		return bytes.len;
	}
	bytes = view_sub(bytes, 0, at_most(room, drained - m->received));
	took = smtp_body_read(&m->body, bytes, &m->chunk);
	m->received += took;
	m->size += m->chunk.len - before;
	s->deadline += (nstime)took * (NS_PER_S / SLOWEST_BYTES_S);
	smtp_header_pass(&m->header, view_from(buf_view(&m->chunk), before));
	if (refusal_so_far(s).len)
		buf_clear(&m->chunk);
	if (m->body.at == BODY_AT_END)
		message_ends(s);
	else if (m->chunk.len + SMTP_BODY_MORE >= SMTP_CHUNK_SIZE)
		smtp_ask(s, &smtp_chunk_new(&m->chunk)->base.op);
	return took;
}

void smtp_chunk_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_op *answer = (const struct smtp_op *)op;

	buf_add(&s->message.refusal, buf_view(&answer->reply));
	s->deadline += s->now - s->asked_at; /* that was not the peer's time */
}

void smtp_commit_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_commit *commit = (const struct smtp_commit *)op;
	CLEANUP(buf_free) struct buf line = BUF_NULL(SMTP_REPLY_SIZE);

	smtp_message_deinit(&s->message);
	s->transaction = (struct smtp_transaction){ 0 };
	smtp_enter(s, SMTP_READY);
	if (commit->base.reply.len) {
		smtp_refuse_view(s, buf_view(&commit->base.reply));
		return;
	}
	s->errors = s->idle_commands = 0;
	buf_add_z(&line, "250 2.0.0 Queued as ");
	buf_add(&line, buf_view(&commit->id));
	smtp_reply_view(s, buf_view(&line));
}

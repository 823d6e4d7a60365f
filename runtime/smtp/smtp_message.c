/* A message on its way, by DATA or by BDAT. It streams through: what it is refused for is
 * gathered on the way and said at its end. */
#include "runtime/smtp/smtp_session.h"

enum {
	MESSAGE_MINUTES = 10,  /* for a message of no size; RFC 5321, 4.5.3.2.6 */
	SLOWEST_BYTES_S = 500, /* and as long as this many octets a second take */
};

void smtp_message_init(struct smtp_server *s, bool counted)
{
	s->message = (struct smtp_message){
		.utf8 = s->transaction.utf8,
		.body = { .counted = counted },
		.chunk = BUF_NULL(SMTP_CHUNK_SIZE),
		.deadline = s->now + nstime_seconds(60 * MESSAGE_MINUTES),
		.refusal = BUF_NULL(SMTP_REPLY_SIZE),
	};
	smtp_header_init(&s->message.header);
	s->deadline = s->message.deadline;
}

void smtp_message_deinit(struct smtp_message *message)
{
	buf_free(&message->chunk);
	buf_free(&message->refusal);
	smtp_header_deinit(&message->header);
	*message = (struct smtp_message){ 0 };
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

/* Of two authors each reader, filter and check may believe another one (RFC 5322, 3.6; RFC
 * 7489, 6.6.1). On submission there must be one, and one that can be checked. */
static struct view author_refusal(const struct smtp_server *s)
{
	const struct smtp_header *header = &s->message.header;

	if (header->from_count > 1 ||
			(s->mode == SMTP_SUBMISSION && header->from_count == 0))
		return VIEW("554 5.6.0 A message needs one From field, and only one");
	if (s->mode != SMTP_SUBMISSION)
		return VIEW_NULL;
	if (header->sender_count > 1)
		return VIEW("554 5.6.0 A message has one Sender field at most");
	if (buf_failed(&header->from) || buf_failed(&header->sender))
		return view_z(limit_reply(LIMIT_SMTP_AUTHOR));
	return VIEW_NULL;
}

struct view smtp_message_refusal(const struct smtp_server *s)
{
	const struct smtp_message *m = &s->message;

	if (m->body.fault)
		return fault_text(m->body.fault);
	if (m->size > s->message_size)
		return view_z(limit_reply(LIMIT_SMTP_MESSAGE));
	if (m->header.size > limit_value(LIMIT_SMTP_HEADER))
		return view_z(limit_reply(LIMIT_SMTP_HEADER));
	if (m->header.wide && !m->utf8)
		return VIEW("554 5.6.9 The header is beyond ASCII: send MAIL with "
			    "SMTPUTF8");
	if (m->header.not_utf8)
		return VIEW("554 5.6.0 The header is no valid UTF-8");
	if (m->header.received_count > limit_value(LIMIT_SMTP_RECEIVED))
		return view_z(limit_reply(LIMIT_SMTP_RECEIVED));
	return buf_view(&m->refusal);
}

static struct view refusal_at_end(const struct smtp_server *s)
{
	struct view refusal = smtp_message_refusal(s);

	return refusal.len ? refusal : author_refusal(s);
}

/* What came into the chunk from `before` on is part of the message now. */
static void account_for(struct smtp_server *s, size_t before)
{
	struct smtp_message *m = &s->message;

	m->size += m->chunk.len - before;
	smtp_header_pass(&m->header, view_from(buf_view(&m->chunk), before));
	if (smtp_message_refusal(s).len)
		buf_clear(&m->chunk);
}

void smtp_message_ends(struct smtp_server *s)
{
	struct smtp_message *m = &s->message;
	size_t before = m->chunk.len;

	if (m->body.counted)
		smtp_body_end(&m->body, &m->chunk);
	account_for(s, before);
	if (refusal_at_end(s).len)
		smtp_forget(s, SMTP_AFTER_MESSAGE);
	else
		smtp_ask(s, &smtp_commit_new(m)->base.op);
}

void smtp_message_refused(struct smtp_server *s)
{
	struct view refusal = refusal_at_end(s);

	if (s->message.body.fault)
		smtp_close_view(s, refusal);
	else
		smtp_refuse_view(s, refusal);
}

uint64_t smtp_message_drained(const struct smtp_server *s)
{
	return 2 * s->message_size + limit_value(LIMIT_SMTP_DISCARD);
}

size_t smtp_message_bytes(struct smtp_server *s, struct view bytes)
{
	struct smtp_message *m = &s->message;
	size_t before = m->chunk.len, room = SMTP_CHUNK_SIZE - before - SMTP_BODY_MORE;
	size_t took = smtp_body_read(&m->body, view_sub(bytes, 0, room), &m->chunk);

	m->received += took;
	m->deadline += (nstime)took * (NS_PER_S / SLOWEST_BYTES_S);
	s->deadline = m->deadline;
	account_for(s, before);
	if (m->body.at != BODY_AT_END && m->chunk.len + SMTP_BODY_MORE >= SMTP_CHUNK_SIZE)
		smtp_ask(s, &smtp_chunk_new(&m->chunk)->base.op);
	return took;
}

void smtp_chunk_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_op *answer = (const struct smtp_op *)op;

	buf_add(&s->message.refusal, buf_view(&answer->reply));
	s->message.deadline += s->now - s->asked_at; /* that was not the peer's time */
	s->deadline = s->message.deadline;
	if (s->state == SMTP_CHUNK)
		smtp_bdat_goes_on(s);
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
	s->bdat.count = s->bdat.empty = 0;
	s->bdat.discarded = 0;
	buf_add_z(&line, "250 2.0.0 Queued as ");
	buf_add(&line, buf_view(&commit->id));
	smtp_reply_view(s, buf_view(&line));
}

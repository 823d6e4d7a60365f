/* The message of a transaction: asked of the performer part by part as the server takes it,
 * and the one reply that counts for all who were accepted. */
#include "runtime/smtp/smtp_client_session.h"

#include <assert.h>

static bool is_for_nobody(const struct smtp_client *s)
{
	return s->transaction.accepted == 0;
}

static void end_message(struct smtp_client *s)
{
	smtp_dots_end(&s->transaction.dots, &s->out);
	smtp_client_enter(s, SMTP_CLIENT_FINAL);
	smtp_client_await(s, s->times.final);
}

void smtp_client_begin_body(struct smtp_client *s)
{
	smtp_client_enter(s, SMTP_CLIENT_BODY);
	if (is_for_nobody(s))
		end_message(s); /* DATA had gone before all were refused: RFC 2920, 3.1 */
	else
		smtp_client_ask_body(s);
}

void smtp_client_ask_body(struct smtp_client *s)
{
	if (s->waiting || s->out.len >= SMTP_CLIENT_OUTPUT_HIGH)
		return;
	smtp_client_ask(s, &smtp_client_body_new(s->transaction.offset)->op);
}

void smtp_client_body_answered(struct smtp_client *s, struct smtp_client_body *op)
{
	if (s->state == SMTP_CLIENT_TOLD) {
		smtp_client_tell(s); /* it was over before */
		return;
	}
	if (op->failed || buf_failed(&op->bytes)) {
		smtp_client_lose(
				s, SMTP_CAUSE_OURS, "the message could not be read here");
		return;
	}
	assert(op->bytes.len || op->last);
	s->transaction.offset += op->bytes.len;
	smtp_dots_add(&s->transaction.dots, buf_view(&op->bytes), &s->out);
	if (op->last) {
		end_message(s);
		return;
	}
	smtp_client_await(s, s->times.block);
	smtp_client_ask_body(s);
}

void smtp_client_body_heard(struct smtp_client *s)
{
	struct smtp_result result;

	if (s->reply.code < 400) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"it replied before the message was sent");
		return;
	}
	result = smtp_result_of_reply(&s->reply, SMTP_STAGE_BODY, s->transaction.arena);
	smtp_client_decide(s, &result);
	s->end = SMTP_CLIENT_GONE; /* what it still takes for the message nobody knows */
	smtp_client_tell(s);
}

void smtp_client_final_heard(struct smtp_client *s)
{
	unsigned class = s->reply.code / 100;
	struct smtp_result result;

	if (class == 3) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"the message is over and it wants more");
		return;
	}
	s->open_envelope = false;
	result = smtp_result_of_reply(&s->reply, SMTP_STAGE_FINAL, s->transaction.arena);
	smtp_client_decide(s, &result);
	smtp_client_tell(s);
}

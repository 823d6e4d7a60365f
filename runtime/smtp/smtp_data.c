/* DATA: the message up to a dot on a line of its own (RFC 5321, 4.1.1.4). */
#include "runtime/smtp/smtp_session.h"

/* How this message comes, for the trace (RFC 3848; RFC 6531, 4.3). */
static const char *with(const struct smtp_server *s)
{
	bool utf8 = s->transaction.utf8;

	if (s->authenticated)
		return utf8 ? "UTF8SMTPSA" : "ESMTPSA";
	if (!s->extended)
		return "SMTP";
	if (s->tls)
		return utf8 ? "UTF8SMTPS" : "ESMTPS";
	return utf8 ? "UTF8SMTP" : "ESMTP";
}

void smtp_begin(struct smtp_server *s)
{
	smtp_ask(s, &smtp_begin_new(buf_view(&s->hello), with(s))->base.op);
}

void smtp_data(struct smtp_server *s, struct view rest)
{
	(void)rest;
	if (s->state == SMTP_CHUNKED)
		smtp_bdat_spoil(s, VIEW("503 5.5.1 DATA and BDAT do not mix; send RSET"));
	else if (s->state == SMTP_SENDER)
		smtp_refuse(s, smtp_no_recipients(s));
	else
		smtp_begin(s);
}

void smtp_begin_answered(struct smtp_server *s, struct op *op)
{
	struct view refusal = buf_view(&((const struct smtp_op *)op)->reply);

	if (s->bdat.under_way) {
		smtp_bdat_begun(s, refusal);
		return;
	}
	if (refusal.len) {
		smtp_refuse_view(s, refusal);
		return;
	}
	smtp_message_init(s, false);
	smtp_enter(s, SMTP_DATA);
	smtp_reply(s, "354 Send the message, end with <CR><LF>.<CR><LF>");
}

size_t smtp_data_bytes(struct smtp_server *s, struct view bytes)
{
	uint64_t drained = smtp_message_drained(s);
	size_t took;

	if (s->message.received >= drained) {
		smtp_close(s, limit_reply(LIMIT_SMTP_MESSAGE));
		return bytes.len;
	}
	if (bytes.len > drained - s->message.received)
		bytes = view_sub(bytes, 0, (size_t)(drained - s->message.received));
	took = smtp_message_bytes(s, bytes);
	if (s->message.body.at == BODY_AT_END)
		smtp_message_ends(s);
	return took;
}

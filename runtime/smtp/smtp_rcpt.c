/* RCPT: for whom (RFC 5321, 4.1.1.3). */
#include "runtime/smtp/smtp_path.h"
#include "runtime/smtp/smtp_session.h"

static const char *path_refusal(int outcome)
{
	switch (outcome) {
	case SMTP_PATH_E_NOT_ASCII:
		return "553 5.6.7 Addresses beyond ASCII are not served by this version";
	case SMTP_PATH_E_LOCAL:
		return "553 5.1.3 The local part is missing or malformed";
	case SMTP_PATH_E_ROUTE:
		return "553 5.1.3 Source routes are not followed";
	case SMTP_PATH_E_LOCAL_PART:
		return limit_reply(LIMIT_SMTP_LOCAL_PART);
	case SMTP_PATH_E_DOMAIN:
		return "501 5.1.3 The domain is missing, malformed or too long";
	case SMTP_PATH_E_LENGTH:
		return limit_reply(LIMIT_SMTP_FORWARD_PATH);
	default:
		return "501 5.1.3 Not an address: RCPT TO:<user@example.org>";
	}
}

void smtp_rcpt(struct smtp_server *s, struct view rest)
{
	CLEANUP(buf_free) struct buf mailbox = BUF_NULL(limit_value(LIMIT_SMTP_PATH));
	struct smtp_path_op *op;
	int r;

	if (!view_starts_nocase(rest, VIEW("TO:"))) {
		smtp_refuse(s, "501 5.5.4 Say RCPT TO:<user@example.org>");
		return;
	}
	if (s->transaction.recipients >= limit_value(LIMIT_SMTP_RECIPIENTS)) {
		smtp_reply(s, limit_reply(LIMIT_SMTP_RECIPIENTS));
		return;
	}
	r = smtp_path_read(s->arena, view_trim(view_from(rest, strlen("TO:"))),
			PATH_FORWARD, &mailbox, &rest);
	if (r) {
		smtp_refuse(s, path_refusal(r));
		return;
	}
	if (rest.len) {
		smtp_refuse(s, "555 5.5.4 Parameter not known");
		return;
	}
	op = smtp_path_op_new(SMTP_OP_RECIPIENT, &mailbox);
	smtp_ask(s, &op->base.op);
}

void smtp_rcpt_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_op *answer = (const struct smtp_op *)op;

	if (answer->reply.len) {
		s->transaction.refused = true;
		smtp_refuse_view(s, buf_view(&answer->reply));
		return;
	}
	s->transaction.recipients++;
	if (s->state == SMTP_SENDER)
		smtp_enter(s, SMTP_ADDRESSED);
	smtp_reply(s, "250 2.1.5 Recipient taken");
}

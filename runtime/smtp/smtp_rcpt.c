/* RCPT: for whom (RFC 5321, 4.1.1.3), with NOTIFY and ORCPT (RFC 3461, 4.1 and 4.2). */
#include "runtime/smtp/smtp_path.h"
#include "runtime/smtp/smtp_session.h"

static const char *path_refusal(int outcome)
{
	switch (outcome) {
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

struct rcpt_parameters {
	unsigned notify;
	struct view orcpt;
};

static const char *read_parameter(
		struct smtp_server *s, struct view parameter, struct rcpt_parameters *out)
{
	struct view value = parameter;
	struct view name = view_cut(&value, '=');

	if (s->dsn && view_eq_nocase(name, VIEW("NOTIFY"))) {
		if (out->notify || !dsn_notify_read(value, &out->notify))
			return "501 5.5.4 NOTIFY is NEVER, or some of SUCCESS, FAILURE "
			       "and DELAY between commas";
		return NULL;
	}
	if (s->dsn && view_eq_nocase(name, VIEW("ORCPT"))) {
		if (out->orcpt.len || !dsn_is_orcpt(value, s->transaction.utf8))
			return limit_reply(LIMIT_SMTP_ORCPT);
		out->orcpt = value;
		return NULL;
	}
	return "555 5.5.4 Parameter not known";
}

/* The refusal, or NULL. */
static const char *read_parameters(
		struct smtp_server *s, struct view rest, struct rcpt_parameters *out)
{
	if (rest.len && rest.data[0] != ' ')
		return "501 5.5.4 A blank stands before each parameter";
	for (rest = view_trim(rest); rest.len; rest = view_trim(rest)) {
		const char *refused = read_parameter(s, view_cut(&rest, ' '), out);

		if (refused)
			return refused;
	}
	return NULL;
}

static const char *read_rcpt(struct smtp_server *s, struct view rest)
{
	CLEANUP(smtp_path_free) struct smtp_path path = { 0 };
	struct rcpt_parameters parameters = { 0 };
	struct smtp_path_op *op;
	const char *refused;
	int r;

	if (!view_starts_nocase(rest, VIEW("TO:")))
		return "501 5.5.4 Say RCPT TO:<user@example.org>";
	if (s->transaction.recipients >= limit_value(LIMIT_SMTP_RECIPIENTS))
		return limit_reply(LIMIT_SMTP_RECIPIENTS);
	r = smtp_path_read(s->arena, view_trim(view_from(rest, strlen("TO:"))),
			PATH_FORWARD, &path);
	if (r)
		return path_refusal(r);
	if (path.wide && !s->transaction.utf8)
		return "553 5.6.7 An address beyond ASCII needs MAIL with SMTPUTF8";
	refused = read_parameters(s, path.rest, &parameters);
	if (refused)
		return refused;
	op = smtp_path_op_new(SMTP_OP_RECIPIENT, &path.mailbox);
	op->notify = parameters.notify;
	buf_add(&op->orcpt, parameters.orcpt);
	smtp_ask(s, &op->base.op);
	return NULL;
}

void smtp_rcpt(struct smtp_server *s, struct view rest)
{
	const char *refused = read_rcpt(s, rest);

	if (refused)
		smtp_refuse(s, refused);
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

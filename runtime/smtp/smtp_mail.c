/* MAIL: who sends (RFC 5321, 4.1.1.2), with SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8
 * (RFC 6531, 3.4), RET and ENVID (RFC 3461, 4.3 and 4.4) and AUTH (RFC 4954, 5). */
#include "runtime/smtp/smtp_path.h"
#include "runtime/smtp/smtp_session.h"

struct mail_parameters {
	bool size_given, body_given, auth_given;
	uint64_t size;
	bool eight_bit, utf8;
	enum dsn_ret ret;
	struct view envid;
};

static const char *path_refusal(int outcome)
{
	switch (outcome) {
	case SMTP_PATH_E_ROUTE:
		return "501 5.1.7 Source routes are not followed";
	case SMTP_PATH_E_DOMAIN:
		return "501 5.1.7 The domain is missing, malformed or too long";
	case SMTP_PATH_E_LENGTH:
		return limit_reply(LIMIT_SMTP_PATH);
	default:
		return "501 5.1.7 Not an address: MAIL FROM:<user@example.org>";
	}
}

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static bool is_keyword(struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alpha(name.data[i]) && !byte_is_digit(name.data[i]) &&
				(i == 0 || name.data[i] != '-'))
			return false;
	return name.len > 0;
}

static const char *read_size(
		struct smtp_server *s, struct view value, struct mail_parameters *out)
{
	if (out->size_given || value.len > 20 || !view_to_u64(value, &out->size))
		return "501 5.5.4 SIZE is one number of octets";
	out->size_given = true;
	return out->size > s->message_size ? limit_reply(LIMIT_SMTP_MESSAGE) : NULL;
}

static const char *read_body(struct view value, struct mail_parameters *out)
{
	out->eight_bit = view_eq_nocase(value, VIEW("8BITMIME"));
	if (out->body_given || (!out->eight_bit && !view_eq_nocase(value, VIEW("7BIT"))))
		return "501 5.5.4 BODY is 7BIT or 8BITMIME";
	out->body_given = true;
	return NULL;
}

/* `value` is no view at all where no "=" stood there. */
static const char *read_utf8(struct view value, struct mail_parameters *out)
{
	if (out->utf8 || value.data)
		return "501 5.5.4 SMTPUTF8 stands once, without a value";
	out->utf8 = true;
	return NULL;
}

static const char *read_ret(struct view value, struct mail_parameters *out)
{
	if (out->ret != DSN_RET_UNSAID || !dsn_ret_read(value, &out->ret))
		return "501 5.5.4 RET is FULL or HDRS";
	return NULL;
}

static const char *read_envid(struct view value, struct mail_parameters *out)
{
	if (out->envid.len || !dsn_is_envid(value))
		return limit_reply(LIMIT_SMTP_ENVID);
	out->envid = value;
	return NULL;
}

/* Whom another server took the message from changes nothing here. */
static const char *read_auth(struct view value, struct mail_parameters *out)
{
	if (out->auth_given || !xtext_is_printable(value))
		return "501 5.5.4 AUTH is one address in xtext, or <>";
	out->auth_given = true;
	return NULL;
}

static const char *read_parameter(
		struct smtp_server *s, struct view parameter, struct mail_parameters *out)
{
	struct view value = parameter;
	struct view name = view_cut(&value, '=');

	if (!is_keyword(name))
		return "501 5.5.4 A parameter is KEYWORD=value";
	if (view_eq_nocase(name, VIEW("SIZE")))
		return read_size(s, value, out);
	if (view_eq_nocase(name, VIEW("BODY")))
		return read_body(value, out);
	if (view_eq_nocase(name, VIEW("SMTPUTF8")))
		return read_utf8(value, out);
	if (s->dsn && view_eq_nocase(name, VIEW("RET")))
		return read_ret(value, out);
	if (s->dsn && view_eq_nocase(name, VIEW("ENVID")))
		return read_envid(value, out);
	if (s->mode == SMTP_SUBMISSION && view_eq_nocase(name, VIEW("AUTH")))
		return read_auth(value, out);
	return "555 5.5.4 Parameter not known";
}

/* The refusal, or NULL. */
static const char *read_parameters(
		struct smtp_server *s, struct view rest, struct mail_parameters *out)
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

static void ask_for_sender(struct smtp_server *s, struct smtp_path *path,
		const struct mail_parameters *parameters)
{
	struct smtp_path_op *op = smtp_path_op_new(SMTP_OP_SENDER, &path->mailbox);

	op->size = parameters->size;
	op->utf8 = parameters->utf8;
	op->eight_bit = parameters->eight_bit;
	op->ret = parameters->ret;
	buf_add(&op->envid, parameters->envid);
	s->transaction = (struct smtp_transaction){ .utf8 = parameters->utf8 };
	smtp_ask(s, &op->base.op);
}

/* The refusal, or NULL once it was asked for. */
static const char *read_mail(struct smtp_server *s, struct view rest)
{
	CLEANUP(smtp_path_free) struct smtp_path path = { 0 };
	struct mail_parameters parameters = { 0 };
	const char *refused;
	int r;

	if (!view_starts_nocase(rest, VIEW("FROM:")))
		return "501 5.5.4 Say MAIL FROM:<user@example.org>";
	r = smtp_path_read(s->arena, view_trim(view_from(rest, strlen("FROM:"))),
			PATH_REVERSE, &path);
	if (r)
		return path_refusal(r);
	refused = read_parameters(s, path.rest, &parameters);
	if (refused)
		return refused;
	if (path.wide && !parameters.utf8)
		return "550 5.6.7 An address beyond ASCII needs SMTPUTF8";
	ask_for_sender(s, &path, &parameters);
	return NULL;
}

void smtp_mail(struct smtp_server *s, struct view rest)
{
	const char *refused;

	if (s->mode == SMTP_SUBMISSION && !s->authenticated)
		refused = s->tls ? "530 5.7.0 Log in first"
				 : "530 5.7.0 Send STARTTLS first, then log in";
	else
		refused = read_mail(s, rest);
	if (refused)
		smtp_refuse(s, refused);
}

void smtp_mail_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_op *answer = (const struct smtp_op *)op;

	if (answer->reply.len) {
		smtp_refuse_view(s, buf_view(&answer->reply));
		return;
	}
	s->transaction.open = true;
	smtp_enter(s, SMTP_SENDER);
	smtp_reply(s, "250 2.1.0 Sender taken");
}

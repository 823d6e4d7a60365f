/* MAIL: who sends (RFC 5321, 4.1.1.2), with SIZE (RFC 1870), BODY (RFC 6152) and AUTH
 * (RFC 4954, 5). */
#include "runtime/smtp/smtp_path.h"
#include "runtime/smtp/smtp_session.h"

struct mail_parameters {
	bool size_given, body_given, auth_given;
	uint64_t size;
};

static const char *path_refusal(int outcome)
{
	switch (outcome) {
	case SMTP_PATH_E_NOT_ASCII:
		return "553 5.6.7 Addresses beyond ASCII are not served by this version";
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

static bool is_hex_upper(char c)
{
	return byte_is_digit(c) || (c >= 'A' && c <= 'F');
}

/* xtext (RFC 3461, 4) that holds no control character. */
static bool is_xtext(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '=')
			return false;
		if (text.data[i] != '+')
			continue;
		if (i + 2 >= text.len || !is_hex_upper(text.data[i + 1]) ||
				!is_hex_upper(text.data[i + 2]) || text.data[i + 1] < '2')
			return false;
		i += 2;
	}
	return text.len > 0;
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
	if (out->body_given || (!view_eq_nocase(value, VIEW("7BIT")) &&
					       !view_eq_nocase(value, VIEW("8BITMIME"))))
		return "501 5.5.4 BODY is 7BIT or 8BITMIME";
	out->body_given = true;
	return NULL;
}

/* Whom another server took the message from changes nothing here. */
static const char *read_auth(struct view value, struct mail_parameters *out)
{
	if (out->auth_given || !is_xtext(value))
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

void smtp_mail(struct smtp_server *s, struct view rest)
{
	CLEANUP(buf_free) struct buf mailbox = BUF_NULL(limit_value(LIMIT_SMTP_PATH));
	struct mail_parameters parameters = { 0 };
	struct smtp_path_op *op;
	const char *refused;
	int r;

	if (s->mode == SMTP_SUBMISSION && !s->authenticated) {
		smtp_refuse(s, s->tls ? "530 5.7.0 Log in first"
				      : "530 5.7.0 Send STARTTLS first, then log in");
		return;
	}
	if (!view_starts_nocase(rest, VIEW("FROM:"))) {
		smtp_refuse(s, "501 5.5.4 Say MAIL FROM:<user@example.org>");
		return;
	}
	r = smtp_path_read(s->arena, view_trim(view_from(rest, strlen("FROM:"))),
			PATH_REVERSE, &mailbox, &rest);
	if (r) {
		smtp_refuse(s, path_refusal(r));
		return;
	}
	refused = read_parameters(s, rest, &parameters);
	if (refused) {
		smtp_refuse(s, refused);
		return;
	}
	op = smtp_path_op_new(SMTP_OP_SENDER, &mailbox);
	op->size = parameters.size;
	smtp_ask(s, &op->base.op);
}

void smtp_mail_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_op *answer = (const struct smtp_op *)op;

	if (answer->reply.len) {
		smtp_refuse_view(s, buf_view(&answer->reply));
		return;
	}
	s->transaction = (struct smtp_transaction){ .open = true };
	smtp_enter(s, SMTP_SENDER);
	smtp_reply(s, "250 2.1.0 Sender taken");
}

/* AUTH (RFC 4954): PLAIN and LOGIN, under TLS and on submission ports only. What holds a
 * password is wiped as soon as it was read. */
#include "runtime/base/base64.h"
#include "runtime/sasl/plain.h"
#include "runtime/smtp/smtp_session.h"

#define BAD_RESPONSE "501 5.5.2 Not what the mechanism asks for"

static void challenge(struct smtp_server *s, struct view text)
{
	buf_add_z(&s->out, "334 ");
	buf_add(&s->out, text);
	buf_add_z(&s->out, "\r\n");
}

static void give_up(struct smtp_server *s, const char *line)
{
	login_free(&s->login);
	smtp_enter(s, SMTP_READY);
	smtp_refuse(s, line);
}

/* All refusals read the same: whether the name exists is nobody's business. */
static void refuse_login(struct smtp_server *s)
{
	if (++s->failed_logins > limit_value(LIMIT_SMTP_LOGINS))
		smtp_close(s, limit_reply(LIMIT_SMTP_LOGINS));
	else
		give_up(s, "535 5.7.8 Name or password is wrong");
}

static void ask(struct smtp_server *s)
{
	struct smtp_login *op = smtp_login_new(
			s->plain ? "PLAIN" : "LOGIN", &s->login.credentials);

	login_free(&s->login);
	smtp_ask(s, &op->base.op);
}

static void take_message(struct smtp_server *s, struct view message)
{
	int r = s->plain ? plain_read(message, &s->login.credentials)
			 : login_answer(&s->login, message);

	if (r == SASL_E_SYNTAX)
		give_up(s, BAD_RESPONSE);
	else if (r)
		refuse_login(s);
	else if (s->plain || s->login.state == LOGIN_DONE)
		ask(s);
	else
		challenge(s, login_challenge(&s->login));
}

static void take_base64(struct smtp_server *s, struct view text)
{
	CLEANUP(buf_wipe) struct buf message = BUF_NULL(text.len + 1);

	/* all the room at once: a buffer that moves leaves a copy behind */
	if (!buf_room(&message, text.len) || !base64_decode(&message, text))
		give_up(s, "501 5.5.2 Not base64");
	else
		take_message(s, buf_view(&message));
}

void smtp_auth_response(struct smtp_server *s, struct view line)
{
	s->in_step = true;
	if (view_eq(line, VIEW("*")))
		give_up(s, "501 5.5.2 Given up");
	else
		take_base64(s, line);
}

void smtp_auth(struct smtp_server *s, struct view rest)
{
	struct view mechanism = view_cut(&rest, ' ');
	bool plain = view_eq_nocase(mechanism, VIEW("PLAIN"));

	if (s->mode == SMTP_MX) {
		smtp_refuse(s, "502 5.5.1 Nobody logs in here; use a submission port");
		return;
	}
	if (!s->tls) {
		smtp_refuse(s, "538 5.7.11 Send STARTTLS first");
		return;
	}
	if (s->authenticated) {
		smtp_refuse(s, "503 5.5.1 You are logged in already");
		return;
	}
	if (!plain && !view_eq_nocase(mechanism, VIEW("LOGIN"))) {
		smtp_refuse(s, "504 5.5.4 Mechanisms here are PLAIN and LOGIN");
		return;
	}
	s->plain = plain;
	s->login = LOGIN_NULL;
	smtp_enter(s, SMTP_AUTHENTICATING);
	if (view_eq(rest, VIEW("=")))
		take_message(s, VIEW_NULL);
	else if (rest.len)
		take_base64(s, rest);
	else
		challenge(s, plain ? VIEW_NULL : login_challenge(&s->login));
}

void smtp_auth_answered(struct smtp_server *s, struct op *op)
{
	const struct smtp_login *login = (const struct smtp_login *)op;

	switch (login->outcome) {
	case SMTP_LOGIN_OK:
		s->authenticated = true;
		s->failed_logins = 0;
		smtp_enter(s, SMTP_READY);
		smtp_reply(s, "235 2.7.0 You are logged in");
		break;
	case SMTP_LOGIN_REFUSED:
		refuse_login(s);
		break;
	case SMTP_LOGIN_UNAVAILABLE:
		smtp_enter(s, SMTP_READY);
		smtp_reply(s, "454 4.7.0 Logins cannot be checked now; try again later");
		break;
	}
}

/* STARTTLS, LOGIN (RFC 3501, 6.2), AUTHENTICATE PLAIN and LOGIN with an initial response
 * (RFC 4959). No password is taken without TLS. */
#include "runtime/base/base64.h"
#include "runtime/imap/imap_command.h"
#include "runtime/sasl/login.h"
#include "runtime/sasl/plain.h"

enum {
	RESPONSE_MAX = 4096 /* octets of a SASL response, base64 undone */
};

void imap_starttls_proceed(struct imap_session *s, struct imap_op *answer)
{
	if (s->tls || !s->can_start_tls) {
		imap_reject(s, s->tls ? "BAD TLS has begun already"
				      : "BAD TLS is not offered");
		return;
	}
	imap_finish(s, VIEW("OK Begin TLS now"));
	if (s->phase == IMAP_RUNNING)
		s->phase = IMAP_STARTING_TLS;
}

static void require_tls(struct imap_session *s, struct imap_parse *p)
{
	if (!s->tls)
		imap_parse_fail(p, "NO [PRIVACYREQUIRED] Begin TLS first");
}

/* Fills the operation; takes the password over. */
static void ask_login(struct imap_session *s, const char *mechanism, struct view user,
		struct secret *password)
{
	struct imap_login_op *op = imap_command_op(s, IMAP_OP_LOGIN);

	op->user = arena_copy(op->op.arena, user);
	op->password = secret_take(password);
	op->mechanism = mechanism;
	op->tls = s->tls;
}

/* The answer to either command. */
static void take_login(struct imap_session *s, enum imap_outcome outcome)
{
	if (outcome == IMAP_OK) {
		s->state = IMAP_AUTHENTICATED;
		s->errors = 0;
		imap_reader_trust(&s->reader);
		imap_finishf(s, "OK [CAPABILITY %s] Logged in", imap_capabilities(s));
		return;
	}
	if (outcome == IMAP_E_REFUSED)
		s->errors++;
	imap_refuse(s, outcome);
}

/* -- LOGIN -- */

void imap_login_parse(struct imap_session *s, struct imap_parse *p)
{
	CLEANUP(credentials_free) struct credentials credentials = CREDENTIALS_NULL;
	struct view user, password;

	imap_parse_space(p);
	user = imap_parse_astring(p);
	imap_parse_space(p);
	password = imap_parse_astring(p);
	imap_parse_end(p);
	require_tls(s, p);
	if (p->error)
		return;
	if (credentials_set_user(&credentials, user) ||
			credentials_set_password(&credentials, password)) {
		s->errors++;
		imap_parse_fail(p, "NO [AUTHENTICATIONFAILED] Not a name and a password");
		return;
	}
	ask_login(s, "login", buf_view(&credentials.user), &credentials.password);
}

void imap_login_proceed(struct imap_session *s, struct imap_op *answer)
{
	if (!answer)
		imap_issue_command_op(s);
	else
		take_login(s, answer->outcome);
}

/* -- AUTHENTICATE -- */

struct authenticate {
	bool plain;
	bool initial;         /* a first response came with the command */
	struct view response; /* where it did; in base64 */
};

void imap_authenticate_parse(struct imap_session *s, struct imap_parse *p)
{
	struct authenticate *a = ARENA_NEW(s->command->arena, struct authenticate);
	struct view mechanism;

	s->command->state = a;
	login_free(&s->login);
	s->login = LOGIN_NULL;
	imap_parse_space(p);
	mechanism = imap_parse_atom(p);
	a->plain = view_eq_nocase(mechanism, VIEW("PLAIN"));
	a->initial = imap_parse_take(p, ' ');
	if (a->initial) {
		a->response = view_of(p->data + p->at, p->len - p->at);
		p->at = p->len;
	}
	imap_parse_end(p);
	if (!a->plain && !view_eq_nocase(mechanism, VIEW("LOGIN")))
		imap_parse_fail(p, "NO [CANNOT] That mechanism is not offered");
	require_tls(s, p);
}

static void ask_line(struct imap_session *s, const struct authenticate *a)
{
	imap_say(s, VIEW("+ "));
	if (!a->plain)
		imap_say(s, login_challenge(&s->login));
	imap_say(s, VIEW("\r\n"));
	imap_want_line(s);
}

static void refuse_response(struct imap_session *s)
{
	login_free(&s->login);
	imap_reject(s, "BAD The response is not what the mechanism says");
}

static void take_plain(struct imap_session *s, struct view message)
{
	CLEANUP(credentials_free) struct credentials credentials = CREDENTIALS_NULL;

	switch (plain_read(message, &credentials)) {
	case 0:
		ask_login(s, "plain", buf_view(&credentials.user), &credentials.password);
		imap_issue_command_op(s);
		break;
	case SASL_E_AUTHZID:
		s->errors++;
		imap_finish(s, VIEW("NO [AUTHORIZATIONFAILED] Log in for yourself"));
		break;
	default:
		refuse_response(s);
	}
}

static void take_login_response(
		struct imap_session *s, struct authenticate *a, struct view message)
{
	struct credentials *credentials = &s->login.credentials;

	if (login_answer(&s->login, message)) {
		refuse_response(s);
		return;
	}
	if (s->login.state != LOGIN_DONE) {
		ask_line(s, a);
		return;
	}
	ask_login(s, "login", buf_view(&credentials->user), &credentials->password);
	login_free(&s->login);
	imap_issue_command_op(s);
}

static void take_response(struct imap_session *s, struct view text)
{
	CLEANUP(buf_wipe) struct buf message = BUF_NULL(RESPONSE_MAX);
	struct authenticate *a = s->command->state;

	s->input = IMAP_INPUT_COMMAND;
	if (!base64_decode(&message, text) || buf_failed(&message))
		refuse_response(s);
	else if (a->plain)
		take_plain(s, buf_view(&message));
	else
		take_login_response(s, a, buf_view(&message));
}

void imap_authenticate_line(struct imap_session *s, struct view line)
{
	if (!view_eq(line, VIEW("*"))) {
		take_response(s, line);
		return;
	}
	login_free(&s->login);
	imap_reject(s, "BAD Cancelled, as you wish");
}

void imap_authenticate_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct authenticate *a = s->command->state;

	if (answer)
		take_login(s, answer->outcome);
	else if (!a->initial)
		ask_line(s, a);
	else if (view_eq(a->response, VIEW("=")))
		take_response(s, VIEW(""));
	else
		take_response(s, a->response);
}

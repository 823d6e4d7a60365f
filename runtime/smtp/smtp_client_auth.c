/* AUTH (RFC 4954): PLAIN (RFC 4616), and LOGIN for those who know nothing else; inside TLS,
 * or within this machine. What holds the password is wiped behind its use. */
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/smtp/smtp_client_session.h"

enum {
	AUTH_LINE = 512 /* octets of a command with its initial response, RFC 4954, 4 */
};

/* Room at once: a buffer that grew in its place could leave a copy behind. */
static void make_room(struct buf *b, size_t len)
{
	if (!buf_room(b, len))
		die("the room for a password is not its limit");
}

/* `first` CR LF, with the secret in base64 behind it. */
static void say_secret(struct smtp_client *s, const char *first, struct view secret)
{
	make_room(&s->out, strlen(first) + 4 * (secret.len / 3 + 1) + 2);
	buf_add_z(&s->out, first);
	base64_add(&s->out, secret);
	buf_add_z(&s->out, "\r\n");
	s->secret_out = true;
}

/* authzid NUL authcid NUL password, the first left empty. */
static void say_plain(struct smtp_client *s, const char *first)
{
	struct view user = buf_view(&s->user), password = secret_expose(&s->password);
	CLEANUP(buf_wipe) struct buf message = BUF_NULL(user.len + password.len + 2);

	make_room(&message, user.len + password.len + 2);
	buf_add_byte(&message, '\0');
	buf_add(&message, user);
	buf_add_byte(&message, '\0');
	buf_add(&message, password);
	say_secret(s, first, buf_view(&message));
}

static bool plain_fits(const struct smtp_client *s)
{
	size_t len = s->user.len + s->password.len + 2;

	return strlen("AUTH PLAIN \r\n") + 4 * ((len + 2) / 3) <= AUTH_LINE;
}

void smtp_client_log_in(struct smtp_client *s)
{
	if (!s->tls && !s->on_this_machine) {
		smtp_client_fail_by_us(s, SMTP_STAGE_AUTH, "4.7.0",
				"a password is not sent without TLS");
		return;
	}
	if (!(s->offers & (SMTP_OFFERS_PLAIN | SMTP_OFFERS_LOGIN))) {
		smtp_client_fail_by_us(s, SMTP_STAGE_AUTH, "4.7.0",
				"the server offers neither AUTH PLAIN nor AUTH LOGIN");
		return;
	}
	smtp_client_enter(s, SMTP_CLIENT_AUTH);
	smtp_client_await(s, s->times.hello);
	if (!(s->offers & SMTP_OFFERS_PLAIN)) {
		s->auth_at = SMTP_CLIENT_AUTH_USER;
		buf_add_z(&s->out, "AUTH LOGIN\r\n");
	} else if (plain_fits(s)) {
		s->auth_at = SMTP_CLIENT_AUTH_LAST;
		say_plain(s, "AUTH PLAIN ");
	} else {
		s->auth_at = SMTP_CLIENT_AUTH_MESSAGE;
		buf_add_z(&s->out, "AUTH PLAIN\r\n");
	}
}

/* The server waits for the next part. */
static void respond(struct smtp_client *s)
{
	smtp_client_await(s, s->times.hello);
	switch (s->auth_at) {
	case SMTP_CLIENT_AUTH_MESSAGE:
		s->auth_at = SMTP_CLIENT_AUTH_LAST;
		say_plain(s, "");
		break;
	case SMTP_CLIENT_AUTH_USER:
		s->auth_at = SMTP_CLIENT_AUTH_PASSWORD;
		say_secret(s, "", buf_view(&s->user));
		break;
	case SMTP_CLIENT_AUTH_PASSWORD:
		s->auth_at = SMTP_CLIENT_AUTH_LAST;
		say_secret(s, "", secret_expose(&s->password));
		break;
	case SMTP_CLIENT_AUTH_LAST:
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"it asks for more than the mechanism has");
		break;
	}
}

void smtp_client_auth_heard(struct smtp_client *s)
{
	unsigned class = s->reply.code / 100;

	if (class >= 4)
		smtp_client_fail_by_reply(s);
	else if (class == 3)
		respond(s);
	else if (s->auth_at == SMTP_CLIENT_AUTH_LAST)
		smtp_client_go_on(s);
	else
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"it accepts a login that was not made");
}

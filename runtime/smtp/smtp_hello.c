/* EHLO, HELO and STARTTLS: who is there, and starting over. */
#include "runtime/base/limit.h"
#include "runtime/smtp/smtp_session.h"

static bool is_name(struct view name)
{
	if (name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	return true;
}

static void capabilities(struct smtp_server *s)
{
	buf_addf(&s->out, "250-%.*s\r\n", VIEW_ARG(buf_view(&s->name)));
	buf_add_z(&s->out, "250-PIPELINING\r\n250-SIZE ");
	buf_add_u64(&s->out, s->message_size);
	buf_add_z(&s->out, "\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n");
	if (s->starttls && !s->tls)
		buf_add_z(&s->out, "250-STARTTLS\r\n");
	if (s->mode == SMTP_SUBMISSION && s->tls)
		buf_add_z(&s->out, "250-AUTH PLAIN LOGIN\r\n");
	if (s->dsn)
		buf_add_z(&s->out, "250-DSN\r\n");
	buf_add_z(&s->out, "250 ENHANCEDSTATUSCODES\r\n");
}

void smtp_welcome(struct smtp_server *s)
{
	if (s->extended)
		capabilities(s);
	else
		buf_addf(&s->out, "250 %.*s\r\n", VIEW_ARG(buf_view(&s->name)));
}

static void hello(struct smtp_server *s, struct view name, bool extended)
{
	if (name.len > limit_value(LIMIT_SMTP_DOMAIN)) {
		smtp_refuse(s, limit_reply(LIMIT_SMTP_DOMAIN));
		return;
	}
	if (!is_name(name)) {
		smtp_refuse(s, "501 5.5.4 Say the name of your host");
		return;
	}
	buf_clear(&s->hello);
	buf_add(&s->hello, name);
	s->extended = extended;
	if (s->state == SMTP_GREETED)
		smtp_enter(s, SMTP_READY);
	smtp_forget(s, SMTP_AFTER_HELLO);
}

void smtp_ehlo(struct smtp_server *s, struct view rest)
{
	hello(s, rest, true);
}

void smtp_helo(struct smtp_server *s, struct view rest)
{
	hello(s, rest, false);
}

void smtp_starttls(struct smtp_server *s, struct view rest)
{
	(void)rest;
	if (s->tls) {
		smtp_refuse(s, "503 5.5.1 TLS is on already");
		return;
	}
	if (!s->starttls) {
		smtp_refuse(s, "502 5.5.1 TLS is not offered here");
		return;
	}
	smtp_enter(s, SMTP_TLS_STARTING);
	smtp_reply(s, "220 2.0.0 Ready to start TLS");
}

/* All that was said before is forgotten (RFC 3207, 4.2). */
void smtp_tls_started(struct smtp_server *s)
{
	s->tls = true;
	s->in_step = false;
	buf_clear(&s->hello);
	smtp_enter(s, SMTP_GREETED);
}

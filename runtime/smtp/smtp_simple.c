/* The commands that need a line each: RSET, NOOP, QUIT, VRFY, EXPN, HELP. */
#include "runtime/smtp/smtp_session.h"

void smtp_rset(struct smtp_server *s, struct view rest)
{
	(void)rest;
	smtp_forget(s, SMTP_AFTER_RSET);
}

void smtp_noop(struct smtp_server *s, struct view rest)
{
	(void)rest;
	smtp_reply(s, "250 2.0.0 Ok");
}

/* Says nothing about who is here (RFC 5321, 7.3). */
void smtp_vrfy(struct smtp_server *s, struct view rest)
{
	if (rest.len == 0)
		smtp_refuse(s, "501 5.5.4 Say whom");
	else
		smtp_reply(s, "252 2.5.0 Not verified; send mail, and it will be tried");
}

void smtp_expn(struct smtp_server *s, struct view rest)
{
	(void)rest;
	smtp_refuse(s, "502 5.5.1 Lists are not expanded here");
}

void smtp_help(struct smtp_server *s, struct view rest)
{
	(void)rest;
	smtp_reply(s, "214 2.0.0 See RFC 5321; write to postmaster for the rest");
}

void smtp_quit(struct smtp_server *s, struct view rest)
{
	(void)rest;
	smtp_close(s, "221 2.0.0 Bye");
}

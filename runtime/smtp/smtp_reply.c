#include "runtime/base/limit.h"
#include "runtime/smtp/smtp_session.h"

enum {
	FREE_ERRORS = 5, /* after so many the peer begins to wait */
	LONGEST_WAIT_S = 5
};

void smtp_reply(struct smtp_server *s, const char *line)
{
	smtp_reply_view(s, view_z(line));
}

void smtp_reply_view(struct smtp_server *s, struct view line)
{
	line = view_sub(line, 0, SMTP_REPLY_SIZE);
	for (size_t i = 0; i < line.len; i++) {
		char c = line.data[i];

		buf_add_byte(&s->out, c >= ' ' && c <= '~' ? c : '?');
	}
	buf_add(&s->out, VIEW("\r\n"));
}

static nstime wait_after(unsigned errors)
{
	nstime span = NS_PER_S * LONGEST_WAIT_S;

	return errors < 8 ? nstime_min((NS_PER_S / 4) << errors, span) : span;
}

void smtp_refuse(struct smtp_server *s, const char *line)
{
	smtp_refuse_view(s, view_z(line));
}

void smtp_refuse_view(struct smtp_server *s, struct view line)
{
	if (!view_starts(line, VIEW("5"))) {
		smtp_reply_view(s, line);
		return;
	}
	if (++s->errors > limit_value(LIMIT_SMTP_ERRORS)) {
		smtp_close(s, limit_reply(LIMIT_SMTP_ERRORS));
		return;
	}
	if (s->errors > FREE_ERRORS)
		s->hold_until = s->now + wait_after(s->errors - FREE_ERRORS - 1);
	smtp_reply_view(s, line);
}

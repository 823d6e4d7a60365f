/* What was said and heard, for who asked to see it: lines of commands and replies. The
 * message itself and what logs in are left out. */
#include "runtime/smtp/smtp_client_session.h"

/* There is more, and no room for it. */
static void give_up_when_full(struct smtp_client *s)
{
	if (!buf_failed(&s->transcript))
		return;
	buf_clear(&s->transcript);
	s->transcribes = false;
}

static void end_line(struct smtp_client *s)
{
	if (s->in_line)
		buf_add_byte(&s->transcript, '\n');
	s->in_line = false;
}

/* A message's octets are on their way, or may still be. */
static bool is_message(const struct smtp_client *s)
{
	return s->state == SMTP_CLIENT_BODY || s->state == SMTP_CLIENT_FINAL ||
	       s->state == SMTP_CLIENT_TOLD;
}

/* They may come in parts of lines. */
static void add_said(struct smtp_client *s, struct view bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (!s->in_line)
			buf_add_z(&s->transcript, "C: ");
		s->in_line = true;
		if (bytes.data[i] == '\n')
			end_line(s);
		else if (bytes.data[i] != '\r')
			buf_add_byte(&s->transcript, bytes.data[i]);
	}
}

void smtp_client_transcribe_said(struct smtp_client *s, struct view bytes)
{
	if (!s->transcribes || is_message(s))
		return;
	if (!s->secret_out)
		add_said(s, bytes);
	else if (bytes.len == s->out.len) /* the last of it */
		add_said(s, VIEW("(what logs in)\n"));
	give_up_when_full(s);
}

void smtp_client_transcribe_heard(struct smtp_client *s)
{
	struct view lines = buf_view(&s->reply.text);

	if (!s->transcribes)
		return;
	end_line(s);
	do {
		struct view line = view_cut(&lines, '\n');

		buf_addf(&s->transcript, "S: %u %s%s%.*s\n", s->reply.code,
				s->reply.status, s->reply.status[0] ? " " : "",
				VIEW_ARG(line));
	} while (lines.len);
	give_up_when_full(s);
}

struct view smtp_client_take_transcript(struct smtp_client *s, struct arena *arena)
{
	struct view text = arena_copy(arena, buf_view(&s->transcript));

	buf_clear(&s->transcript);
	return text;
}

/* Command lines and responses to AUTH: gathered up to their limit, wiped behind their use. */
#include "runtime/base/error.h"
#include "runtime/smtp/smtp_session.h"

enum {
	TLS_HANDSHAKE = 22 /* the first byte of a TLS record that begins a session */
};

static size_t line_limit(const struct smtp_server *s)
{
	bool auth = s->state == SMTP_AUTHENTICATING ||
		    view_starts_nocase(buf_view(&s->line), VIEW("AUTH "));

	return limit_value(auth ? LIMIT_SMTP_AUTH_LINE : LIMIT_SMTP_COMMAND_LINE);
}

static void forget_line(struct smtp_server *s)
{
	if (s->line.len)
		explicit_bzero(s->line.data, s->line.len);
	buf_clear(&s->line);
	s->discarded = 0;
}

/* Makes room for `len` more bytes of a line that may hold a password: a buffer that grew
 * in its place could leave a copy behind. */
static void make_room(struct smtp_server *s, size_t len)
{
	struct buf larger = BUF_NULL(limit_value(LIMIT_SMTP_AUTH_LINE));

	if (s->line.capacity - s->line.len >= len)
		return;
	if (!buf_room(&larger, s->line.data ? larger.max
					    : limit_value(LIMIT_SMTP_COMMAND_LINE)))
		die("the room for a line is not its limit");
	buf_add(&larger, buf_view(&s->line));
	buf_wipe(&s->line);
	s->line = larger;
}

/* Keeps bytes of a line up to its limit; from there on they are only counted. */
static void gather(struct smtp_server *s, struct view bytes)
{
	while (bytes.len && s->discarded == 0) {
		size_t limit = line_limit(s);
		struct view part = view_sub(bytes, 0, limit - s->line.len);

		if (part.len == 0)
			break;
		/* what kind of line it is may be known only after its first bytes */
		if (s->line.len < strlen("AUTH "))
			part = view_sub(part, 0, strlen("AUTH ") - s->line.len);
		make_room(s, part.len);
		buf_add(&s->line, part);
		bytes = view_from(bytes, part.len);
	}
	if (bytes.len)
		s->discarded += bytes.len;
}

static void line_too_long(struct smtp_server *s)
{
	bool auth = line_limit(s) == limit_value(LIMIT_SMTP_AUTH_LINE);

	if (s->state == SMTP_AUTHENTICATING) {
		login_free(&s->login);
		smtp_enter(s, SMTP_READY);
	}
	forget_line(s);
	smtp_refuse(s, limit_reply(auth ? LIMIT_SMTP_AUTH_LINE
					: LIMIT_SMTP_COMMAND_LINE));
}

static void whole_line(struct smtp_server *s)
{
	struct view line = buf_view(&s->line);

	if (s->discarded) {
		line_too_long(s);
		return;
	}
	if (!view_ends(line, VIEW("\r\n"))) {
		forget_line(s);
		smtp_refuse(s, "500 5.5.2 A line ends with CR LF");
		return;
	}
	line = view_sub(line, 0, line.len - 2);
	if (s->state == SMTP_AUTHENTICATING)
		smtp_auth_response(s, line);
	else
		smtp_command(s, line);
	arena_reset(s->arena);
	forget_line(s);
}

size_t smtp_line_bytes(struct smtp_server *s, struct view bytes)
{
	size_t at = view_find(bytes, '\n');
	size_t len = at < bytes.len ? at + 1 : at;

	if (s->line.len == 0 && bytes.data[0] == TLS_HANDSHAKE) {
		smtp_close(s, "421 4.7.0 TLS begins with STARTTLS here");
		return bytes.len;
	}
	gather(s, view_sub(bytes, 0, len));
	if (s->discarded > limit_value(LIMIT_SMTP_DISCARD)) {
		smtp_close(s, limit_reply(LIMIT_SMTP_DISCARD));
		return bytes.len;
	}
	if (at < bytes.len) {
		whole_line(s);
		if (!s->waiting)
			smtp_boundary(s);
	}
	return len;
}

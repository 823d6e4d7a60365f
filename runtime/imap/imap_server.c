#include "runtime/imap/imap_server.h"

#include "runtime/base/error.h"
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_session.h"

#include <stdlib.h>

enum {
	OUTPUT_MAX = 64 * 1024 * 1024, /* an answer about the largest of mailboxes */
	OUTPUT_KEPT = 1024,            /* a buffer so small stays while idle */
};

static struct imap_session *session_of(const struct engine *engine)
{
	return (struct imap_session *)engine;
}

/* -- commands -- */

/* Reads tag and name and looks the command up. */
static const struct imap_command_row *read_command_name(
		struct imap_session *s, struct imap_parse *p)
{
	const struct imap_command_row *row;
	struct imap_command *c = s->command;
	struct view name;

	c->tag = imap_parse_tag(p);
	if (p->error) {
		c->tag = VIEW("*");
		return NULL;
	}
	imap_parse_space(p);
	name = imap_parse_atom(p);
	c->uid = view_eq_nocase(name, VIEW("UID"));
	if (c->uid) {
		imap_parse_space(p);
		name = imap_parse_atom(p);
	}
	row = imap_command_find(name);
	if (!row || (c->uid && !(row->flags & IMAP_HAS_UID)))
		imap_parse_fail(p, "BAD There is no such command");
	else if (!(row->states & s->state))
		imap_parse_fail(p, s->state == IMAP_GREETED ? "BAD Log in first"
							    : "BAD Not in this state");
	if (p->error)
		return NULL;
	imap_command_count(s, row);
	return row;
}

static void run_command(struct imap_session *s)
{
	struct imap_command *c = imap_command_new(s);
	struct imap_parse p;

	c->text = imap_reader_take(&s->reader);
	p = (struct imap_parse){ .data = c->text.data, .len = c->text.len };
	c->row = read_command_name(s, &p);
	if (c->row)
		c->row->parse(s, &p);
	if (p.error)
		imap_reject(s, p.error);
	else
		c->row->proceed(s, NULL);
}

/* True where the literal that is announced is the message of an APPEND: it then runs. */
static bool run_append(struct imap_session *s)
{
	static const char word[] = "APPEND ";
	struct view text = buf_view(&s->reader.text);
	size_t name = view_find(text, ' ') + 1;
	struct imap_command *c;
	struct imap_parse p;

	if (!view_starts_nocase(view_from(text, name), view_z(word)) ||
			s->reader.announced == name + strlen(word))
		return false;
	c = imap_command_new(s);
	c->text = imap_reader_take(&s->reader);
	p = (struct imap_parse){ .data = c->text.data, .len = s->reader.announced };
	c->row = read_command_name(s, &p);
	imap_append_begin(s, &p);
	return true;
}

static void refuse_literal(struct imap_session *s)
{
	struct imap_command *c = imap_command_new(s);
	struct imap_parse p;

	c->text = imap_reader_take(&s->reader);
	p = (struct imap_parse){ .data = c->text.data, .len = c->text.len };
	c->tag = imap_parse_tag(&p);
	if (p.error)
		c->tag = VIEW("*");
	imap_reject(s, limit_reply(LIMIT_IMAP_LITERAL));
}

/* A literal of a command; of an APPEND it may be the message. */
static void take_literal(struct imap_session *s)
{
	struct imap_reader *r = &s->reader;

	if (run_append(s))
		return;
	if (r->left <= limit_value(LIMIT_IMAP_LITERAL) && imap_reader_accept(r)) {
		if (!r->nonsync)
			imap_say(s, VIEW("+ Ready\r\n"));
	} else if (r->nonsync) {
		imap_bye(s, "[TOOBIG] Command too large");
	} else {
		refuse_literal(s);
	}
}

/* A line for the command that runs. */
static void take_line(struct imap_session *s, struct view line)
{
	if (s->input == IMAP_INPUT_TAIL)
		imap_append_line(s, line);
	else
		s->command->row->line(s, line);
}

static void take_running_line(struct imap_session *s)
{
	CLEANUP(buf_wipe) struct buf text = imap_reader_take(&s->reader);

	take_line(s, buf_view(&text));
}

static void take_event(struct imap_session *s, enum imap_reader_event event)
{
	struct imap_reader *r = &s->reader;
	bool in_command = s->input != IMAP_INPUT_COMMAND;

	switch (event) {
	case IMAP_READER_MORE:
		break;
	case IMAP_READER_LINE:
		if (in_command)
			take_running_line(s);
		else
			run_command(s);
		break;
	case IMAP_READER_LITERAL:
		if (r->nonsync &&
				(s->input == IMAP_INPUT_LINE ||
						r->left > limit_value(LIMIT_IMAP_NONSYNC_LITERAL)))
			imap_bye(s, "[TOOBIG] A literal that must be asked for first");
		else if (s->input == IMAP_INPUT_TAIL)
			imap_append_next(s);
		else if (in_command)
			take_running_line(s);
		else
			take_literal(s);
		break;
	case IMAP_READER_OCTETS:
		imap_append_octets(s, r->octets);
		break;
	case IMAP_READER_END:
		imap_append_end(s);
		break;
	case IMAP_READER_BARE_LF:
		if (in_command)
			take_line(s, VIEW("\n"));
		else
			imap_reject(s, "BAD Lines end in CRLF");
		break;
	case IMAP_READER_TOO_BIG:
		imap_bye(s, "[TOOBIG] Command too large");
		break;
	case IMAP_READER_BAD_LITERAL:
		imap_bye(s, "[TOOBIG] A literal whose size is no number");
		break;
	}
}

/* -- the engine -- */

static bool takes_bytes(const struct imap_session *s)
{
	return s->phase == IMAP_RUNNING && !s->op && !s->op_is_out && !s->awaits_flush &&
	       imap_output_waiting(s) <= IMAP_OUTPUT_HIGH;
}

static void close_on_overflow(struct imap_session *s)
{
	if (buf_failed(&s->out))
		s->phase = IMAP_CLOSING;
}

/* The client has said all it will say: what it asked for is answered, what it has not
 * finished never will be. */
static void close_if_over(struct imap_session *s)
{
	bool works = s->op || s->op_is_out || s->awaits_flush;

	if (s->eof && !works)
		s->phase = IMAP_CLOSING;
}

static size_t imap_feed(struct engine *engine, struct view bytes, nstime now)
{
	struct imap_session *s = session_of(engine);
	size_t taken = 0;

	s->active = now;
	if (s->phase == IMAP_STARTING_TLS && bytes.len) {
		imap_say(s, VIEW("* BAD Bytes arrived before TLS began\r\n"));
		s->phase = IMAP_CLOSING;
	}
	while (taken < bytes.len && takes_bytes(s)) {
		size_t room = s->input == IMAP_INPUT_MESSAGE ? imap_append_room(s) : 0;
		enum imap_reader_event event;

		taken += imap_reader_feed(
				&s->reader, view_from(bytes, taken), room, &event);
		take_event(s, event);
	}
	close_on_overflow(s);
	return s->phase == IMAP_CLOSING ? bytes.len : taken;
}

static struct op *imap_next_op(struct engine *engine)
{
	struct imap_session *s = session_of(engine);

	if (!s->op || s->phase == IMAP_CLOSING)
		return NULL;
	s->op_is_out = true;
	return &TAKE(s->op)->op;
}

/* The changes were asked for at the end of a command, or while it idles. */
static void take_sync(struct imap_session *s, const struct imap_sync_op *sync)
{
	imap_tell_changes(s, sync);
	if (s->phase == IMAP_CLOSING)
		return;
	if (s->command->reply.data)
		imap_end_command(s);
	else if (s->view->changed)
		imap_sync(s);
}

static void imap_answer(struct engine *engine, struct op *op, nstime now)
{
	struct imap_session *s = session_of(engine);

	s->op_is_out = false;
	s->active = now;
	if (s->phase == IMAP_CLOSING) {
		op_free(op);
	} else if (op->kind == IMAP_OP_SYNC) {
		take_sync(s, (struct imap_sync_op *)op);
		op_free(op);
	} else {
		s->command->op = (struct imap_op *)op;
		s->command->row->proceed(s, s->command->op);
	}
	close_on_overflow(s);
	close_if_over(s);
}

static bool idles(const struct imap_session *s)
{
	return s->input == IMAP_INPUT_LINE &&
	       s->command->row->proceed == imap_idle_proceed;
}

static void drain(struct imap_session *s)
{
	if (!s->command || idles(s) || s->state == IMAP_GREETED)
		imap_bye(s, "The server is stopping; connect again");
	else
		s->draining = true;
}

static void changed(struct imap_session *s, uint64_t mailbox)
{
	imap_touched(s, mailbox);
	if (s->view && s->view->changed && idles(s) && !s->op && !s->op_is_out)
		imap_sync(s);
}

/* Of the account, or of a shared mailbox that is selected. */
static void revoked(struct imap_session *s, uint64_t mailbox)
{
	if (mailbox == 0)
		imap_bye(s, "This account may not be used any more");
	else if (s->view && s->view->mailbox == mailbox)
		imap_bye(s, "The selected mailbox may not be used any more");
}

static void tls_started(struct imap_session *s)
{
	s->tls = true;
	s->can_start_tls = false;
	imap_reader_deinit(&s->reader);
	imap_reader_init(&s->reader);
	s->phase = IMAP_RUNNING;
}

static void imap_event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	struct imap_session *s = session_of(engine);

	if (s->phase == IMAP_CLOSING)
		return;
	switch (event) {
	case ENGINE_TLS_STARTED:
		tls_started(s);
		break;
	case ENGINE_EOF:
		s->eof = true;
		close_if_over(s);
		break;
	case ENGINE_CHANGED:
		changed(s, arg);
		break;
	case ENGINE_REVOKED:
		revoked(s, arg);
		break;
	case ENGINE_DRAIN:
		drain(s);
		break;
	case ENGINE_TIMEOUT:
		imap_bye(s, "Too slow");
		break;
	case ENGINE_SHED:
		imap_bye(s, "Too busy for all of you; try again later");
		break;
	}
}

static struct view imap_output(struct engine *engine)
{
	struct imap_session *s = session_of(engine);

	return view_from(buf_view(&s->out), s->out_sent);
}

static void imap_sent(struct engine *engine, size_t len)
{
	struct imap_session *s = session_of(engine);

	s->out_sent += len;
	if (s->out_sent == s->out.len) {
		buf_clear(&s->out);
		s->out_sent = 0;
		if (s->out.capacity > OUTPUT_KEPT)
			buf_free(&s->out);
	} else if (s->out_sent >= IMAP_OUTPUT_HIGH && s->out_sent >= s->out.len / 2) {
		buf_consume(&s->out, s->out_sent);
		s->out_sent = 0;
	}
	if (s->awaits_flush && s->phase == IMAP_RUNNING &&
			imap_output_waiting(s) <= IMAP_OUTPUT_HIGH / 2) {
		s->awaits_flush = false;
		s->command->row->proceed(s, NULL);
		close_on_overflow(s);
		close_if_over(s);
	}
}

static nstime imap_deadline(const struct engine *engine)
{
	const struct imap_session *s = session_of(engine);

	if (s->phase == IMAP_CLOSING || s->op || s->op_is_out)
		return NSTIME_NEVER;
	if (s->state == IMAP_GREETED)
		return s->opened + nstime_seconds(IMAP_SECONDS_TO_LOGIN);
	return s->active + nstime_seconds(IMAP_SECONDS_IDLE);
}

static void imap_tick(struct engine *engine, nstime now)
{
	struct imap_session *s = session_of(engine);

	if (now >= imap_deadline(engine))
		imap_bye(s, s->state == IMAP_GREETED ? "Too slow to log in"
						     : "Idle for too long");
}

static unsigned imap_want(const struct engine *engine)
{
	const struct imap_session *s = session_of(engine);

	if (s->phase == IMAP_CLOSING)
		return WANT_CLOSE | (s->op_is_out ? WANT_ANSWER : 0);
	if (s->phase == IMAP_STARTING_TLS)
		return WANT_TLS | WANT_READ; /* bytes now come too early */
	if (s->op || s->op_is_out)
		return WANT_ANSWER;
	return takes_bytes(s) ? WANT_READ : WANT_FLUSH;
}

/* What an operation that is out gathers is known when it comes back. */
static size_t imap_held(const struct engine *engine)
{
	const struct imap_session *s = session_of(engine);
	const struct imap_command *c = s->command;
	size_t bytes = s->out.capacity + s->reader.text.capacity;

	if (s->view)
		bytes += s->view->uids.capacity * sizeof(*s->view->uids.ranges);
	bytes += s->saved.capacity * sizeof(*s->saved.ranges);
	if (!c)
		return bytes;
	bytes += arena_used(c->arena) + c->text.capacity;
	if (s->input == IMAP_INPUT_MESSAGE)
		bytes += IMAP_CHUNK;
	if (c->op)
		bytes += arena_used(c->op->arena) + arena_used(c->op->results);
	return bytes;
}

static void imap_free(struct engine *engine)
{
	struct imap_session *s = session_of(engine);

	op_free((struct op *)s->op);
	imap_command_free(s);
	imap_view_free(s->view);
	uid_set_free(&s->saved);
	login_free(&s->login);
	imap_reader_deinit(&s->reader);
	buf_free(&s->out);
	free(s);
}

static const struct engine_class imap_class = {
	.protocol = "imap",
	.feed = imap_feed,
	.next_op = imap_next_op,
	.answer = imap_answer,
	.event = imap_event,
	.output = imap_output,
	.sent = imap_sent,
	.tick = imap_tick,
	.deadline = imap_deadline,
	.want = imap_want,
	.held = imap_held,
	.free = imap_free,
};

struct engine *imap_server_new(const struct imap_server_options *options, nstime now)
{
	struct imap_session *s = xcalloc(1, sizeof(*s));

	s->engine.class = &imap_class;
	s->state = IMAP_GREETED;
	s->counts = options->counts;
	s->tls = options->tls;
	s->can_start_tls = options->can_start_tls;
	s->opened = s->active = now;
	s->out = BUF_NULL(OUTPUT_MAX);
	s->login = LOGIN_NULL;
	imap_reader_init(&s->reader);
	imap_sayf(s, "* OK [CAPABILITY %s] posthus is ready\r\n", imap_capabilities(s));
	return &s->engine;
}

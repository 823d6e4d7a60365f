/* The engine's own work: states, operations, events and time. Lines, and what the commands
 * mean, are in the files beside this one. */
#include "runtime/base/error.h"
#include "runtime/smtp/smtp_session.h"

#include <assert.h>
#include <stdlib.h>

enum {
	COMMAND_MINUTES = 5, /* RFC 5321, 4.5.3.2.7 */
	OUTPUT_HIGH = 16384, /* reading stops until the peer has read */
	OUTPUT_SIZE = 4 * OUTPUT_HIGH
};

#define MOVE(state) (1u << (state))

/* clang-format off */
static const unsigned moves[SMTP_STATES] = {
	[SMTP_QUIET]          = MOVE(SMTP_GREETED) | MOVE(SMTP_CLOSING),
	[SMTP_GREETED]        = MOVE(SMTP_READY) | MOVE(SMTP_DISCARD) | MOVE(SMTP_CLOSING),
	[SMTP_READY]          = MOVE(SMTP_AUTHENTICATING) | MOVE(SMTP_SENDER) | MOVE(SMTP_DISCARD) | MOVE(SMTP_TLS_STARTING) | MOVE(SMTP_CLOSING),
	[SMTP_AUTHENTICATING] = MOVE(SMTP_READY) | MOVE(SMTP_CLOSING),
	[SMTP_SENDER]         = MOVE(SMTP_READY) | MOVE(SMTP_ADDRESSED) | MOVE(SMTP_DISCARD) | MOVE(SMTP_CLOSING),
	[SMTP_ADDRESSED]      = MOVE(SMTP_READY) | MOVE(SMTP_DATA) | MOVE(SMTP_CHUNK) | MOVE(SMTP_DISCARD) | MOVE(SMTP_CLOSING),
	[SMTP_DATA]           = MOVE(SMTP_READY) | MOVE(SMTP_CLOSING),
	[SMTP_CHUNK]          = MOVE(SMTP_CHUNKED) | MOVE(SMTP_READY) | MOVE(SMTP_FAILED) | MOVE(SMTP_CLOSING),
	[SMTP_CHUNKED]        = MOVE(SMTP_CHUNK) | MOVE(SMTP_READY) | MOVE(SMTP_FAILED) | MOVE(SMTP_CLOSING),
	[SMTP_DISCARD]        = MOVE(SMTP_GREETED) | MOVE(SMTP_READY) | MOVE(SMTP_FAILED) | MOVE(SMTP_CLOSING),
	[SMTP_FAILED]         = MOVE(SMTP_READY) | MOVE(SMTP_DISCARD) | MOVE(SMTP_CLOSING),
	[SMTP_TLS_STARTING]   = MOVE(SMTP_GREETED) | MOVE(SMTP_CLOSING),
	[SMTP_CLOSING]        = 0,
};
/* clang-format on */

static struct smtp_server *server(struct engine *engine)
{
	return CONTAINER_OF(engine, struct smtp_server, engine);
}

void smtp_enter(struct smtp_server *s, enum smtp_state next)
{
	assert(moves[s->state] & MOVE(next));
	(void)moves; /* a release has no assertions */
	s->state = next;
}

/* From MAIL on, to the end of the message or what takes back the beginning. */
static bool in_transaction(const struct smtp_server *s)
{
	return s->state >= SMTP_SENDER && s->state <= SMTP_FAILED;
}

bool smtp_has_message(const struct smtp_server *s)
{
	return s->state == SMTP_DATA || s->state == SMTP_CHUNK ||
	       s->state == SMTP_CHUNKED;
}

/* What the peer sends is no command line; how long it may take is the message's say. */
static bool in_octets(const struct smtp_server *s)
{
	return s->state == SMTP_DATA || s->state == SMTP_CHUNK ||
	       s->state == SMTP_DISCARD;
}

/* -- operations -- */

void smtp_ask(struct smtp_server *s, struct op *op)
{
	assert(!s->waiting);
	s->asked = op;
	s->waiting = op->kind;
	s->asked_at = s->now;
}

static struct op *next_op(struct engine *engine)
{
	struct smtp_server *s = server(engine);

	return TAKE(s->asked);
}

static void forgotten(struct smtp_server *s)
{
	bool had_message = smtp_has_message(s);

	s->transaction = (struct smtp_transaction){ 0 };
	if (in_transaction(s))
		smtp_enter(s, s->after == SMTP_AFTER_CHUNK ? s->bdat.after : SMTP_READY);
	switch (s->after) {
	case SMTP_AFTER_RSET:
		smtp_reply(s, "250 2.0.0 Ok");
		break;
	case SMTP_AFTER_HELLO:
		smtp_welcome(s);
		break;
	case SMTP_AFTER_MESSAGE:
		smtp_message_refused(s);
		break;
	case SMTP_AFTER_CHUNK:
		smtp_chunk_refused(s);
		break;
	}
	if (had_message)
		smtp_message_deinit(&s->message);
}

void smtp_forget(struct smtp_server *s, enum smtp_after after)
{
	s->after = after;
	if (s->transaction.open)
		smtp_ask(s, &smtp_abort_new()->base.op);
	else
		forgotten(s);
}

static void abort_answered(struct smtp_server *s, struct op *op)
{
	(void)op;
	forgotten(s);
}

/* -- the end -- */

static void leave(struct smtp_server *s)
{
	if (smtp_has_message(s))
		smtp_message_deinit(&s->message);
	if (s->asked) {
		op_free(TAKE(s->asked)); /* nobody has seen it */
		s->waiting = 0;
	}
	smtp_enter(s, SMTP_CLOSING);
}

void smtp_close_view(struct smtp_server *s, struct view line)
{
	smtp_reply_view(s, line);
	leave(s);
}

void smtp_close(struct smtp_server *s, const char *line)
{
	smtp_close_view(s, view_z(line));
}

/* Ends the session where somebody asked for it and this is a boundary. */
static void end_if_due(struct smtp_server *s)
{
	if (s->state == SMTP_CLOSING || s->waiting)
		return;
	switch (s->end) {
	case SMTP_END_NONE:
		break;
	case SMTP_END_DRAIN:
		if (!s->transaction.open)
			smtp_close(s, "421 4.3.2 This server is going down; try again");
		break;
	case SMTP_END_REVOKED:
		smtp_close(s, "421 4.7.0 This account may no longer be used");
		break;
	case SMTP_END_SHED:
		smtp_close(s, "421 4.3.2 Too busy for all of you; try again later");
		break;
	case SMTP_END_TIMEOUT:
		smtp_close(s, "421 4.4.2 You took too long");
		break;
	case SMTP_END_EOF:
		leave(s);
		break;
	}
}

void smtp_boundary(struct smtp_server *s)
{
	if (!in_octets(s))
		s->deadline = s->now + nstime_seconds(60 * COMMAND_MINUTES);
	if (s->state == SMTP_CHUNKED)
		s->deadline = nstime_min(s->deadline, s->message.deadline);
	end_if_due(s);
}

/* -- bytes in -- */

static size_t take(struct smtp_server *s, struct view bytes)
{
	if (s->state == SMTP_CLOSING)
		return bytes.len;
	if (s->state == SMTP_QUIET) {
		smtp_close(s, "554 5.5.0 You spoke before the greeting");
		return bytes.len;
	}
	if (s->state == SMTP_TLS_STARTING || s->in_step) {
		smtp_close(s, "554 5.5.0 You did not wait for the reply");
		return bytes.len;
	}
	switch (s->state) {
	case SMTP_DATA:
		return smtp_data_bytes(s, bytes);
	case SMTP_CHUNK:
		return smtp_bdat_bytes(s, bytes);
	case SMTP_DISCARD:
		return smtp_discard_bytes(s, bytes);
	default:
		return smtp_line_bytes(s, bytes);
	}
}

/* Who must wait for a reply is read while he does: a byte from him is a fault. */
static bool reads(const struct smtp_server *s)
{
	if (s->state == SMTP_TLS_STARTING)
		return s->out.len > 0;
	if (s->in_step)
		return true;
	return !s->waiting && !s->hold_until && s->out.len < OUTPUT_HIGH;
}

static size_t feed(struct engine *engine, struct view bytes, nstime now)
{
	struct smtp_server *s = server(engine);
	size_t taken = 0;

	s->now = now;
	while (taken < bytes.len && (s->state >= SMTP_TLS_STARTING || reads(s)))
		taken += take(s, view_from(bytes, taken));
	return taken;
}

/* -- answers, events, time -- */

static void answer(struct engine *engine, struct op *op, nstime now)
{
	/* clang-format off */
	static void (*const answered[])(struct smtp_server *s, struct op *op) = {
		[SMTP_OP_LOGIN]     = smtp_auth_answered,
		[SMTP_OP_SENDER]    = smtp_mail_answered,
		[SMTP_OP_RECIPIENT] = smtp_rcpt_answered,
		[SMTP_OP_BEGIN]     = smtp_begin_answered,
		[SMTP_OP_CHUNK]     = smtp_chunk_answered,
		[SMTP_OP_COMMIT]    = smtp_commit_answered,
		[SMTP_OP_ABORT]     = abort_answered,
	};
	/* clang-format on */
	struct smtp_server *s = server(engine);

	assert(op->kind == s->waiting && !s->asked);
	s->now = now;
	s->waiting = 0;
	if (s->state != SMTP_CLOSING) {
		answered[op->kind](s, op);
		smtp_boundary(s);
	}
	op_free(op);
}

static void greet(struct smtp_server *s)
{
	smtp_enter(s, SMTP_GREETED);
	buf_addf(&s->out, "220 %.*s ESMTP\r\n", VIEW_ARG(buf_view(&s->name)));
	smtp_boundary(s);
}

static void event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	struct smtp_server *s = server(engine);
	enum smtp_end end = SMTP_END_NONE;

	(void)arg;
	s->now = now;
	switch (event) {
	case ENGINE_TLS_STARTED:
		if (s->state != SMTP_TLS_STARTING)
			return;
		smtp_tls_started(s);
		smtp_boundary(s);
		return;
	case ENGINE_CHANGED:
		return;
	case ENGINE_DRAIN:
		end = SMTP_END_DRAIN;
		break;
	case ENGINE_REVOKED:
		end = SMTP_END_REVOKED;
		break;
	case ENGINE_TIMEOUT:
		end = SMTP_END_TIMEOUT;
		break;
	case ENGINE_SHED:
		end = SMTP_END_SHED;
		break;
	case ENGINE_EOF:
		end = SMTP_END_EOF;
		break;
	}
	if (end > s->end)
		s->end = end;
	end_if_due(s);
}

static void tick(struct engine *engine, nstime now)
{
	struct smtp_server *s = server(engine);

	s->now = now;
	if (s->hold_until && now >= s->hold_until) {
		s->hold_until = 0;
		smtp_boundary(s);
	}
	if (s->state == SMTP_CLOSING || s->waiting || now < s->deadline)
		return;
	if (s->state == SMTP_QUIET)
		greet(s);
	else if (s->state == SMTP_TLS_STARTING)
		leave(s);
	else
		smtp_close(s, "421 4.4.2 You took too long");
}

static nstime deadline(const struct engine *engine)
{
	const struct smtp_server *s = server((struct engine *)engine);

	if (s->state == SMTP_CLOSING || s->waiting)
		return NSTIME_NEVER;
	return s->hold_until ? s->hold_until : s->deadline;
}

/* -- out -- */

static struct view output(struct engine *engine)
{
	return buf_view(&server(engine)->out);
}

static void sent(struct engine *engine, size_t len)
{
	struct smtp_server *s = server(engine);

	buf_consume(&s->out, len);
	if (s->out.len == 0 && !s->waiting)
		s->in_step = false;
}

static unsigned want(const struct engine *engine)
{
	const struct smtp_server *s = server((struct engine *)engine);
	unsigned want = s->waiting ? WANT_ANSWER : 0;

	if (s->state == SMTP_CLOSING)
		return want | WANT_CLOSE;
	if (s->state == SMTP_TLS_STARTING)
		want |= WANT_TLS;
	if (s->out.len >= OUTPUT_HIGH)
		want |= WANT_FLUSH;
	return reads(s) ? want | WANT_READ : want;
}

static size_t held(const struct engine *engine)
{
	const struct smtp_server *s = server((struct engine *)engine);
	bool chunk_is_out = s->waiting == SMTP_OP_CHUNK || s->waiting == SMTP_OP_COMMIT;
	size_t bytes = s->line.capacity + s->out.capacity + arena_used(s->arena);

	if (smtp_has_message(s))
		bytes += s->message.chunk.capacity;
	return chunk_is_out ? bytes + SMTP_CHUNK_SIZE : bytes;
}

/* -- from beginning to end -- */

static void free_server(struct engine *engine)
{
	struct smtp_server *s = server(engine);

	if (smtp_has_message(s))
		smtp_message_deinit(&s->message);
	buf_free(&s->bdat.refusal);
	op_free(s->asked);
	arena_free(s->arena);
	login_free(&s->login);
	buf_free(&s->name);
	buf_free(&s->hello);
	buf_wipe(&s->line);
	buf_free(&s->out);
	free(s);
}

static const struct engine_class smtp_class = {
	.protocol = "smtp",
	.feed = feed,
	.next_op = next_op,
	.answer = answer,
	.event = event,
	.output = output,
	.sent = sent,
	.tick = tick,
	.deadline = deadline,
	.want = want,
	.held = held,
	.free = free_server,
};

struct engine *smtp_server_new(const struct smtp_options *options, nstime now)
{
	struct smtp_server *s = xcalloc(1, sizeof(*s));

	*s = (struct smtp_server){
		.engine = { &smtp_class },
		.mode = options->mode,
		.tls = options->tls,
		.starttls = options->starttls,
		.dsn = options->dsn,
		.message_size = options->message_size,
		.name = BUF_NULL(options->name.len),
		.hello = BUF_NULL(limit_value(LIMIT_SMTP_DOMAIN)),
		.arena = arena_new(),
		.line = BUF_NULL(limit_value(LIMIT_SMTP_AUTH_LINE)),
		.out = BUF_NULL(OUTPUT_SIZE),
		.login = LOGIN_NULL,
		.bdat = { .refusal = BUF_NULL(SMTP_REPLY_SIZE) },
		.now = now,
		.deadline = now + options->greeting_delay,
	};
	buf_add(&s->name, options->name);
	if (options->greeting_delay == 0)
		greet(s);
	return &s->engine;
}

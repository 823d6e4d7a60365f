/* The engine's own work: states, operations, events and time. What is said and heard in
 * each state is in the files beside this one. */
#include "runtime/smtp/smtp_client.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/smtp/smtp_client_session.h"

#include <assert.h>
#include <stdlib.h>

enum {
	OUTPUT_SIZE = SMTP_CLIENT_OUTPUT_HIGH + SMTP_DOTS_TIMES * SMTP_CLIENT_CHUNK + 8192
};

#define SECONDS(n) ((n)*NS_PER_S)

/* RFC 5321, 4.5.3.2 */
static const struct smtp_client_times usual = {
	.greeting = SECONDS(300),
	.hello = SECONDS(300),
	.mail = SECONDS(300),
	.rcpt = SECONDS(300),
	.data = SECONDS(120),
	.block = SECONDS(180),
	.final = SECONDS(600),
	.quit = SECONDS(10),
};

#define MOVE(state) (1u << (SMTP_CLIENT_##state))

/* clang-format off */
static const unsigned moves[SMTP_CLIENT_STATES] = {
	[SMTP_CLIENT_GREETING]     = MOVE(HELLO) | MOVE(TOLD),
	[SMTP_CLIENT_HELLO]        = MOVE(STARTTLS) | MOVE(AUTH) | MOVE(READY) | MOVE(TOLD),
	[SMTP_CLIENT_STARTTLS]     = MOVE(TLS_STARTING) | MOVE(TOLD),
	[SMTP_CLIENT_TLS_STARTING] = MOVE(HELLO) | MOVE(TOLD),
	[SMTP_CLIENT_AUTH]         = MOVE(READY) | MOVE(TOLD),
	[SMTP_CLIENT_READY]        = MOVE(ENVELOPE) | MOVE(QUIT) | MOVE(CLOSING),
	[SMTP_CLIENT_ENVELOPE]     = MOVE(BODY) | MOVE(TOLD),
	[SMTP_CLIENT_BODY]         = MOVE(FINAL) | MOVE(TOLD),
	[SMTP_CLIENT_FINAL]        = MOVE(TOLD),
	[SMTP_CLIENT_TOLD]         = MOVE(READY) | MOVE(QUIT) | MOVE(CLOSING),
	[SMTP_CLIENT_QUIT]         = MOVE(CLOSING),
	[SMTP_CLIENT_CLOSING]      = 0,
};

/* What the next reply is an answer to; READY and TOLD await none. */
static const struct {
	void (*heard)(struct smtp_client *s);
	enum smtp_stage stage;
} listening[SMTP_CLIENT_STATES] = {
	[SMTP_CLIENT_GREETING]     = { smtp_client_greeted,        SMTP_STAGE_GREETING },
	[SMTP_CLIENT_HELLO]        = { smtp_client_hello_heard,    SMTP_STAGE_HELLO },
	[SMTP_CLIENT_STARTTLS]     = { smtp_client_starttls_heard, SMTP_STAGE_TLS },
	[SMTP_CLIENT_TLS_STARTING] = { NULL,                       SMTP_STAGE_TLS },
	[SMTP_CLIENT_AUTH]         = { smtp_client_auth_heard,     SMTP_STAGE_AUTH },
	[SMTP_CLIENT_ENVELOPE]     = { smtp_client_envelope_heard, SMTP_STAGE_MAIL },
	[SMTP_CLIENT_BODY]         = { smtp_client_body_heard,     SMTP_STAGE_BODY },
	[SMTP_CLIENT_FINAL]        = { smtp_client_final_heard,    SMTP_STAGE_FINAL },
};
/* clang-format on */

static struct smtp_client *client(struct engine *engine)
{
	return CONTAINER_OF(engine, struct smtp_client, engine);
}

void smtp_client_enter(struct smtp_client *s, enum smtp_client_state next)
{
	assert(moves[s->state] & 1u << next);
	(void)moves; /* a release has no assertions */
	s->state = next;
}

void smtp_client_await(struct smtp_client *s, nstime span)
{
	s->deadline = s->now + span;
}

enum smtp_stage smtp_client_stage(const struct smtp_client *s)
{
	return s->state == SMTP_CLIENT_ENVELOPE ? smtp_client_envelope_stage(s)
						: listening[s->state].stage;
}

/* -- operations -- */

void smtp_client_ask(struct smtp_client *s, struct op *op)
{
	assert(!s->waiting);
	s->asked = op;
	s->waiting = op->kind;
}

static struct op *next_op(struct engine *engine)
{
	return TAKE(client(engine)->asked);
}

void smtp_client_go_on(struct smtp_client *s)
{
	switch (s->end) {
	case SMTP_CLIENT_GOES_ON:
		smtp_client_enter(s, SMTP_CLIENT_READY);
		smtp_client_ask(s, &smtp_client_next_new(s)->op);
		break;
	case SMTP_CLIENT_QUITS:
		smtp_client_enter(s, SMTP_CLIENT_QUIT);
		buf_add_z(&s->out, "QUIT\r\n");
		smtp_client_await(s, s->times.quit);
		break;
	case SMTP_CLIENT_GONE:
		smtp_client_enter(s, SMTP_CLIENT_CLOSING);
		break;
	}
}

static void next_answered(struct smtp_client *s, struct smtp_client_next *next)
{
	if (next->any) {
		smtp_client_begin(s, next);
		return;
	}
	if (s->end == SMTP_CLIENT_GOES_ON)
		s->end = SMTP_CLIENT_QUITS;
	smtp_client_go_on(s);
}

static void answer(struct engine *engine, struct op *op, nstime now)
{
	struct smtp_client *s = client(engine);

	assert(op->kind == s->waiting && !s->asked);
	s->now = now;
	s->waiting = 0;
	switch ((enum smtp_client_op_kind)op->kind) {
	case SMTP_CLIENT_OP_NEXT:
		next_answered(s, CONTAINER_OF(op, struct smtp_client_next, op));
		break;
	case SMTP_CLIENT_OP_BODY:
		smtp_client_body_answered(
				s, CONTAINER_OF(op, struct smtp_client_body, op));
		break;
	case SMTP_CLIENT_OP_OUTCOME:
	case SMTP_CLIENT_OP_FAILED:
		smtp_client_transaction_deinit(&s->transaction);
		smtp_client_go_on(s);
		break;
	}
	op_free(op);
}

/* -- bytes in -- */

static void hear(struct smtp_client *s)
{
	smtp_client_transcribe_heard(s);
	if (s->state == SMTP_CLIENT_QUIT)
		smtp_client_enter(s, SMTP_CLIENT_CLOSING);
	else if (s->reply.code == 421)
		smtp_client_server_leaves(s);
	else if (listening[s->state].heard)
		listening[s->state].heard(s);
	else
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL, "it replied to nothing");
}

static size_t take(struct smtp_client *s, struct view bytes)
{
	size_t taken;

	if (s->end == SMTP_CLIENT_GONE || s->state == SMTP_CLIENT_CLOSING)
		return bytes.len;
	if (s->state == SMTP_CLIENT_TLS_STARTING) {
		/* RFC 3207, 4.2: somebody on the way may have said it */
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL,
				"it went on in the clear behind its reply to STARTTLS");
		return bytes.len;
	}
	taken = smtp_reply_read(&s->reply, bytes);
	if (s->reply.at == SMTP_REPLY_WHOLE)
		hear(s);
	if (s->reply.at == SMTP_REPLY_FAULT) {
		smtp_client_lose(s, SMTP_CAUSE_PROTOCOL, s->reply.fault);
		return bytes.len;
	}
	return taken;
}

static size_t feed(struct engine *engine, struct view bytes, nstime now)
{
	struct smtp_client *s = client(engine);
	size_t taken = 0;

	s->now = now;
	while (taken < bytes.len)
		taken += take(s, view_from(bytes, taken));
	return taken;
}

/* -- events and time -- */

static void tls_started(struct smtp_client *s)
{
	if (s->state != SMTP_CLIENT_TLS_STARTING)
		return;
	s->tls = true;
	s->extended = true;
	smtp_reply_forget(&s->reply);
	smtp_client_enter(s, SMTP_CLIENT_HELLO);
	smtp_client_say_hello(s); /* what was offered before counts no more */
}

static void drain(struct smtp_client *s)
{
	if (s->end == SMTP_CLIENT_GOES_ON)
		s->end = SMTP_CLIENT_QUITS;
	if (s->state < SMTP_CLIENT_READY)
		smtp_client_lose(s, SMTP_CAUSE_OURS, NULL);
}

static void event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	struct smtp_client *s = client(engine);

	(void)arg;
	s->now = now;
	switch (event) {
	case ENGINE_TLS_STARTED:
		tls_started(s);
		break;
	case ENGINE_CHANGED:
		break;
	case ENGINE_DRAIN:
		drain(s);
		break;
	case ENGINE_REVOKED:
	case ENGINE_SHED:
		smtp_client_lose(s, SMTP_CAUSE_OURS, NULL);
		break;
	case ENGINE_TIMEOUT:
		smtp_client_lose(s, SMTP_CAUSE_TIMEOUT, NULL);
		break;
	case ENGINE_EOF:
		smtp_client_lose(s, SMTP_CAUSE_LOST, NULL);
		break;
	}
}

/* Nothing is due while the performer has the word. */
static bool is_waited_for(const struct smtp_client *s)
{
	return !s->waiting && s->state != SMTP_CLIENT_CLOSING;
}

static void tick(struct engine *engine, nstime now)
{
	struct smtp_client *s = client(engine);

	s->now = now;
	if (is_waited_for(s) && now >= s->deadline)
		smtp_client_lose(s, SMTP_CAUSE_TIMEOUT, NULL);
}

static nstime deadline(const struct engine *engine)
{
	const struct smtp_client *s = client((struct engine *)engine);

	return is_waited_for(s) ? s->deadline : NSTIME_NEVER;
}

/* -- out -- */

static struct view output(struct engine *engine)
{
	return buf_view(&client(engine)->out);
}

static void sent(struct engine *engine, size_t len)
{
	struct smtp_client *s = client(engine);

	smtp_client_transcribe_said(s, view_sub(buf_view(&s->out), 0, len));
	buf_consume(&s->out, len);
	if (s->out.len == 0 && s->secret_out) {
		buf_wipe(&s->out);
		s->secret_out = false;
	}
	if (s->state == SMTP_CLIENT_ENVELOPE)
		smtp_client_say_envelope(s);
	else if (s->state == SMTP_CLIENT_BODY)
		smtp_client_ask_body(s);
	else if (s->state == SMTP_CLIENT_FINAL && s->out.len == 0)
		smtp_client_await(s, s->times.final); /* the dot is out only now */
}

static unsigned want(const struct engine *engine)
{
	const struct smtp_client *s = client((struct engine *)engine);
	unsigned want = s->waiting ? WANT_ANSWER : 0;

	if (s->state == SMTP_CLIENT_CLOSING)
		return WANT_CLOSE;
	if (s->out.len >= SMTP_CLIENT_OUTPUT_HIGH)
		want |= WANT_FLUSH;
	if (s->state == SMTP_CLIENT_TLS_STARTING)
		want |= WANT_TLS; /* and what still comes in the clear is refused */
	return want | WANT_READ;
}

static size_t held(const struct engine *engine)
{
	const struct smtp_client *s = client((struct engine *)engine);
	size_t bytes = s->out.capacity + s->transcript.capacity + s->reply.line.capacity +
		       s->reply.text.capacity;

	if (s->transaction.arena)
		bytes += arena_used(s->transaction.arena);
	return s->waiting == SMTP_CLIENT_OP_BODY ? bytes + SMTP_CLIENT_CHUNK : bytes;
}

/* -- from beginning to end -- */

static void free_client(struct engine *engine)
{
	struct smtp_client *s = client(engine);

	op_free(s->asked);
	smtp_client_transaction_deinit(&s->transaction);
	smtp_reply_reader_deinit(&s->reply);
	buf_free(&s->name);
	buf_free(&s->user);
	buf_free(&s->transcript);
	secret_free(&s->password);
	buf_wipe(&s->out);
	free(s);
}

static const struct engine_class client_class = {
	.protocol = "smtp-client",
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
	.free = free_client,
};

static nstime time_or(nstime time, nstime otherwise)
{
	return time ? time : otherwise;
}

static struct smtp_client_times whole_times(const struct smtp_client_times *t)
{
	return (struct smtp_client_times){
		.greeting = time_or(t->greeting, usual.greeting),
		.hello = time_or(t->hello, usual.hello),
		.mail = time_or(t->mail, usual.mail),
		.rcpt = time_or(t->rcpt, usual.rcpt),
		.data = time_or(t->data, usual.data),
		.block = time_or(t->block, usual.block),
		.final = time_or(t->final, usual.final),
		.quit = time_or(t->quit, usual.quit),
	};
}

struct engine *smtp_client_new(const struct smtp_client_options *options, nstime now)
{
	struct smtp_client *s = xcalloc(1, sizeof(*s));

	*s = (struct smtp_client){
		.engine = { &client_class },
		.policy = options->policy,
		.tls = options->tls,
		.on_this_machine = options->on_this_machine,
		.extended = true,
		.times = whole_times(&options->times),
		.name = BUF_NULL(options->name.len),
		.user = BUF_NULL(options->user.len),
		.out = BUF_NULL(OUTPUT_SIZE),
		.transcribes = options->transcribes,
		.transcript = BUF_NULL(SMTP_CLIENT_TRANSCRIPT),
		.now = now,
	};
	buf_add(&s->name, options->name);
	if (options->password) {
		s->logs_in = true;
		buf_add(&s->user, options->user);
		s->password = secret_copy(secret_expose(options->password));
	}
	smtp_reply_reader_init(&s->reply);
	smtp_client_await(s, s->times.greeting);
	return &s->engine;
}

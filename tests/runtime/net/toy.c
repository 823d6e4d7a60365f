#include "tests/runtime/net/toy.h"

#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"
#include "runtime/net/loop.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

/* -- the engine -- */

enum toy_op_kind {
	TOY_SAY,
	TOY_HOLD,
	TOY_FACTS,
	TOY_LOGIN
};

struct toy_op {
	struct op op;
	struct toy *toy;
	struct job job;
	struct buf text;
};

struct toy_engine {
	struct engine engine;
	struct toy *toy;
	struct buf line, out;
	struct op *next;
	bool waiting, tls, closing, eof;
	uint64_t taking, sum, took, kept;
	uint64_t giving;
	nstime due;
};

static void free_toy_op(struct op *op)
{
	struct toy_op *self = CONTAINER_OF(op, struct toy_op, op);

	pthread_mutex_lock(&self->toy->lock);
	self->toy->freed_ops++;
	pthread_mutex_unlock(&self->toy->lock);
	buf_free(&self->text);
	free(self);
}

static void ask(struct toy_engine *e, enum toy_op_kind kind, struct view text)
{
	struct toy_op *op = xcalloc(1, sizeof(*op));

	op->op.kind = (int)kind;
	op->op.free = free_toy_op;
	op->toy = e->toy;
	op->text = BUF_NULL(4096);
	buf_add(&op->text, text);
	e->next = &op->op;
	e->waiting = true;
}

static void command(struct toy_engine *e, struct view line, nstime now)
{
	struct view word = view_cut(&line, ' ');
	uint64_t number = 0;

	if (line.len && byte_is_digit(line.data[0]))
		assert(view_to_u64(line, &number));
	if (view_eq(word, VIEW("say"))) {
		ask(e, TOY_SAY, line);
	} else if (view_eq(word, VIEW("hold"))) {
		ask(e, TOY_HOLD, VIEW("released"));
	} else if (view_eq(word, VIEW("facts"))) {
		ask(e, TOY_FACTS, VIEW(""));
	} else if (view_eq(word, VIEW("take"))) {
		e->taking = e->took = number;
		e->sum = 0;
	} else if (view_eq(word, VIEW("give"))) {
		e->giving = number;
	} else if (view_eq(word, VIEW("keep"))) {
		e->kept = number;
		buf_add_z(&e->out, "kept\n");
	} else if (view_eq(word, VIEW("login"))) {
		ask(e, TOY_LOGIN, VIEW("welcome"));
	} else if (view_eq(word, VIEW("tick"))) {
		e->due = now + (nstime)number * NS_PER_MS;
	} else if (view_eq(word, VIEW("starttls"))) {
		buf_add_z(&e->out, "go\n");
		e->tls = true;
	} else if (view_eq(word, VIEW("quit"))) {
		buf_add_z(&e->out, "bye\n");
		e->closing = true;
	} else {
		buf_add_z(&e->out, "what?\n");
	}
}

static size_t take_bytes(struct toy_engine *e, struct view bytes)
{
	size_t len = bytes.len < e->taking ? bytes.len : (size_t)e->taking;

	for (size_t i = 0; i < len; i++)
		e->sum = e->sum * 31 + (unsigned char)bytes.data[i];
	e->taking -= len;
	if (e->taking == 0)
		buf_addf(&e->out, "took %llu sum %llu\n", (unsigned long long)e->took,
				(unsigned long long)e->sum);
	return len;
}

static size_t toy_feed(struct engine *engine, struct view bytes, nstime now)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);
	size_t len;

	if (e->tls && !e->closing) {
		buf_add_z(&e->out, "early\n");
		e->closing = true;
		return bytes.len;
	}
	if (e->waiting || e->giving || e->closing)
		return 0;
	if (e->taking)
		return take_bytes(e, bytes);
	len = view_find(bytes, '\n');
	buf_add(&e->line, view_sub(bytes, 0, len));
	if (len == bytes.len)
		return len;
	command(e, buf_view(&e->line), now);
	buf_clear(&e->line);
	return len + 1;
}

static struct op *toy_next_op(struct engine *engine)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);

	return TAKE(e->next);
}

static void toy_answer(struct engine *engine, struct op *op, nstime now)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);
	struct toy_op *self = CONTAINER_OF(op, struct toy_op, op);

	(void)now;
	e->waiting = false;
	buf_add(&e->out, buf_view(&self->text));
	buf_add_byte(&e->out, '\n');
	op_free(op);
}

static void toy_event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);

	(void)now;
	switch (event) {
	case ENGINE_TLS_STARTED:
		e->tls = false;
		buf_add_z(&e->out, "secured\n");
		break;
	case ENGINE_CHANGED:
		buf_addf(&e->out, "changed %llu\n", (unsigned long long)arg);
		break;
	case ENGINE_REVOKED:
		buf_add_z(&e->out, "revoked\n");
		e->closing = true;
		break;
	case ENGINE_DRAIN:
		buf_add_z(&e->out, "drain\n");
		e->closing = true;
		break;
	case ENGINE_EOF:
		e->eof = true;
		break;
	case ENGINE_TIMEOUT:
		e->closing = true;
		break;
	case ENGINE_SHED:
		buf_add_z(&e->out, "shed\n");
		e->closing = true;
		break;
	}
}

static struct view toy_output(struct engine *engine)
{
	static const char pattern[10000] = "0123456789";
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);

	if (e->out.len)
		return buf_view(&e->out);
	return view_sub(view_of(pattern, sizeof(pattern)), 0, (size_t)e->giving);
}

static void toy_sent(struct engine *engine, size_t len)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);

	if (e->out.len)
		buf_consume(&e->out, len);
	else
		e->giving -= len;
}

static void toy_tick(struct engine *engine, nstime now)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);

	if (now < e->due)
		return;
	e->due = NSTIME_NEVER;
	buf_add_z(&e->out, "tick\n");
}

static nstime toy_deadline(const struct engine *engine)
{
	return ((const struct toy_engine *)(const void *)engine)->due;
}

static unsigned toy_want(const struct engine *engine)
{
	const struct toy_engine *e = (const void *)engine;

	if (e->closing)
		return WANT_CLOSE;
	if (e->tls)
		return WANT_TLS;
	if (e->waiting)
		return WANT_ANSWER;
	if (e->giving)
		return WANT_FLUSH;
	return e->eof ? WANT_CLOSE : WANT_READ;
}

static size_t toy_held(const struct engine *engine)
{
	return ((const struct toy_engine *)(const void *)engine)->kept;
}

static void toy_free_engine(struct engine *engine)
{
	struct toy_engine *e = CONTAINER_OF(engine, struct toy_engine, engine);

	op_free(e->next);
	buf_free(&e->line);
	buf_free(&e->out);
	free(e);
}

/* clang-format off */
static const struct engine_class toy_engine_class = {
	.protocol = "toy",         .feed = toy_feed,     .next_op = toy_next_op,
	.answer = toy_answer,      .event = toy_event,   .output = toy_output,
	.sent = toy_sent,          .tick = toy_tick,     .deadline = toy_deadline,
	.want = toy_want,          .held = toy_held,     .free = toy_free_engine,
};
/* clang-format on */

/* -- the service -- */

static struct engine *toy_open(void *context, struct connection *c)
{
	struct toy *toy = context;
	struct toy_engine *e = NULL;

	pthread_mutex_lock(&toy->lock);
	if (!toy->turn_away) {
		e = xcalloc(1, sizeof(*e));
		e->engine.class = &toy_engine_class;
		e->toy = toy;
		e->line = BUF_NULL(4096);
		e->out = BUF_NULL(65536);
		e->due = NSTIME_NEVER;
		buf_add_z(&e->out, "hello\n");
		connection_set_data(c, toy);
		toy->sessions[toy->opened % ARRAY_LEN(toy->sessions)] =
				connection_session(c);
		toy->opened++;
	}
	pthread_cond_broadcast(&toy->change);
	pthread_mutex_unlock(&toy->lock);
	return e ? &e->engine : NULL;
}

static void run_say(struct job *job)
{
	struct toy_op *op = CONTAINER_OF(job, struct toy_op, job);

	connection_answer(op->toy->net, &op->op);
}

static void add_facts(struct toy_op *op, const struct connection *c)
{
	const struct tls_facts *tls = connection_tls(c);
	const struct peer *peer = connection_peer(c);

	buf_addf(&op->text, "%s", peer->text);
	if (peer->address.ss_family == AF_UNIX)
		buf_addf(&op->text, " uid=%u pid=%d", peer->uid, (int)peer->pid);
	if (tls)
		buf_addf(&op->text, " %s name=%s", tls->version, tls->server_name);
	else if (connection_can_start_tls(c))
		buf_add_z(&op->text, " can-start-tls");
}

static void toy_perform(void *context, struct connection *c, struct op *op)
{
	struct toy_op *self = CONTAINER_OF(op, struct toy_op, op);
	struct toy *toy = context;

	assert(connection_data(c) == toy);
	switch ((enum toy_op_kind)op->kind) {
	case TOY_SAY:
		self->job.run = run_say;
		worker_submit(toy->workers, &self->job);
		break;
	case TOY_HOLD:
		pthread_mutex_lock(&toy->lock);
		op->next = toy->held;
		toy->held = op;
		toy->held_count++;
		pthread_cond_broadcast(&toy->change);
		pthread_mutex_unlock(&toy->lock);
		break;
	case TOY_FACTS:
		add_facts(self, c);
		connection_answer(toy->net, op);
		break;
	case TOY_LOGIN:
		connection_set_known(c);
		connection_answer(toy->net, op);
		break;
	}
}

static void count(struct toy *toy, size_t *counter)
{
	pthread_mutex_lock(&toy->lock);
	++*counter;
	pthread_cond_broadcast(&toy->change);
	pthread_mutex_unlock(&toy->lock);
}

static void toy_ended(void *context, struct connection *c)
{
	struct toy *toy = context;

	(void)c;
	count(toy, &toy->ended);
}

static void toy_closed(void *context, struct connection *c)
{
	struct toy *toy = context;

	(void)c;
	count(toy, &toy->closed);
}

static const struct port_class toy_class = { toy_open, toy_perform, toy_ended,
	toy_closed };

static void await(struct toy *toy, const size_t *counter, size_t wanted)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&toy->lock);
	while (*counter < wanted && !r)
		r = pthread_cond_timedwait(&toy->change, &toy->lock, &until);
	assert_int_equal(*counter, wanted);
	pthread_mutex_unlock(&toy->lock);
}

void toy_await_opened(struct toy *toy, size_t wanted)
{
	await(toy, &toy->opened, wanted);
}

void toy_await_ended(struct toy *toy, size_t wanted)
{
	await(toy, &toy->ended, wanted);
}

void toy_await_closed(struct toy *toy, size_t wanted)
{
	await(toy, &toy->closed, wanted);
}

void toy_await_held(struct toy *toy, size_t wanted)
{
	await(toy, &toy->held_count, wanted);
}

void toy_release(struct toy *toy)
{
	struct op *op, *next;

	pthread_mutex_lock(&toy->lock);
	op = TAKE(toy->held);
	toy->held_count = 0;
	pthread_mutex_unlock(&toy->lock);
	for (; op; op = next) {
		next = op->next;
		connection_answer(toy->net, op);
	}
}

void toy_add_identity(struct tls_identities *all, const char *name, const char *other)
{
	const struct view names[] = { view_z(name), view_z(other) };
	CLEANUP(buf_free) struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	struct secret key = SECRET_NULL;

	assert_int_equal(certificate_self_sign(names, other ? 2 : 1, clock_wall(), 30,
					 &chain, &key),
			0);
	assert_int_equal(tls_identities_add(all, buf_view(&chain), &key), 0);
	secret_free(&key);
}

struct toy *toy_new(bool implicit_tls, bool with_certificate)
{
	struct toy *toy = xcalloc(1, sizeof(*toy));

	pthread_mutex_init(&toy->lock, NULL);
	pthread_cond_init(&toy->change, NULL);
	toy->net = net_new(2);
	toy->workers = workers_new(2);
	toy->port = (struct port){ .class = &toy_class,
		.context = toy,
		.name = "toy",
		.alpn = "toy",
		.implicit_tls = implicit_tls,
		.full_line = VIEW("full\n") };
	if (with_certificate) {
		CLEANUP(tls_identities_unrefp)
		struct tls_identities *all = tls_identities_new();

		toy_add_identity(all, "toy.example", NULL);
		net_set_identities(toy->net, all);
	}
	assert_int_equal(listener_open(toy->net, &toy->port, VIEW("127.0.0.1"), 0,
					 &toy->listener),
			0);
	listener_start(toy->listener);
	return toy;
}

void toy_free(struct toy *toy)
{
	listener_close(toy->listener);
	net_drain(toy->net);
	toy_release(toy);
	assert_int_equal(net_wait(toy->net, clock_now() + nstime_seconds(20)), 0);
	assert_int_equal(net_sessions(toy->net), 0);
	workers_free(toy->workers);
	net_free(toy->net);
	assert_int_equal(toy->opened, toy->closed);
	assert_int_equal(toy->opened, toy->ended);
	pthread_cond_destroy(&toy->change);
	pthread_mutex_destroy(&toy->lock);
	free(toy);
}

/* -- the client -- */

int client_socket(uint16_t number)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(number),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval patience = { 10, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

void client_connect(struct client *c, struct toy *toy)
{
	*c = (struct client){ .fd = client_socket(listener_number(toy->listener)) };
	assert_true(c->fd >= 0);
}

bool client_secure(struct client *c, int version, const char *name, const char *alpn)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	unsigned char protocols[64];
	bool done;

	assert_non_null(context);
	assert_int_equal(c->unread_len, 0);
	if (version) {
		SSL_CTX_set_security_level(context, 0); /* lets old versions try */
		SSL_CTX_set_min_proto_version(context, version);
		SSL_CTX_set_max_proto_version(context, version);
	}
	c->ssl = SSL_new(context);
	SSL_CTX_free(context);
	assert_non_null(c->ssl);
	SSL_set_fd(c->ssl, c->fd);
	if (name)
		SSL_set_tlsext_host_name(c->ssl, name);
	if (alpn) {
		protocols[0] = (unsigned char)strlen(alpn);
		memcpy(protocols + 1, alpn, strlen(alpn));
		SSL_set_alpn_protos(c->ssl, protocols, 1u + protocols[0]);
	}
	done = SSL_connect(c->ssl) == 1;
	ERR_clear_error();
	return done;
}

void client_send_bytes(struct client *c, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = c->ssl ? SSL_write(c->ssl, at,
						     (int)(len < 65536 ? len : 65536))
				   : send(c->fd, at, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

void client_send(struct client *c, const char *text)
{
	client_send_bytes(c, text, strlen(text));
}

ssize_t client_read(struct client *c, void *bytes, size_t len)
{
	ssize_t n;

	if (c->unread_len) {
		len = len < c->unread_len ? len : c->unread_len;
		memcpy(bytes, c->unread, len);
		c->unread_len -= len;
		memmove(c->unread, c->unread + len, c->unread_len);
		return (ssize_t)len;
	}
	if (!c->ssl)
		return recv(c->fd, bytes, len, 0);
	n = SSL_read(c->ssl, bytes, (int)len);
	if (n <= 0)
		n = SSL_get_error(c->ssl, (int)n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
	ERR_clear_error();
	return n;
}

void client_expect(struct client *c, const char *line)
{
	char got[512];
	size_t len = 0;

	while (len < sizeof(got)) {
		ssize_t n = client_read(c, got + len, 1);

		if (n <= 0)
			fail_msg("the connection ended (%d) where \"%s\" was awaited",
					(int)n, line);
		if (got[len] == '\n')
			break;
		len++;
	}
	assert_view(view_of(got, len), line);
}

void client_expect_end(struct client *c)
{
	char byte;

	assert_int_equal(client_read(c, &byte, 1), 0);
}

void client_reset(struct client *c)
{
	const struct linger none = { 1, 0 };

	assert_int_equal(
			setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
	client_close(c);
}

void client_close(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	*c = (struct client){ .fd = -1 };
}

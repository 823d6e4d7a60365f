/* Connections that go out, on the loopback: to the toy server, to one led by hand, and to
 * nobody. */
#include "runtime/net/dial.h"

#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"
#include "runtime/net/ip.h"
#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

/* -- one call: its engine, and what became of it -- */

struct call {
	struct net *net;
	struct port port;
	struct dial_options options;
	pthread_mutex_t lock;
	pthread_cond_t change;
	const char *script; /* lines, each said once a line has come */
	struct buf got;
	unsigned opened, ended, closed, failures, last_ops;
	bool ended_before_last;
	bool keep_last; /* the answer to its last operation comes by hand */
	struct op *kept;
	struct dial_failure failure;
	bool has_tls;
	struct tls_facts tls;
};

struct caller {
	struct engine engine;
	struct call *call;
	const char *script;
	struct buf line, out;
	struct op *asked;
	bool waiting, wants_tls, closing, eof;
};

static void free_op_alone(struct op *op)
{
	free(op);
}

static void say_next(struct caller *e)
{
	size_t len = strcspn(e->script, "\n");

	if (len == 0) {
		e->closing = true;
		return;
	}
	buf_add(&e->out, view_of(e->script, len + 1));
	e->script += len + 1;
}

static size_t feed(struct engine *engine, struct view bytes, nstime now)
{
	struct caller *e = CONTAINER_OF(engine, struct caller, engine);
	size_t len = view_find(bytes, '\n');

	(void)now;
	pthread_mutex_lock(&e->call->lock);
	if (e->wants_tls) {
		buf_add_z(&e->call->got, "(early)");
		e->closing = true;
		len = bytes.len - 1;
	} else if (!e->closing) {
		buf_add(&e->call->got, view_sub(bytes, 0, len + 1));
		buf_add(&e->line, view_sub(bytes, 0, len));
		if (len < bytes.len) {
			if (view_eq(buf_view(&e->line), VIEW("go")))
				e->wants_tls = true;
			else
				say_next(e);
			buf_clear(&e->line);
		}
	}
	pthread_cond_broadcast(&e->call->change);
	pthread_mutex_unlock(&e->call->lock);
	return len < bytes.len ? len + 1 : bytes.len;
}

static struct op *next_op(struct engine *engine)
{
	return TAKE(CONTAINER_OF(engine, struct caller, engine)->asked);
}

static void answer(struct engine *engine, struct op *op, nstime now)
{
	struct caller *e = CONTAINER_OF(engine, struct caller, engine);

	(void)now;
	e->waiting = false;
	e->closing = true;
	op_free(op);
}

/* At the end it has one thing more to say. */
static void event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now)
{
	struct caller *e = CONTAINER_OF(engine, struct caller, engine);

	(void)arg;
	(void)now;
	if (event == ENGINE_TLS_STARTED) {
		e->wants_tls = false;
	} else if (event == ENGINE_EOF && !e->eof) {
		e->eof = e->waiting = true;
		e->asked = xcalloc(1, sizeof(*e->asked));
		e->asked->free = free_op_alone;
	} else if (event == ENGINE_DRAIN) {
		e->closing = true;
	}
}

static struct view output(struct engine *engine)
{
	return buf_view(&CONTAINER_OF(engine, struct caller, engine)->out);
}

static void sent(struct engine *engine, size_t len)
{
	buf_consume(&CONTAINER_OF(engine, struct caller, engine)->out, len);
}

static void tick(struct engine *engine, nstime now)
{
	(void)engine;
	(void)now;
}

static nstime deadline(const struct engine *engine)
{
	(void)engine;
	return NSTIME_NEVER;
}

static unsigned want(const struct engine *engine)
{
	const struct caller *e = (const void *)engine;

	if (e->waiting)
		return WANT_ANSWER;
	if (e->closing)
		return WANT_CLOSE;
	return e->wants_tls ? WANT_TLS : WANT_READ;
}

static void free_caller(struct engine *engine)
{
	struct caller *e = CONTAINER_OF(engine, struct caller, engine);

	op_free(e->asked);
	buf_free(&e->line);
	buf_free(&e->out);
	free(e);
}

/* clang-format off */
static const struct engine_class caller_class = {
	.protocol = "caller", .feed = feed,   .next_op = next_op,
	.answer = answer,     .event = event, .output = output,
	.sent = sent,         .tick = tick,   .deadline = deadline,
	.want = want,         .free = free_caller,
};
/* clang-format on */

static struct engine *call_open(void *context, struct connection *c)
{
	struct call *call = context;
	struct caller *e = xcalloc(1, sizeof(*e));

	assert(connection_data(c) == call);
	e->engine.class = &caller_class;
	e->call = call;
	e->script = call->script;
	e->line = BUF_NULL(4096);
	e->out = BUF_NULL(4096);
	pthread_mutex_lock(&call->lock);
	call->opened++;
	pthread_cond_broadcast(&call->change);
	pthread_mutex_unlock(&call->lock);
	return &e->engine;
}

static void call_perform(void *context, struct connection *c, struct op *op)
{
	struct call *call = context;

	(void)c;
	pthread_mutex_lock(&call->lock);
	call->last_ops++;
	call->ended_before_last = call->ended;
	if (call->keep_last)
		call->kept = op;
	else
		connection_answer(call->net, op);
	pthread_cond_broadcast(&call->change);
	pthread_mutex_unlock(&call->lock);
}

static void call_ended(void *context, struct connection *c)
{
	struct call *call = context;

	pthread_mutex_lock(&call->lock);
	call->ended++;
	if (connection_tls(c)) {
		call->has_tls = true;
		call->tls = *connection_tls(c);
	}
	pthread_cond_broadcast(&call->change);
	pthread_mutex_unlock(&call->lock);
}

static void call_closed(void *context, struct connection *c)
{
	struct call *call = context;

	pthread_mutex_lock(&call->lock);
	call->closed++;
	if (connection_failure(c))
		call->failure = *connection_failure(c);
	pthread_cond_broadcast(&call->change);
	pthread_mutex_unlock(&call->lock);
}

static void call_failed(
		void *context, struct connection *c, const struct dial_failure *failure)
{
	struct call *call = context;

	assert(connection_data(c) == call && connection_failure(c) == failure);
	pthread_mutex_lock(&call->lock);
	call->failures++;
	call->failure = *failure;
	pthread_cond_broadcast(&call->change);
	pthread_mutex_unlock(&call->lock);
}

static const struct port_class call_class = { call_open, call_perform, call_ended,
	call_closed, call_failed };

static void call_init(struct call *call, uint16_t number, const char *script)
{
	*call = (struct call){ .script = script, .got = BUF_NULL(65536) };
	pthread_mutex_init(&call->lock, NULL);
	pthread_cond_init(&call->change, NULL);
	call->net = net_new(1);
	call->port = (struct port){
		.class = &call_class, .context = call, .name = "call"
	};
	call->options = (struct dial_options){ .port = &call->port, .data = call };
	assert_true(ip_parse(VIEW("127.0.0.1"), number, &call->options.to));
}

static void dial(struct call *call)
{
	assert_int_not_equal(connection_dial(call->net, &call->options), 0);
}

/* Until it has ended, whichever way; exactly one. */
static void await_end(struct call *call)
{
	pthread_mutex_lock(&call->lock);
	while (!call->closed && !call->failures)
		pthread_cond_wait(&call->change, &call->lock);
	pthread_mutex_unlock(&call->lock);
}

static void await_count(struct call *call, const unsigned *count)
{
	pthread_mutex_lock(&call->lock);
	while (*count == 0)
		pthread_cond_wait(&call->change, &call->lock);
	pthread_mutex_unlock(&call->lock);
}

static void call_free(struct call *call)
{
	tls_trust_unref(call->options.trust);
	net_free(call->net);
	assert_int_equal(call->opened + call->failures, 1);
	assert_int_equal(call->closed, call->opened);
	assert_int_equal(call->ended, call->opened);
	buf_free(&call->got);
	pthread_cond_destroy(&call->change);
	pthread_mutex_destroy(&call->lock);
}

static void expect_failure(
		struct call *call, enum dial_stage stage, int error, const char *reason)
{
	await_end(call);
	assert_int_equal(call->failure.stage, stage);
	assert_int_equal(call->failure.error, error);
	assert_string_equal(call->failure.reason, reason);
}

/* -- plain -- */

static void talks_and_hangs_up(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct call call;

	(void)state;
	call_init(&call, listener_number(toy->listener), "say one\nsay two\nquit\n");
	dial(&call);
	await_end(&call);
	assert_view(buf_view(&call.got), "hello\none\ntwo\nbye\n");
	assert_int_equal(call.failures, 0);
	call_free(&call);
	toy_free(toy);
}

static void comes_from_the_address_it_is_told(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct call call;

	(void)state;
	call_init(&call, listener_number(toy->listener), "facts\nquit\n");
	assert_true(ip_parse(VIEW("127.0.0.2"), 0, &call.options.from));
	dial(&call);
	await_end(&call);
	assert_view(buf_view(&call.got), "hello\n127.0.0.2\nbye\n");
	call_free(&call);
	toy_free(toy);
}

static void is_in_no_cap(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct call call;

	(void)state;
	call_init(&call, listener_number(toy->listener), "hold\nquit\n");
	net_set_caps(call.net, (struct net_caps){ 0, 0, 0, SIZE_MAX });
	dial(&call);
	toy_await_held(toy, 1);
	assert_int_equal(net_sessions(call.net), 0);
	toy_release(toy);
	await_end(&call);
	assert_view(buf_view(&call.got), "hello\nreleased\nbye\n");
	call_free(&call);
	toy_free(toy);
}

/* -- nobody there -- */

static int bound_socket(uint16_t *number_out)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*number_out = ntohs(at.sin_port);
	return fd;
}

static void nobody_listens(void **state)
{
	uint16_t number;
	int fd = bound_socket(&number);
	struct call call;

	(void)state;
	call_init(&call, number, "");
	dial(&call);
	expect_failure(&call, DIAL_CONNECT, ECONNREFUSED, "nobody listens there");
	call_free(&call);
	close(fd);
}

static void an_address_that_is_not_ours(void **state)
{
	uint16_t number;
	int fd = bound_socket(&number);
	struct call call;

	(void)state;
	call_init(&call, number, "");
	assert_true(ip_parse(VIEW("192.0.2.1"), 0, &call.options.from));
	dial(&call);
	expect_failure(&call, DIAL_CONNECT, EADDRNOTAVAIL,
			"the local address is not one of this machine");
	call_free(&call);
	close(fd);
}

/* A queue of newcomers that is full: the kernel drops who comes then. */
struct blackhole {
	int listener, fillers[3];
	uint16_t number;
};

static void blackhole_open(struct blackhole *hole)
{
	struct sockaddr_storage to;

	hole->listener = bound_socket(&hole->number);
	assert_int_equal(listen(hole->listener, 0), 0);
	assert_true(ip_parse(VIEW("127.0.0.1"), hole->number, &to));
	for (size_t i = 0; i < ARRAY_LEN(hole->fillers); i++) {
		int flags = i ? SOCK_NONBLOCK : 0; /* the first is in when it returns */

		hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
		if (connect(hole->fillers[i], (struct sockaddr *)&to, ip_len(&to)))
			assert_int_equal(errno, EINPROGRESS);
	}
}

static void blackhole_close(struct blackhole *hole)
{
	for (size_t i = 0; i < ARRAY_LEN(hole->fillers); i++)
		close(hole->fillers[i]);
	close(hole->listener);
}

static void nobody_answers(void **state)
{
	struct blackhole hole;
	struct call call;

	(void)state;
	blackhole_open(&hole);
	call_init(&call, hole.number, "");
	call.options.time_limit = 50 * NS_PER_MS;
	dial(&call);
	expect_failure(&call, DIAL_CONNECT, ETIMEDOUT, "there was no answer in time");
	call_free(&call);
	blackhole_close(&hole);
}

static void a_stop_ends_the_wait(void **state)
{
	struct blackhole hole;
	struct call call, other;

	(void)state;
	blackhole_open(&hole);
	call_init(&call, hole.number, "");
	dial(&call);
	net_drain(call.net);
	assert_int_equal(net_wait(call.net, clock_now() + nstime_seconds(20)), 0);
	expect_failure(&call, DIAL_STOPPED, 0, "this server ended the connection");
	call_free(&call);

	/* and who dials later does not begin */
	call_init(&other, hole.number, "");
	net_drain(other.net);
	dial(&other);
	expect_failure(&other, DIAL_STOPPED, 0, "this server ended the connection");
	call_free(&other);
	blackhole_close(&hole);
}

static void the_net_is_freed_while_it_connects(void **state)
{
	struct blackhole hole;
	struct call call;

	(void)state;
	blackhole_open(&hole);
	call_init(&call, hole.number, "");
	dial(&call);
	call_free(&call);
	blackhole_close(&hole);
}

/* -- the end comes from there -- */

static int accept_by_hand(int listener)
{
	const struct timeval patience = { 10, 0 };
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void send_by_hand(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void read_by_hand(int fd, const char *text)
{
	char got[256] = { 0 };
	size_t len = 0;

	while (len < strlen(text)) {
		ssize_t n = recv(fd, got + len, strlen(text) - len, 0);

		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_string_equal(got, text);
}

static void reset_by_hand(int fd)
{
	const struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* The engine has its last word after the socket has gone, and is freed behind it. */
static void a_reset_in_the_middle(void **state)
{
	uint16_t number;
	int listener = bound_socket(&number), fd;
	struct call call;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	call_init(&call, number, "say one\nsay two\n");
	call.keep_last = true;
	dial(&call);
	fd = accept_by_hand(listener);
	send_by_hand(fd, "hello\n");
	read_by_hand(fd, "say one\n");
	reset_by_hand(fd);
	await_count(&call, &call.last_ops);
	assert_true(call.ended_before_last);
	assert_int_equal(call.closed, 0);
	connection_answer(call.net, call.kept);
	await_end(&call);
	assert_int_equal(call.last_ops, 1);
	assert_int_equal(call.failures, 0);
	call_free(&call);
	close(listener);
}

static void a_stop_in_the_middle(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct call call;

	(void)state;
	call_init(&call, listener_number(toy->listener), "hold\nquit\n");
	dial(&call);
	toy_await_held(toy, 1);
	net_drain(call.net);
	assert_int_equal(net_wait(call.net, clock_now() + nstime_seconds(20)), 0);
	assert_view(buf_view(&call.got), "hello\n");
	call_free(&call);
	toy_free(toy);
}

static void the_net_is_freed_in_the_middle(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct call call;

	(void)state;
	call_init(&call, listener_number(toy->listener), "hold\nquit\n");
	dial(&call);
	toy_await_held(toy, 1);
	net_free(call.net);
	call.net = NULL;
	assert_int_equal(call.last_ops, 1);
	call_free(&call);
	toy_free(toy);
}

/* -- TLS -- */

/* A server with a certificate for host.example, made `age` days ago for thirty. */
static struct toy *secure_toy(bool implicit, unsigned age, struct tls_trust *trust)
{
	const struct view names[] = { VIEW("host.example") };
	CLEANUP(buf_free) struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	CLEANUP(tls_identities_unrefp)
	struct tls_identities *all = tls_identities_new();
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	struct toy *toy = toy_new(implicit, true);

	assert_int_equal(certificate_self_sign(names, 1,
					 clock_wall() - (walltime)age * 86400, 30, &chain,
					 &key),
			0);
	assert_int_equal(tls_identities_add(all, buf_view(&chain), &key), 0);
	net_set_identities(toy->net, all);
	if (trust)
		assert_int_equal(tls_trust_add(trust, buf_view(&chain)), 0);
	return toy;
}

/* clang-format off */
static const struct {
	enum tls_verify verify;
	const char *host;
	bool is_root;      /* the certificate is among the trusted */
	unsigned age;      /* days */
	bool trusted, named;
	const char *failure; /* NULL: it is there */
} handshakes[] = {
	{ TLS_VERIFY_NONE,    "",             false, 0,  false, false, NULL },
	{ TLS_VERIFY_NONE,    "host.example", true,  60, false, false, NULL },
	{ TLS_VERIFY_RECORD,  "host.example", true,  0,  true,  true,  NULL },
	{ TLS_VERIFY_RECORD,  "mail.example", true,  0,  true,  false, NULL },
	{ TLS_VERIFY_RECORD,  "host.example", false, 0,  false, true,  NULL },
	{ TLS_VERIFY_RECORD,  "host.example", true,  60, false, true,  NULL },
	{ TLS_VERIFY_REQUIRE, "host.example", true,  0,  true,  true,  NULL },
	{ TLS_VERIFY_REQUIRE, "HOST.example", true,  0,  true,  true,  NULL },
	{ TLS_VERIFY_REQUIRE, "mail.example", true,  0,  false, false, "the certificate is for another name" },
	{ TLS_VERIFY_REQUIRE, "127.0.0.1",    true,  0,  false, false, "the certificate is for another name" },
	{ TLS_VERIFY_REQUIRE, "host.example", false, 0,  false, false, "the certificate is signed by itself alone" },
	{ TLS_VERIFY_REQUIRE, "host.example", true,  60, false, false, "the certificate has expired" },
};
/* clang-format on */

static void shake_hands(size_t i, bool implicit)
{
	struct tls_trust *trust = tls_trust_new();
	struct toy *toy = secure_toy(implicit, handshakes[i].age,
			handshakes[i].is_root ? trust : NULL);
	struct call call;

	call_init(&call, listener_number(toy->listener),
			implicit ? "facts\nquit\n" : "starttls\nfacts\nquit\n");
	call.port.implicit_tls = implicit;
	call.port.alpn = "toy";
	call.options.trust = trust;
	call.options.verify = handshakes[i].verify;
	call.options.host = view_z(handshakes[i].host);
	dial(&call);
	await_end(&call);
	if (handshakes[i].failure) {
		assert_int_equal(call.failures, implicit);
		assert_int_equal(call.last_ops, !implicit);
		assert_int_equal(call.failure.stage, DIAL_TLS);
		assert_string_equal(call.failure.reason, handshakes[i].failure);
		assert_false(call.has_tls);
	} else {
		assert_view(view_sub(buf_view(&call.got), call.got.len - 4, 4), "bye\n");
		assert_true(call.has_tls);
		assert_string_equal(call.tls.version, "TLSv1.3");
		assert_int_equal(call.tls.trusted, handshakes[i].trusted);
		assert_int_equal(call.tls.named, handshakes[i].named);
	}
	call_free(&call);
	toy_free(toy);
}

static void starttls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(handshakes); i++)
		shake_hands(i, false);
}

static void implicit_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(handshakes); i++)
		shake_hands(i, true);
}

static void tls_where_there_is_none(void **state)
{
	uint16_t number;
	int listener = bound_socket(&number), fd;
	struct call call;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	call_init(&call, number, "");
	call.port.implicit_tls = true;
	call.options.trust = tls_trust_new();
	dial(&call);
	fd = accept_by_hand(listener);
	send_by_hand(fd, "220 mx.example ESMTP\r\n");
	await_end(&call);
	assert_int_equal(call.failures, 1);
	assert_int_equal(call.failure.stage, DIAL_TLS);
	assert_string_equal(call.failure.reason, "the other side does not speak TLS");
	call_free(&call);
	close(fd);
	close(listener);
}

static void tls_that_was_not_dialled(void **state)
{
	struct toy *toy = toy_new(false, true);
	struct call call;

	(void)state;
	call_init(&call, listener_number(toy->listener), "starttls\nquit\n");
	dial(&call);
	await_end(&call);
	assert_int_equal(call.opened, 1);
	assert_int_equal(call.last_ops, 1);
	assert_string_equal(
			call.failure.reason, "this connection was dialled without TLS");
	call_free(&call);
	toy_free(toy);
}

/* Bytes in the clear behind the reply that begins TLS are the engine's to refuse. */
static void S34_early_bytes_reach_the_engine(void **state)
{
	uint16_t number;
	int listener = bound_socket(&number), fd;
	struct call call;
	char waste;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	call_init(&call, number, "starttls\nsay secret\n");
	call.options.trust = tls_trust_new();
	dial(&call);
	fd = accept_by_hand(listener);
	send_by_hand(fd, "hello\n");
	read_by_hand(fd, "starttls\n");
	send_by_hand(fd, "go\nsecured\n");
	/* it says nothing more: no TLS, and nothing in the clear */
	assert_int_equal(recv(fd, &waste, 1, 0), 0);
	close(fd);
	await_end(&call);
	assert_view(buf_view(&call.got), "hello\ngo\n(early)");
	call_free(&call);
	close(listener);
}

static void a_reset_in_the_handshake(void **state)
{
	uint16_t number;
	int listener = bound_socket(&number), fd;
	struct call call;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	call_init(&call, number, "starttls\nsay secret\n");
	call.options.trust = tls_trust_new();
	dial(&call);
	fd = accept_by_hand(listener);
	send_by_hand(fd, "hello\n");
	read_by_hand(fd, "starttls\n");
	send_by_hand(fd, "go\n");
	read_by_hand(fd, "\x16"); /* a handshake begins */
	reset_by_hand(fd);
	await_end(&call);
	assert_int_equal(call.last_ops, 1);
	assert_int_equal(call.failure.stage, DIAL_TLS);
	call_free(&call);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(talks_and_hangs_up),
		cmocka_unit_test(comes_from_the_address_it_is_told),
		cmocka_unit_test(is_in_no_cap),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(an_address_that_is_not_ours),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(a_stop_ends_the_wait),
		cmocka_unit_test(the_net_is_freed_while_it_connects),
		cmocka_unit_test(a_reset_in_the_middle),
		cmocka_unit_test(a_stop_in_the_middle),
		cmocka_unit_test(the_net_is_freed_in_the_middle),
		cmocka_unit_test(starttls),
		cmocka_unit_test(implicit_tls),
		cmocka_unit_test(tls_where_there_is_none),
		cmocka_unit_test(tls_that_was_not_dialled),
		cmocka_unit_test(S34_early_bytes_reach_the_engine),
		cmocka_unit_test(a_reset_in_the_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

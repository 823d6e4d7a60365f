/* The driver of one engine. Every entry comes from the event loop itself (callbacks are
 * deferred, answers and events are posted), so a round is never entered twice, and a
 * connection may die at the end of one. */
#include "runtime/net/connection.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/net/shard.h"
#include "runtime/net/tls_session.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MOST_INPUT = 64 * 1024,   /* unread bytes at which reading stops */
	MOST_OUTPUT = 256 * 1024, /* unsent bytes at which the engine is not asked */
	LOW_OUTPUT = 64 * 1024,   /* at which it is asked again */
	MOST_LINGERED = 1024 * 1024,
	/* what each costs beside its buffers, measured; for shed.h */
	PLAIN_WEIGHT = 3 * 1024,
	TLS_WEIGHT = 17 * 1024
};

#define HANDSHAKE_TIME nstime_seconds(30)
#define STALL_TIME     nstime_seconds(300) /* a peer that reads nothing */
#define LINGER_TIME    nstime_seconds(1)
#define SHED_TIME      nstime_seconds(5) /* for what it waits for, and the last line */

enum state {
	STARTING,  /* on its way to its loop */
	HANDSHAKE, /* implicit TLS; no engine yet */
	OPEN,
	SWITCHING, /* STARTTLS: the handshake under a living engine */
	LINGERING, /* said all; reads the peer's rest, so that no reset eats the last
		      reply */
	ENDED,     /* no socket; operations may be out */
};

struct connection {
	struct list link;
	struct shard *shard;
	const struct port *port;
	struct engine *engine;
	void *data;
	uint64_t session;
	enum state state;
	unsigned outstanding; /* operations */
	int fd;
	struct bufferevent *stream;
	struct ssl_st *ssl;
	struct tls_facts *tls;
	struct event *linger;
	size_t lingered;
	struct timer timer;
	nstime handshake_due; /* also: when lingering ends, or who is shed must be gone */
	nstime stall_due;
	uint64_t written; /* bytes given to the stream */
	uint64_t gone;    /* of them, those that had left it when stall_due was set */
	bool eof, eof_told;
	bool shed;
	atomic_bool known;
	nstime heard; /* its last byte */
	size_t weight;
	const char *reason; /* of the end, for the log */
	struct job begin;
	struct peer peer;
};

static void drive(struct connection *c, nstime now);

/* -- what a service sees -- */

uint64_t connection_session(const struct connection *c)
{
	return c->session;
}

const struct peer *connection_peer(const struct connection *c)
{
	return &c->peer;
}

const struct port *connection_port(const struct connection *c)
{
	return c->port;
}

const struct tls_facts *connection_tls(const struct connection *c)
{
	return c->tls;
}

bool connection_can_start_tls(const struct connection *c)
{
	return !c->tls && !c->port->implicit_tls && net_has_identities(c->shard->net);
}

void connection_set_known(struct connection *c)
{
	atomic_store(&c->known, true);
}

void connection_set_data(struct connection *c, void *data)
{
	c->data = data;
}

void *connection_data(const struct connection *c)
{
	return c->data;
}

/* -- what it weighs -- */

static void weigh(struct connection *c)
{
	size_t before = c->weight;

	c->weight = 0;
	if (c->stream && !c->shed && !c->port->uncounted) {
		c->weight = c->ssl ? TLS_WEIGHT : PLAIN_WEIGHT;
		c->weight += evbuffer_get_length(bufferevent_get_input(c->stream));
		c->weight += evbuffer_get_length(bufferevent_get_output(c->stream));
		if (c->engine)
			c->weight += engine_held(c->engine);
	}
	shed_weighed(c->shard, before, c->weight);
}

/* -- the end -- */

static void log_end(const struct connection *c)
{
	log_event(c->port->uncounted ? LOG_DEBUG : LOG_INFO, "net.closed",
			log_id("session", c->session), log_text("port", c->port->name),
			log_text("from", c->peer.text), log_text("reason", c->reason));
}

static void destroy(struct connection *c)
{
	struct shard *shard = c->shard;

	assert(c->outstanding == 0 && !c->stream);
	if (c->engine) {
		engine_free(c->engine);
		c->port->class->closed(c->port->context, c);
	}
	log_end(c);
	list_remove(&c->link);
	map_remove(&shard->by_session, view_of(&c->session, sizeof(c->session)));
	timer_deinit(&c->timer);
	net_forget(shard->net, c->port);
	free(c->tls);
	free(c);
}

/* The end of file that TLS has for itself: one alert, and no waiting for the peer's. */
static void drop_stream(struct connection *c)
{
	if (!c->stream)
		return;
	bufferevent_disable(c->stream, EV_READ | EV_WRITE);
	bufferevent_free(c->stream);
	c->stream = NULL;
	weigh(c);
	if (!c->ssl)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	c->ssl = NULL;
}

/* What the metrics call a state; CONNECTION_STATES: nothing. */
static enum metric_connection shown_as(enum state state)
{
	switch (state) {
	case HANDSHAKE:
	case SWITCHING:
		return CONNECTION_HANDSHAKE;
	case OPEN:
		return CONNECTION_OPEN;
	case LINGERING:
		return CONNECTION_CLOSING;
	default:
		return CONNECTION_STATES;
	}
}

static void enter(struct connection *c, enum state state)
{
	enum metric_connection from = shown_as(c->state), to = shown_as(state);

	c->state = state;
	if (c->port->uncounted || from == to)
		return;
	if (from != CONNECTION_STATES)
		metric_add(METRIC_CONNECTIONS, c->port->label, from, -1);
	if (to != CONNECTION_STATES)
		metric_add(METRIC_CONNECTIONS, c->port->label, to, 1);
}

/* `c` may be gone on return. */
static void end(struct connection *c)
{
	drop_stream(c);
	if (c->linger)
		event_free(c->linger);
	c->linger = NULL;
	close(c->fd);
	c->fd = -1;
	net_dismiss(c->shard->net, c->port, &c->peer);
	timer_set(&c->timer, NSTIME_NEVER);
	enter(c, ENDED);
	if (c->outstanding == 0)
		destroy(c);
}

static void tell_ended(struct connection *c)
{
	if (c->engine && c->port->class->ended)
		c->port->class->ended(c->port->context, c);
}

/* The socket has failed, or is to be closed where it stands. */
static void break_off(struct connection *c, const char *reason)
{
	c->reason = reason;
	if (c->state != LINGERING)
		tell_ended(c);
	end(c);
}

static void linger_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	char waste[16 * 1024];
	ssize_t n = read(fd, waste, sizeof(waste));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->lingered += (size_t)n;
	if (n <= 0 || c->lingered > MOST_LINGERED)
		end(c);
}

/* All is said and sent. */
static void hang_up(struct connection *c)
{
	c->reason = c->shed ? "shed" : "done";
	tell_ended(c);
	drop_stream(c);
	if (c->eof || c->shard->draining || shutdown(c->fd, SHUT_WR)) {
		end(c);
		return;
	}
	enter(c, LINGERING);
	c->linger = event_new(loop_base(c->shard->loop), c->fd, EV_READ | EV_PERSIST,
			linger_readable, c);
	if (!c->linger || event_add(c->linger, NULL))
		die("out of memory");
	c->handshake_due = clock_now() + LINGER_TIME;
	timer_set(&c->timer, c->handshake_due);
}

/* -- the stream -- */

static void stream_moved(struct bufferevent *stream, void *arg)
{
	struct connection *c = arg;

	(void)stream;
	if (c->state == OPEN)
		drive(c, clock_now());
}

/* Who is heard of goes to the end of the list, from which the first is shed first. */
static void stream_read(struct bufferevent *stream, void *arg)
{
	struct connection *c = arg;

	c->heard = clock_now();
	list_remove(&c->link);
	list_push(&c->shard->connections, &c->link);
	stream_moved(stream, arg);
}

static void open_engine(struct connection *c)
{
	enter(c, OPEN);
	c->handshake_due = NSTIME_NEVER;
	c->engine = c->port->class->open(c->port->context, c);
	if (!c->engine)
		break_off(c, "turned-away");
	else
		drive(c, clock_now());
}

static void log_tls_failure(const struct connection *c, struct bufferevent *stream)
{
	unsigned long error = bufferevent_get_openssl_error(stream);

	log_event(LOG_INFO, "net.tls.failed", log_id("session", c->session),
			log_text("port", c->port->name), log_text("from", c->peer.text),
			log_text("error", error ? ERR_reason_error_string(error)
						: "connection closed"));
}

static void handshake_done(struct connection *c)
{
	nstime now = clock_now();

	c->tls = xcalloc(1, sizeof(*c->tls));
	tls_session_facts(c->ssl, c->tls);
	if (c->state == HANDSHAKE) {
		open_engine(c);
		return;
	}
	assert(c->state == SWITCHING);
	enter(c, OPEN);
	c->handshake_due = NSTIME_NEVER;
	engine_event(c->engine, ENGINE_TLS_STARTED, 0, now);
	drive(c, now);
}

static void stream_event(struct bufferevent *stream, short what, void *arg)
{
	struct connection *c = arg;

	if (what & BEV_EVENT_CONNECTED) {
		handshake_done(c);
	} else if (c->state == HANDSHAKE || c->state == SWITCHING) {
		log_tls_failure(c, stream);
		metric_add(METRIC_CONNECTIONS_REFUSED, c->port->label, REFUSED_TLS, 1);
		break_off(c, "tls-failed");
	} else if (what & BEV_EVENT_ERROR) {
		break_off(c, "broken"); /* an end of file may come in the same call */
	} else {
		c->eof = true;
		/* At the end of a TLS stream libevent stops writing, too, and what was
		 * queued before would stay. */
		if (c->ssl && bufferevent_enable(stream, EV_WRITE))
			die("out of memory");
		drive(c, clock_now());
	}
}

static void use_stream(struct connection *c, struct bufferevent *stream)
{
	if (!stream)
		die("out of memory");
	c->stream = stream;
	bufferevent_setcb(stream, stream_read, stream_moved, stream_event, c);
	bufferevent_setwatermark(stream, EV_WRITE, LOW_OUTPUT, 0);
	bufferevent_set_max_single_read(stream, MOST_INPUT);
	bufferevent_set_max_single_write(stream, MOST_OUTPUT);
	if (bufferevent_enable(stream, EV_READ | EV_WRITE))
		die("out of memory");
	weigh(c);
}

static void start_plain(struct connection *c)
{
	use_stream(c, bufferevent_socket_new(loop_base(c->shard->loop), c->fd,
				      BEV_OPT_DEFER_CALLBACKS));
	open_engine(c);
}

/* Reading starts anew: what a plaintext stream had read and nobody took dies with it. */
static void start_tls(struct connection *c, enum state state)
{
	CLEANUP(tls_identities_unrefp)
	struct tls_identities *identities = net_identities(c->shard->net);

	if (!identities) {
		break_off(c, "no-certificate");
		return;
	}
	drop_stream(c);
	enter(c, state);
	c->ssl = tls_session_new(identities, c->port->alpn);
	use_stream(c, bufferevent_openssl_socket_new(loop_base(c->shard->loop), c->fd,
				      c->ssl, BUFFEREVENT_SSL_ACCEPTING,
				      BEV_OPT_DEFER_CALLBACKS));
	c->handshake_due = clock_now() + HANDSHAKE_TIME;
	timer_set(&c->timer, c->handshake_due);
}

/* -- the round -- */

/* One chunk of what has come. */
static bool feed(struct connection *c, unsigned wanted, nstime now)
{
	struct evbuffer *input = bufferevent_get_input(c->stream);
	struct evbuffer_iovec chunk;
	size_t taken;

	if (!(engine_want(c->engine) & wanted) ||
			evbuffer_peek(input, -1, NULL, &chunk, 1) < 1)
		return false;
	taken = engine_feed(c->engine, view_of(chunk.iov_base, chunk.iov_len), now);
	assert(taken <= chunk.iov_len);
	evbuffer_drain(input, taken);
	return taken > 0;
}

static bool tell_eof(struct connection *c, nstime now)
{
	if (!c->eof || c->eof_told ||
			evbuffer_get_length(bufferevent_get_input(c->stream)))
		return false;
	c->eof_told = true;
	engine_event(c->engine, ENGINE_EOF, 0, now);
	return true;
}

static bool hand_out(struct connection *c)
{
	struct op *op = engine_next_op(c->engine);

	if (!op)
		return false;
	op->session = c->session;
	c->outstanding++;
	c->port->class->perform(c->port->context, c, op);
	return true;
}

static size_t queued(const struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream));
}

static bool collect(struct connection *c)
{
	size_t room = MOST_OUTPUT - queued(c);
	struct view out = view_sub(engine_output(c->engine), 0, room);

	if (out.len == 0)
		return false;
	if (bufferevent_write(c->stream, out.data, out.len))
		die("out of memory");
	c->written += out.len;
	engine_sent(c->engine, out.len);
	return true;
}

/* Stops at a full buffer, never by a high-water mark: that stalls over TLS (libevent
 * issues 690, 854). */
static void balance_reading(struct connection *c)
{
	size_t unread = evbuffer_get_length(bufferevent_get_input(c->stream));
	bool reading = bufferevent_get_enabled(c->stream) & EV_READ;

	if (reading && unread >= MOST_INPUT)
		bufferevent_disable(c->stream, EV_READ);
	else if (!reading && unread < MOST_INPUT && !c->eof)
		bufferevent_enable(c->stream, EV_READ);
}

/* A peer that reads makes bytes go. */
static void watch_output(struct connection *c, nstime now)
{
	uint64_t gone = c->written - queued(c);

	if (gone == c->written)
		c->stall_due = NSTIME_NEVER;
	else if (c->stall_due == NSTIME_NEVER || gone != c->gone)
		c->stall_due = now + STALL_TIME;
	c->gone = gone;
}

static bool stalled(const struct connection *c, nstime now)
{
	return now >= c->stall_due && c->written - queued(c) == c->gone;
}

static void set_timer(struct connection *c)
{
	timer_set(&c->timer, nstime_min(engine_deadline(c->engine),
					     nstime_min(c->stall_due, c->handshake_due)));
}

/* `c` may be gone on return. */
static void drive(struct connection *c, nstime now)
{
	bool moved, drained;
	unsigned want;

	assert(c->state == OPEN);
	do {
		moved = feed(c, WANT_READ, now);
		moved |= tell_eof(c, now);
		moved |= hand_out(c);
		moved |= collect(c);
		want = engine_want(c->engine);
		drained = queued(c) == 0 && engine_output(c->engine).len == 0;
		/* Early bytes before a switch: the engine's to refuse. */
		if (!moved && drained && want & WANT_TLS)
			moved = feed(c, WANT_TLS, now);
	} while (moved);

	if (want & WANT_CLOSE && drained) {
		hang_up(c);
	} else if (want & WANT_TLS && drained) {
		start_tls(c, SWITCHING);
	} else {
		balance_reading(c);
		watch_output(c, now);
		set_timer(c);
		weigh(c);
	}
}

static void timer_fired(struct timer *timer, nstime now)
{
	struct connection *c = CONTAINER_OF(timer, struct connection, timer);

	if (c->state == LINGERING) {
		end(c);
	} else if (now >= c->handshake_due) {
		break_off(c, c->shed ? "shed" : "handshake-timeout");
	} else if (c->state != OPEN) {
		timer_set(&c->timer, c->handshake_due);
	} else if (stalled(c, now)) {
		break_off(c, "peer-stalled");
	} else {
		engine_tick(c->engine, now);
		drive(c, now);
	}
}

void connection_take_answer(struct connection *c, struct op *op)
{
	nstime now = clock_now();

	assert(c->outstanding > 0);
	c->outstanding--;
	if (c->state == LINGERING || c->state == ENDED) {
		op_free(op);
		if (c->state == ENDED && c->outstanding == 0)
			destroy(c);
		return;
	}
	engine_answer(c->engine, op, now);
	if (c->state == OPEN)
		drive(c, now);
}

void connection_take_event(struct connection *c, enum engine_event event, uint64_t arg)
{
	nstime now = clock_now();

	if (c->state == OPEN) {
		engine_event(c->engine, event, arg, now);
		drive(c, now);
	} else if (event == ENGINE_DRAIN && c->state == LINGERING) {
		end(c);
	} else if (event != ENGINE_CHANGED && c->state != ENDED &&
			c->state != LINGERING) {
		break_off(c, "ended-in-handshake");
	}
}

void connection_abort(struct connection *c)
{
	if (c->state != ENDED)
		break_off(c, "aborted");
}

/* -- where there is no room -- */

enum rank connection_rank(const struct connection *c, nstime now)
{
	const struct standing standing = {
		.known = atomic_load(&c->known),
		.waited_on = c->outstanding > 0,
		.silent = now - c->heard,
		.weight = c->weight,
	};

	if (c->port->uncounted || c->shed || !c->stream)
		return RANKS;
	return shed_rank(&standing);
}

void connection_shed(struct connection *c, enum rank rank, nstime now)
{
	/* clang-format off */
	static const char *const names[RANKS] = {
		[RANK_SILENT]   = "silent-before-login",
		[RANK_STRANGER] = "before-login",
		[RANK_BULK]     = "bulk",
		[RANK_KNOWN]    = "logged-in",
	};
	/* clang-format on */

	log_event(LOG_WARN, "net.shed", log_id("session", c->session),
			log_text("port", c->port->name), log_text("from", c->peer.text),
			log_text("rank", names[rank]),
			log_number("bytes", (int64_t)c->weight));
	c->shed = true;
	weigh(c);
	if (c->state != OPEN) {
		break_off(c, "shed");
		return;
	}
	c->handshake_due = now + SHED_TIME;
	engine_event(c->engine, ENGINE_SHED, 0, now);
	drive(c, now);
}

/* -- the beginning -- */

struct connection *connection_of(struct list *link)
{
	return LIST_ITEM(link, struct connection, link);
}

struct connection *shard_find(struct shard *shard, uint64_t session)
{
	return map_get(&shard->by_session, view_of(&session, sizeof(session)));
}

static void run_begin(struct job *job)
{
	struct connection *c = CONTAINER_OF(job, struct connection, begin);
	struct shard *shard = c->shard;

	list_push(&shard->connections, &c->link);
	map_set(&shard->by_session, view_of(&c->session, sizeof(c->session)), c);
	timer_init(&c->timer, shard->loop, timer_fired);
	if (shard->draining && !c->port->uncounted)
		break_off(c, "draining");
	else if (c->port->implicit_tls)
		start_tls(c, HANDSHAKE);
	else
		start_plain(c);
}

static struct connection *new_connection(struct shard *shard, const struct port *port,
		int fd, const struct peer *peer)
{
	struct connection *c = xcalloc(1, sizeof(*c));
	const int on = 1;

	c->shard = shard;
	c->port = port;
	c->fd = fd;
	c->peer = *peer;
	c->session = net_new_session(shard->net, shard);
	c->handshake_due = c->stall_due = NSTIME_NEVER;
	c->heard = clock_now();
	c->begin.run = run_begin;
	c->reason = "done";
	/* With TLS 1.3 and a greeting of ours, Nagle's algorithm costs 46 ms. */
	if (peer->address.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return c;
}

void connection_begin(
		struct net *net, const struct port *port, int fd, const struct peer *peer)
{
	struct shard *shard = net_next_shard(net);

	loop_post(shard->loop, &new_connection(shard, port, fd, peer)->begin);
}

void connection_begin_on(struct shard *shard, const struct port *port, int fd,
		const struct peer *peer)
{
	run_begin(&new_connection(shard, port, fd, peer)->begin);
}

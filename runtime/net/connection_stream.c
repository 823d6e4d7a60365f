/* What a connection lives on: a stream of bytes, perhaps inside TLS, and the round in which
 * its engine is driven. Every entry comes from the event loop itself (callbacks are
 * deferred, answers and events are posted), so a round is never entered twice, and a
 * connection may die at the end of one. */
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/net/connection_inside.h"
#include "runtime/net/tls_session.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

enum {
	MOST_INPUT = 64 * 1024,   /* unread bytes at which reading stops */
	MOST_OUTPUT = 256 * 1024, /* unsent bytes at which the engine is not asked */
	LOW_OUTPUT = 64 * 1024    /* at which it is asked again */
};

#define STALL_TIME nstime_seconds(300) /* a peer that reads nothing */

/* -- the stream -- */

/* The end of file that TLS has for itself: one alert, and no waiting for the peer's. */
void connection_drop_stream(struct connection *c)
{
	if (!c->stream)
		return;
	bufferevent_disable(c->stream, EV_READ | EV_WRITE);
	bufferevent_free(c->stream);
	c->stream = NULL;
	connection_weigh(c);
	if (!c->ssl)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	c->ssl = NULL;
}

static void stream_moved(struct bufferevent *stream, void *arg)
{
	struct connection *c = arg;

	(void)stream;
	if (c->state == OPEN)
		connection_drive(c, clock_now());
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
	connection_enter(c, OPEN);
	c->handshake_due = NSTIME_NEVER;
	c->engine = c->port->class->open(c->port->context, c);
	if (!c->engine)
		connection_break_off(c, "turned-away");
	else
		connection_drive(c, clock_now());
}

static const char *tls_failure(const struct connection *c)
{
	unsigned long error = bufferevent_get_openssl_error(c->stream);
	const char *why;

	if (c->dialled)
		return tls_trust_failure(c->ssl, error);
	why = error ? ERR_reason_error_string(error) : NULL;
	return why ? why : "connection closed";
}

static void handshake_failed(struct connection *c)
{
	const char *why = tls_failure(c);

	log_event(LOG_INFO, "net.tls.failed", log_id("session", c->session),
			log_text("port", c->port->name),
			log_text(connection_side(c), c->peer.text),
			log_text("error", why));
	if (c->dialled)
		dial_note(c, DIAL_TLS, 0, why);
	else
		metric_add(METRIC_CONNECTIONS_REFUSED, c->port->label, REFUSED_TLS, 1);
	connection_break_off(c, "tls-failed");
}

static void handshake_done(struct connection *c)
{
	nstime now = clock_now();

	c->tls = xcalloc(1, sizeof(*c->tls));
	if (c->dialled)
		tls_trust_facts(c->ssl, c->dialled->verify, c->dialled->host, c->tls);
	else
		tls_session_facts(c->ssl, c->tls);
	if (c->tls->is_challenge) {
		connection_break_off(c, "challenge-seen");
		return;
	}
	if (c->state == HANDSHAKE) {
		open_engine(c);
		return;
	}
	assert(c->state == SWITCHING);
	connection_enter(c, OPEN);
	c->handshake_due = NSTIME_NEVER;
	engine_event(c->engine, ENGINE_TLS_STARTED, 0, now);
	connection_drive(c, now);
}

static void stream_event(struct bufferevent *stream, short what, void *arg)
{
	struct connection *c = arg;

	if (what & BEV_EVENT_CONNECTED) {
		handshake_done(c);
	} else if (c->state == HANDSHAKE || c->state == SWITCHING) {
		handshake_failed(c);
	} else if (what & BEV_EVENT_ERROR) {
		connection_break_off(c,
				"broken"); /* an end of file may come in the same call */
	} else {
		c->eof = true;
		/* At the end of a TLS stream libevent stops writing, too, and what was
		 * queued before would stay. */
		if (c->ssl && bufferevent_enable(stream, EV_WRITE))
			die("out of memory");
		connection_drive(c, clock_now());
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
	connection_weigh(c);
}

void connection_start_plain(struct connection *c)
{
	use_stream(c, bufferevent_socket_new(loop_base(c->shard->loop), c->fd,
				      BEV_OPT_DEFER_CALLBACKS));
	open_engine(c);
}

/* The server's side, or the client's where it was dialled; NULL, and it is broken off,
 * where there is nothing to do it with. */
static struct ssl_st *new_ssl(struct connection *c)
{
	const struct dialled *dialled = c->dialled;
	CLEANUP(tls_identities_unrefp)
	struct tls_identities *identities = NULL;

	if (dialled && dialled->trust)
		return tls_trust_session(dialled->trust, dialled->verify, &dialled->pins,
				dialled->host, c->port->alpn);
	identities = dialled ? NULL : net_identities(c->shard->net);
	if (identities)
		return tls_session_new(identities, c->port->alpn);
	if (dialled)
		dial_note(c, DIAL_TLS, 0, "this connection was dialled without TLS");
	connection_break_off(c, dialled ? "no-trust" : "no-certificate");
	return NULL;
}

static nstime handshake_time(const struct port *port)
{
	return port->handshake_time ? port->handshake_time
				    : nstime_seconds(PORT_HANDSHAKE_SECONDS);
}

/* Reading starts anew: what a plaintext stream had read and nobody took dies with it. */
void connection_start_tls(struct connection *c, enum state state)
{
	struct ssl_st *ssl = new_ssl(c);

	if (!ssl)
		return;
	connection_drop_stream(c);
	connection_enter(c, state);
	c->ssl = ssl;
	use_stream(c, bufferevent_openssl_socket_new(loop_base(c->shard->loop), c->fd,
				      c->ssl,
				      c->dialled ? BUFFEREVENT_SSL_CONNECTING
						 : BUFFEREVENT_SSL_ACCEPTING,
				      BEV_OPT_DEFER_CALLBACKS));
	c->handshake_due = clock_now() + handshake_time(c->port);
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

bool connection_hand_out(struct connection *c)
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

bool connection_is_stalled(const struct connection *c, nstime now)
{
	return now >= c->stall_due && c->written - queued(c) == c->gone;
}

static void set_timer(struct connection *c)
{
	timer_set(&c->timer, nstime_min(engine_deadline(c->engine),
					     nstime_min(c->stall_due, c->handshake_due)));
}

/* `c` may be gone on return. */
void connection_drive(struct connection *c, nstime now)
{
	bool moved, drained;
	unsigned want;

	assert(c->state == OPEN);
	do {
		moved = feed(c, WANT_READ, now);
		moved |= tell_eof(c, now);
		moved |= connection_hand_out(c);
		moved |= collect(c);
		want = engine_want(c->engine);
		drained = queued(c) == 0 && engine_output(c->engine).len == 0;
		/* Early bytes before a switch: the engine's to refuse. */
		if (!moved && drained && want & WANT_TLS)
			moved = feed(c, WANT_TLS, now);
	} while (moved);

	if (want & WANT_CLOSE && drained) {
		connection_hang_up(c);
	} else if (want & WANT_TLS && drained) {
		connection_start_tls(c, SWITCHING);
	} else {
		balance_reading(c);
		watch_output(c, now);
		set_timer(c);
		connection_weigh(c);
	}
}

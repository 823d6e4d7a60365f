/* A connection's beginning and end, and what reaches it from outside. */
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/net/connection_inside.h"
#include "runtime/net/tls_session.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MOST_LINGERED = 1024 * 1024,
	/* what each costs beside its buffers, measured; for shed.h */
	PLAIN_WEIGHT = 3 * 1024,
	TLS_WEIGHT = 17 * 1024
};

#define LINGER_TIME nstime_seconds(1)
#define SHED_TIME   nstime_seconds(5) /* for what it waits for, and the last line */

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

void connection_weigh(struct connection *c)
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

const char *connection_side(const struct connection *c)
{
	return c->dialled ? "to" : "from";
}

static void log_end(const struct connection *c)
{
	log_event(c->port->uncounted ? LOG_DEBUG : LOG_INFO, "net.closed",
			log_id("session", c->session), log_text("port", c->port->name),
			log_text(connection_side(c), c->peer.text),
			log_text("reason", c->reason));
}

static void destroy(struct connection *c)
{
	struct shard *shard = c->shard;

	assert(c->outstanding == 0 && !c->stream);
	if (c->engine) {
		engine_free(c->engine);
		c->port->class->closed(c->port->context, c);
	} else if (c->dialled) {
		dial_tell_failure(c);
	}
	log_end(c);
	list_remove(&c->link);
	map_remove(&shard->by_session, view_of(&c->session, sizeof(c->session)));
	timer_deinit(&c->timer);
	net_forget(shard->net, c->port);
	dial_free(c->dialled);
	free(c->tls);
	free(c);
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

void connection_enter(struct connection *c, enum state state)
{
	enum metric_connection from = shown_as(c->state), to = shown_as(state);

	c->state = state;
	if (c->port->uncounted || c->dialled || from == to)
		return;
	if (from != CONNECTION_STATES)
		metric_add(METRIC_CONNECTIONS, c->port->label, from, -1);
	if (to != CONNECTION_STATES)
		metric_add(METRIC_CONNECTIONS, c->port->label, to, 1);
}

/* Whoever dialled hears what his engine still has to say. `c` may be gone on return. */
static void say_the_rest(struct connection *c)
{
	while (c->dialled && c->engine && connection_hand_out(c))
		continue;
	if (c->outstanding == 0)
		destroy(c);
}

/* `c` may be gone on return. */
static void end(struct connection *c)
{
	if (c->dialled)
		dial_stop_knocking(c);
	connection_drop_stream(c);
	if (c->linger)
		event_free(c->linger);
	c->linger = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (!c->dialled)
		net_dismiss(c->shard->net, c->port, &c->peer);
	timer_set(&c->timer, NSTIME_NEVER);
	connection_enter(c, ENDED);
	if (c->dialled && c->engine)
		engine_event(c->engine, ENGINE_EOF, 0, clock_now());
	say_the_rest(c);
}

static void tell_ended(struct connection *c)
{
	if (c->engine && c->port->class->ended)
		c->port->class->ended(c->port->context, c);
}

/* The socket has failed, or is to be closed where it stands. */
void connection_break_off(struct connection *c, const char *reason)
{
	c->reason = reason;
	if (c->dialled)
		dial_note_end(c);
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
void connection_hang_up(struct connection *c)
{
	c->reason = c->shed ? "shed" : "done";
	tell_ended(c);
	connection_drop_stream(c);
	if (c->eof || c->shard->draining || shutdown(c->fd, SHUT_WR)) {
		end(c);
		return;
	}
	connection_enter(c, LINGERING);
	c->linger = event_new(loop_base(c->shard->loop), c->fd, EV_READ | EV_PERSIST,
			linger_readable, c);
	if (!c->linger || event_add(c->linger, NULL))
		die("out of memory");
	c->handshake_due = clock_now() + LINGER_TIME;
	timer_set(&c->timer, c->handshake_due);
}

static void time_is_up(struct connection *c)
{
	if (c->shed) {
		connection_break_off(c, "shed");
	} else if (c->state == CONNECTING) {
		dial_note(c, DIAL_CONNECT, ETIMEDOUT, "there was no answer in time");
		connection_break_off(c, "connect-timeout");
	} else {
		if (c->dialled)
			dial_note(c, DIAL_TLS, 0, "the handshake took too long");
		connection_break_off(c, "handshake-timeout");
	}
}

static void timer_fired(struct timer *timer, nstime now)
{
	struct connection *c = CONTAINER_OF(timer, struct connection, timer);

	if (c->state == LINGERING) {
		end(c);
	} else if (now >= c->handshake_due) {
		time_is_up(c);
	} else if (c->state != OPEN) {
		timer_set(&c->timer, c->handshake_due);
	} else if (connection_is_stalled(c, now)) {
		connection_break_off(c, "peer-stalled");
	} else {
		engine_tick(c->engine, now);
		connection_drive(c, now);
	}
}

void connection_take_answer(struct connection *c, struct op *op)
{
	nstime now = clock_now();

	assert(c->outstanding > 0);
	c->outstanding--;
	if (!c->dialled && (c->state == LINGERING || c->state == ENDED))
		op_free(op);
	else
		engine_answer(c->engine, op, now);
	if (c->state == OPEN)
		connection_drive(c, now);
	else if (c->state == ENDED)
		say_the_rest(c);
}

void connection_take_event(struct connection *c, enum engine_event event, uint64_t arg)
{
	nstime now = clock_now();

	if (c->state == OPEN) {
		engine_event(c->engine, event, arg, now);
		connection_drive(c, now);
	} else if (event == ENGINE_DRAIN && c->state == LINGERING) {
		end(c);
	} else if (event != ENGINE_CHANGED && c->state != ENDED &&
			c->state != LINGERING) {
		connection_break_off(c, "ended-in-handshake");
	}
}

void connection_abort(struct connection *c)
{
	if (c->state != ENDED)
		connection_break_off(c, "aborted");
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
	connection_weigh(c);
	if (c->state != OPEN) {
		connection_break_off(c, "shed");
		return;
	}
	c->handshake_due = now + SHED_TIME;
	engine_event(c->engine, ENGINE_SHED, 0, now);
	connection_drive(c, now);
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

void connection_set_off(struct connection *c)
{
	list_push(&c->shard->connections, &c->link);
	map_set(&c->shard->by_session, view_of(&c->session, sizeof(c->session)), c);
	timer_init(&c->timer, c->shard->loop, timer_fired);
}

void connection_speak(struct connection *c)
{
	if (c->port->implicit_tls)
		connection_start_tls(c, HANDSHAKE);
	else
		connection_start_plain(c);
}

struct connection *connection_new(struct shard *shard, const struct port *port,
		const struct peer *peer, void (*run)(struct job *job))
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->shard = shard;
	c->port = port;
	c->fd = -1;
	c->peer = *peer;
	c->session = net_new_session(shard->net, shard);
	c->handshake_due = c->stall_due = NSTIME_NEVER;
	c->heard = clock_now();
	c->begin.run = run;
	c->reason = "done";
	return c;
}

void connection_take_socket(struct connection *c, int fd)
{
	const int on = 1;

	c->fd = fd;
	/* With TLS 1.3 and a greeting of ours, Nagle's algorithm costs 46 ms. */
	if (c->peer.address.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void run_begin(struct job *job)
{
	struct connection *c = CONTAINER_OF(job, struct connection, begin);

	connection_set_off(c);
	if (c->shard->draining && !c->port->uncounted)
		connection_break_off(c, "draining");
	else
		connection_speak(c);
}

static struct connection *new_accepted(struct shard *shard, const struct port *port,
		int fd, const struct peer *peer)
{
	struct connection *c = connection_new(shard, port, peer, run_begin);

	connection_take_socket(c, fd);
	return c;
}

void connection_begin(
		struct net *net, const struct port *port, int fd, const struct peer *peer)
{
	struct shard *shard = net_next_shard(net);

	loop_post(shard->loop, &new_accepted(shard, port, fd, peer)->begin);
}

void connection_begin_on(struct shard *shard, const struct port *port, int fd,
		const struct peer *peer)
{
	run_begin(&new_accepted(shard, port, fd, peer)->begin);
}

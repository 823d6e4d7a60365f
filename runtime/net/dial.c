/* The beginning of a connection that goes out: a socket, connect(), and the wait for it. */
#include "runtime/net/dial.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/net/connection_inside.h"
#include "runtime/net/ip.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* -- why it did not come to be -- */

void dial_note(struct connection *c, enum dial_stage stage, int error, const char *reason)
{
	struct dialled *dialled = c->dialled;

	if (dialled->failed)
		return;
	dialled->failed = true;
	dialled->failure = (struct dial_failure){ .stage = stage, .error = error };
	snprintf(dialled->failure.reason, sizeof(dialled->failure.reason), "%s", reason);
}

void dial_note_end(struct connection *c)
{
	if (c->state < OPEN || c->state == SWITCHING)
		dial_note(c, DIAL_STOPPED, 0, "this server ended the connection");
}

void dial_tell_failure(struct connection *c)
{
	/* clang-format off */
	static const char *const stages[] = {
		[DIAL_CONNECT] = "connect",
		[DIAL_TLS]     = "tls",
		[DIAL_STOPPED] = "stopped",
	};
	/* clang-format on */
	const struct dial_failure *failure = &c->dialled->failure;

	if (!c->dialled->failed)
		return; /* open() has turned it away */
	log_event(LOG_INFO, "net.dial.failed", log_id("session", c->session),
			log_text("port", c->port->name), log_text("to", c->peer.text),
			log_text("stage", stages[failure->stage]),
			log_text("reason", failure->reason));
	c->port->class->dial_failed(c->port->context, c, failure);
}

const struct dial_failure *connection_failure(const struct connection *c)
{
	return c->dialled && c->dialled->failed ? &c->dialled->failure : NULL;
}

static const char *words_for(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "nobody listens there";
	case ETIMEDOUT:
		return "there was no answer in time";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "there is no way to that host";
	case EADDRNOTAVAIL:
		return "the local address is not one of this machine";
	case EMFILE:
	case ENFILE:
		return "no descriptor is free: raise the limit of open files";
	default:
		return strerrordesc_np(error);
	}
}

static void fail_to_connect(struct connection *c, int error)
{
	const char *words = words_for(error);

	dial_note(c, DIAL_CONNECT, error, words ? words : "the connection failed");
	connection_break_off(c, "connect-failed");
}

/* -- on its way -- */

void dial_stop_knocking(struct connection *c)
{
	if (c->dialled->knock)
		event_free(c->dialled->knock);
	c->dialled->knock = NULL;
}

static void knocked(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	dial_stop_knocking(c);
	c->handshake_due = NSTIME_NEVER;
	c->heard = clock_now();
	if (error)
		fail_to_connect(c, error);
	else
		connection_speak(c);
}

/* The port is chosen by connect(), so that many may go out from one address. */
static int bind_from(int fd, const struct sockaddr_storage *from)
{
	const int on = 1;

	if (from->ss_family == AF_UNSPEC)
		return 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)from, ip_len(from)) ? errno : 0;
}

static int open_socket(struct connection *c)
{
	const struct sockaddr_storage *to = &c->peer.address;
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return errno;
	connection_take_socket(c, fd);
	error = bind_from(fd, &c->dialled->from);
	if (error)
		return error;
	if (connect(fd, (const struct sockaddr *)to, ip_len(to)) && errno != EINPROGRESS)
		return errno;
	return 0;
}

static void run_dial(struct job *job)
{
	struct connection *c = CONTAINER_OF(job, struct connection, begin);
	struct dialled *dialled = c->dialled;
	int error;

	connection_set_off(c);
	connection_enter(c, CONNECTING);
	if (c->shard->draining) {
		connection_break_off(c, "draining");
		return;
	}
	error = open_socket(c);
	if (error) {
		fail_to_connect(c, error);
		return;
	}
	dialled->knock =
			event_new(loop_base(c->shard->loop), c->fd, EV_WRITE, knocked, c);
	if (!dialled->knock || event_add(dialled->knock, NULL))
		die("out of memory");
	c->handshake_due = clock_now() + dialled->time_limit;
	timer_set(&c->timer, c->handshake_due);
}

static void copy_pins(struct dialled *dialled, const struct tls_pins *from)
{
	struct tls_pin *items;

	dialled->arena = arena_new();
	items = arena_array(dialled->arena, from->count, sizeof(*items));
	for (size_t i = 0; i < from->count; i++) {
		items[i] = from->items[i];
		items[i].data = arena_copy(dialled->arena, from->items[i].data);
	}
	dialled->pins = (struct tls_pins){ items, from->count,
		arena_copy(dialled->arena, from->also) };
}

static struct dialled *new_dialled(const struct dial_options *options)
{
	struct dialled *dialled = xcalloc(1, sizeof(*dialled));

	assert(options->host.len <= DIAL_HOST_MAX);
	assert(options->verify < TLS_VERIFY_REQUIRE || options->host.len > 0);
	dialled->from = options->from;
	dialled->time_limit = options->time_limit ? options->time_limit
						  : nstime_seconds(DIAL_SECONDS);
	dialled->trust = options->trust ? tls_trust_ref(options->trust) : NULL;
	dialled->verify = options->verify;
	if (options->verify == TLS_VERIFY_PINS)
		copy_pins(dialled, options->pins);
	memcpy(dialled->host, options->host.data ? options->host.data : "",
			options->host.len);
	return dialled;
}

uint64_t connection_dial(struct net *net, const struct dial_options *options)
{
	struct shard *shard = net_next_shard(net);
	struct peer peer = { .address = options->to, .port = ip_port(&options->to) };
	struct connection *c;
	uint64_t session;

	assert(options->port->class->dial_failed && !options->port->uncounted);
	ip_print(&peer.address, peer.text);
	c = connection_new(shard, options->port, &peer, run_dial);
	c->dialled = new_dialled(options);
	c->data = options->data;
	atomic_store(&c->known, true); /* nobody who came to us is shed behind it */
	session = c->session;
	net_await(net);
	loop_post(shard->loop, &c->begin);
	return session;
}

void dial_free(struct dialled *dialled)
{
	if (!dialled)
		return;
	tls_trust_unref(dialled->trust);
	arena_free(dialled->arena);
	free(dialled);
}

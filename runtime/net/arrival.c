#include "runtime/net/arrival.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/net/ip.h"
#include "runtime/net/proxy_header.h"
#include "runtime/net/shard.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	READ_AT_ONCE = 256 /* most headers are shorter */
};

#define HEADER_TIME nstime_seconds(5)

/* A proxy's connection whose header is not whole yet. */
struct arrival {
	struct list link;
	struct shard *shard;
	const struct port *port;
	int fd;
	struct event *event;
	struct timer timer;
	struct buf header;
	struct peer peer; /* the proxy */
	struct job begin;
};

/* -- who it is -- */

static void set_address(struct peer *peer, const struct sockaddr_storage *address)
{
	peer->address = *address;
	ip_unmap(&peer->address);
	peer->port = ip_port(&peer->address);
	ip_print(&peer->address, peer->text);
}

static void set_process(struct peer *peer, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	memcpy(peer->text, "unix", sizeof("unix"));
	peer->uid = (uid_t)-1; /* nobody, unless the kernel says who */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
		peer->uid = who.uid;
		peer->pid = who.pid;
	}
}

/* -- the door -- */

static void turn_away(const struct port *port, int fd, const struct peer *peer,
		const char *limit)
{
	unsigned reason;

	if (metric_label(METRIC_CONNECTIONS_REFUSED, 1, view_z(limit), &reason))
		metric_add(METRIC_CONNECTIONS_REFUSED, port->label, reason, 1);
	log_event(LOG_WARN, "net.refused", log_text("port", port->name),
			log_text("from", peer->text),
			log_text("reason", "too-many-connections"),
			log_text("limit", limit));
	if (port->full_line.len && !port->implicit_tls) {
		if (send(fd, port->full_line.data, port->full_line.len,
				    MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			shutdown(fd, SHUT_WR);
	}
	close(fd);
}

/* -- a proxy's header -- */

/* It is over; the descriptor is somebody else's by now. */
static void arrival_free(struct arrival *a)
{
	list_remove(&a->link);
	if (a->event)
		event_free(a->event);
	timer_deinit(&a->timer);
	buf_free(&a->header);
	free(a);
}

static void refuse(struct arrival *a, const char *reason)
{
	struct net *net = a->shard->net;

	log_event(LOG_WARN, "net.proxy.refused", log_text("port", a->port->name),
			log_text("from", a->peer.text), log_text("reason", reason));
	net_dismiss(net, a->port, &a->peer);
	close(a->fd);
	net_forget(net, a->port);
	arrival_free(a);
}

void arrival_abort(struct list *link)
{
	refuse(LIST_ITEM(link, struct arrival, link), "aborted");
}

/* The header is read, and not a byte behind it. */
static void welcome(struct arrival *a, const struct proxy_header *header)
{
	struct net *net = a->shard->net;
	struct peer peer = a->peer;
	const char *refused = NULL;

	if (header->named) {
		peer = (struct peer){ 0 };
		set_address(&peer, &header->from);
		refused = net_rename(net, &a->peer, &peer);
	}
	log_event(LOG_DEBUG, "net.proxied", log_text("port", a->port->name),
			log_text("by", a->peer.text), log_text("from", peer.text));
	if (refused) {
		net_dismiss(net, a->port, &a->peer);
		turn_away(a->port, a->fd, &peer, refused);
		net_forget(net, a->port);
	} else {
		connection_begin_on(a->shard, a->port, a->fd, &peer);
	}
	arrival_free(a);
}

/* Looks before it takes: what stands behind the header is the engine's or TLS's. */
static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct arrival *a = arg;
	char bytes[READ_AT_ONCE];
	struct proxy_header header;
	size_t before = a->header.len, take;
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_PEEK);
	int r;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		refuse(a, "closed");
		return;
	}
	buf_add(&a->header, view_of(bytes, (size_t)n));
	r = buf_failed(&a->header) ? PROXY_HEADER_E_BAD
				   : proxy_header_parse(buf_view(&a->header), &header);
	if (r == PROXY_HEADER_E_BAD) {
		refuse(a, "bad-header");
		return;
	}
	take = r ? (size_t)n : header.len - before;
	if (recv(fd, bytes, take, 0) != (ssize_t)take)
		refuse(a, "closed");
	else if (!r)
		welcome(a, &header);
}

static void too_late(struct timer *timer, nstime now)
{
	(void)now;
	refuse(CONTAINER_OF(timer, struct arrival, timer), "timeout");
}

static void run_begin(struct job *job)
{
	struct arrival *a = CONTAINER_OF(job, struct arrival, begin);

	list_push(&a->shard->arrivals, &a->link);
	timer_init(&a->timer, a->shard->loop, too_late);
	if (a->shard->draining) {
		refuse(a, "draining");
		return;
	}
	timer_set(&a->timer, clock_now() + HEADER_TIME);
	a->event = event_new(loop_base(a->shard->loop), a->fd, EV_READ | EV_PERSIST,
			readable, a);
	if (!a->event || event_add(a->event, NULL))
		die("out of memory");
}

static void await_header(
		struct net *net, const struct port *port, int fd, const struct peer *peer)
{
	struct arrival *a = xcalloc(1, sizeof(*a));

	a->shard = net_next_shard(net);
	a->port = port;
	a->fd = fd;
	a->peer = *peer;
	/* what is looked at once more, and then refused */
	a->header = BUF_NULL(limit_value(LIMIT_NET_PROXY_HEADER) + READ_AT_ONCE);
	a->begin.run = run_begin;
	loop_post(a->shard->loop, &a->begin);
}

void arrival_begin(struct net *net, const struct port *port, int fd,
		const struct sockaddr_storage *from)
{
	struct peer peer = { 0 };
	const char *refused;

	set_address(&peer, from);
	if (!peer.text[0])
		set_process(&peer, fd);
	peer.proxy = !port->uncounted && net_is_proxy(net, &peer);
	refused = net_admit(net, port, &peer);
	if (refused)
		turn_away(port, fd, &peer, refused);
	else if (peer.proxy)
		await_header(net, port, fd, &peer);
	else
		connection_begin(net, port, fd, &peer);
}

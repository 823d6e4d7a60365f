#include "runtime/net/listener.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/base/systemd.h"
#include "runtime/net/arrival.h"
#include "runtime/net/ip.h"
#include "runtime/net/shard.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 1024,
	ACCEPTED_AT_ONCE = 64,
	MOST_SOCKETS = 2 /* all addresses: one of each family */
};

#define PAUSE (100 * NS_PER_MS) /* where not even the reserve helps */

/* One bound socket. */
struct gate {
	struct listener *listener;
	int fd;
	struct event *event; /* while it accepts */
};

struct listener {
	struct net *net;
	const struct port *port;
	struct loop *loop;
	uint16_t number;
	struct gate gates[MOST_SOCKETS];
	unsigned gate_count;
	bool started;
	int reserve; /* a descriptor to spend where there are no more */
	struct timer pause;
	nstime warned; /* when the lack of descriptors was last logged */
	char *path;    /* UNIX: unlinked at the end, where we made it */
};

/* -- addresses -- */

static bool same_address(
		const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_un *au = (const void *)a, *bu = (const void *)b;

	if (a->ss_family != AF_UNIX || b->ss_family != AF_UNIX)
		return ip_same(a, b);
	return strncmp(au->sun_path, bu->sun_path, sizeof(au->sun_path)) == 0;
}

/* -- accepting -- */

static void resume(struct timer *timer, nstime now)
{
	struct listener *l = CONTAINER_OF(timer, struct listener, pause);

	(void)now;
	for (unsigned i = 0; i < l->gate_count; i++)
		event_add(l->gates[i].event, NULL);
}

/* No descriptor is left: the one in reserve takes the newcomer and closes it, so that the
 * socket does not stay readable for ever. Where the whole system has none, wait. */
static void shed(struct listener *l, int fd)
{
	nstime now = clock_now();
	int newcomer;

	if (l->warned == 0 || now - l->warned > NS_PER_S)
		log_event(LOG_ERROR, "net.descriptors.spent",
				log_text("port", l->port->name),
				log_text("next", "raise LimitNOFILE= or lower the "
						 "host's connections"));
	l->warned = now;
	if (l->reserve >= 0)
		close(l->reserve);
	newcomer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (newcomer >= 0)
		close(newcomer);
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (newcomer >= 0 && !l->port->uncounted)
		metric_add(METRIC_CONNECTIONS_REFUSED, l->port->label,
				REFUSED_DESCRIPTORS, 1);
	if (newcomer >= 0 || errno == EAGAIN)
		return;
	for (unsigned i = 0; i < l->gate_count; i++)
		event_del(l->gates[i].event);
	timer_set(&l->pause, now + PAUSE);
}

static void gate_readable(evutil_socket_t fd, short what, void *arg)
{
	struct gate *gate = arg;
	struct listener *l = gate->listener;

	(void)what;
	for (unsigned i = 0; i < ACCEPTED_AT_ONCE; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		int newcomer = accept4(fd, (struct sockaddr *)&from, &len,
				SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (newcomer < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
					errno == ENOMEM)
				shed(l, fd);
			return; /* else EAGAIN, or a newcomer that has gone again */
		}
		arrival_begin(l->net, l->port, newcomer, &from);
	}
}

/* -- opening -- */

static struct listener *new_listener(struct net *net, const struct port *port)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->net = net;
	l->port = port;
	l->loop = net_loop(net);
	l->reserve = -1;
	return l;
}

static void add_gate(struct listener *l, int fd)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t len = sizeof(bound);

	l->gates[l->gate_count++] = (struct gate){ .listener = l, .fd = fd };
	if (getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
		l->number = ip_port(&bound);
}

/* A socket of the service manager with this address; -1 where there is none. The copy is
 * closed with the listener, the manager's own stays, so that no newcomer is refused while
 * a state changes twice. */
static int inherited(const struct sockaddr_storage *wanted)
{
	unsigned count = systemd_socket_count();

	for (unsigned i = 0; i < count; i++) {
		int fd = SYSTEMD_FIRST_FD + (int)i, listens = 0;
		struct sockaddr_storage has = { 0 };
		socklen_t len = sizeof(has), flag_len = sizeof(listens);

		if (getsockname(fd, (struct sockaddr *)&has, &len) ||
				getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
						&flag_len))
			continue;
		if (!listens || !same_address(&has, wanted))
			continue;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int bind_new(const struct sockaddr_storage *address, int *out)
{
	const int on = 1;
	socklen_t len = address->ss_family == AF_UNIX ? sizeof(struct sockaddr_un)
						      : ip_len(address);
	int r, fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			       0);

	if (fd < 0)
		return fault_errno();
	/* Ports in TIME_WAIT after a restart are free; one family does not take the
	 * other's. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
			(address->ss_family == AF_INET6 &&
					setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
							sizeof(on))) ||
			bind(fd, (const struct sockaddr *)address, len) ||
			listen(fd, BACKLOG)) {
		r = fault_errno();
		close(fd);
		return r;
	}
	*out = fd;
	return 0;
}

static int open_gate(struct listener *l, struct view text, uint16_t number)
{
	struct sockaddr_storage address;
	int fd, r;

	if (!ip_parse(text, number, &address))
		return -EINVAL;
	fd = number ? inherited(&address) : -1;
	if (fd < 0) {
		r = bind_new(&address, &fd);
		if (r)
			return r;
	}
	add_gate(l, fd);
	return 0;
}

static bool takes_both_families(int fd)
{
	int only = 1;
	socklen_t len = sizeof(only);

	return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0 && !only;
}

/* Both families, or IPv4 alone where the host has no IPv6. */
static int open_all(struct listener *l, uint16_t number)
{
	int r = open_gate(l, VIEW("::"), number);

	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
		return open_gate(l, VIEW("0.0.0.0"), number);
	if (r || takes_both_families(l->gates[0].fd))
		return r;
	return open_gate(l, VIEW("0.0.0.0"), l->number);
}

int listener_open(struct net *net, const struct port *port, struct view address,
		uint16_t number, struct listener **out)
{
	struct listener *l = new_listener(net, port);
	int r = address.len ? open_gate(l, address, number) : open_all(l, number);

	if (r) {
		listener_close(l);
		return r;
	}
	*out = l;
	return 0;
}

/* True where a process answers at the socket; a file without one is a dead one's. */
static bool somebody_answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool answers;

	if (fd < 0)
		return true;
	answers = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		  (errno != ECONNREFUSED && errno != ENOENT);
	close(fd);
	return answers;
}

static int bind_path(struct listener *l, const char *path)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_un *where = (void *)&address;
	int fd, r;

	if (strlen(path) >= sizeof(where->sun_path))
		return -ENAMETOOLONG;
	where->sun_family = AF_UNIX;
	memcpy(where->sun_path, path, strlen(path));
	fd = inherited(&address);
	if (fd >= 0) {
		add_gate(l, fd);
		return 0;
	}
	if (somebody_answers(where))
		return -EADDRINUSE;
	if (unlink(path) && errno != ENOENT)
		return fault_errno();
	r = bind_new(&address, &fd);
	if (r)
		return r;
	add_gate(l, fd);
	l->path = xstrndup(path, strlen(path));
	return chmod(path, 0660) ? fault_errno() : 0;
}

int listener_open_unix(struct net *net, const struct port *port, const char *path,
		struct listener **out)
{
	struct listener *l = new_listener(net, port);
	int r = bind_path(l, path);

	if (r) {
		listener_close(l);
		return r;
	}
	*out = l;
	return 0;
}

/* -- life -- */

static void start(void *arg)
{
	struct listener *l = arg;

	timer_init(&l->pause, l->loop, resume);
	for (unsigned i = 0; i < l->gate_count; i++) {
		struct gate *gate = &l->gates[i];

		gate->event = event_new(loop_base(l->loop), gate->fd,
				EV_READ | EV_PERSIST, gate_readable, gate);
		if (!gate->event || event_add(gate->event, NULL))
			die("out of memory");
	}
}

static void stop(void *arg)
{
	struct listener *l = arg;

	timer_deinit(&l->pause);
	for (unsigned i = 0; i < l->gate_count; i++)
		event_free(l->gates[i].event);
}

void listener_start(struct listener *l)
{
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->started = true;
	loop_call(l->loop, start, l);
}

uint16_t listener_number(const struct listener *l)
{
	return l->number;
}

void listener_close(struct listener *l)
{
	if (!l)
		return;
	if (l->started)
		loop_call(l->loop, stop, l);
	for (unsigned i = 0; i < l->gate_count; i++)
		close(l->gates[i].fd);
	if (l->reserve >= 0)
		close(l->reserve);
	if (l->path)
		unlink(l->path);
	free(l->path);
	free(l);
}

#include "runtime/service/admin.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/http/http_server.h"
#include "runtime/net/connection.h"
#include "runtime/net/listener.h"
#include "runtime/net/net.h"
#include "runtime/service/desk.h"
#include "runtime/service/service.h"

#include <stdlib.h>
#include <unistd.h>

struct admin {
	struct service *service;
	struct port port;
	struct listener *listener;
	uint32_t *operators; /* malloc'd */
	size_t operator_count;
};

/* -- the port -- */

static struct engine *port_open(void *context, struct connection *c)
{
	(void)context;
	desk_expect(c);
	return http_server_new(clock_now(), LIMIT_HTTP_BODY);
}

static bool let_in(const struct admin *a, const struct peer *peer)
{
	for (size_t i = 0; i < a->operator_count; i++)
		if (peer->uid == a->operators[i])
			return true;
	return peer->uid == 0 || peer->uid == geteuid();
}

static void turn_away(
		const struct admin *a, const struct peer *peer, struct http_request *http)
{
	log_event(LOG_WARN, "admin.refused", log_number("uid", peer->uid),
			log_number("pid", peer->pid));
	http->status = 403;
	buf_add_z(&http->answer_type, "text/plain");
	buf_add_z(&http->answer,
			"Only root, the user that posthus runs as and those whom `trust` "
			"in agent.yaml names may use this socket.\n");
	connection_answer(service_net(a->service), &http->op);
}

static void port_perform(void *context, struct connection *c, struct op *op)
{
	struct http_request *http = CONTAINER_OF(op, struct http_request, op);
	const struct peer *peer = connection_peer(c);
	struct admin *a = context;

	if (let_in(a, peer))
		desk_put(service_desk(a->service), c, http, DESK_CONTROL);
	else
		turn_away(a, peer, http);
}

static void port_ended(void *context, struct connection *c)
{
	struct admin *a = context;

	desk_left(service_desk(a->service), c);
}

static void port_closed(void *context, struct connection *c)
{
	(void)context;
	desk_forget(c);
}

static const struct port_class port_class = { port_open, port_perform, port_ended,
	port_closed };

/* -- life -- */

int admin_open(struct service *s, const char *path,
		const struct admin_operators *operators, struct admin **out)
{
	struct admin *a = xcalloc(1, sizeof(*a));
	int r;

	a->service = s;
	a->operator_count = operators->count;
	a->operators = xcalloc(operators->count, sizeof(*a->operators));
	if (operators->count)
		memcpy(a->operators, operators->uids,
				operators->count * sizeof(*a->operators));
	a->port = (struct port){
		.class = &port_class, .context = a, .name = "control", .uncounted = true
	};
	r = listener_open_unix(service_net(s), &a->port, path, &a->listener);
	if (r) {
		admin_free(a);
		return fault(r);
	}
	listener_start(a->listener);
	*out = a;
	return 0;
}

void admin_close(struct admin *a)
{
	if (a)
		listener_close(TAKE(a->listener));
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	free(a->operators);
	free(a);
}

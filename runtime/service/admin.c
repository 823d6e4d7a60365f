#include "runtime/service/admin.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/base/log.h"
#include "runtime/http/http_server.h"
#include "runtime/net/connection.h"
#include "runtime/net/listener.h"
#include "runtime/net/net.h"
#include "runtime/service/service.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct admin {
	struct service *service;
	struct port port;
	struct listener *listener;
	pthread_mutex_t lock;
	struct list waiting; /* struct pending: not seen by the agent */
	struct list pulled;  /* the agent's, to be answered */
	bool closed;
	uint32_t *operators; /* malloc'd */
	size_t operator_count;
};

/* A request on its way through the agent. */
struct pending {
	struct list link;
	struct admin_request request;
	struct http_request *http;
	struct visitor *visitor; /* NULL once it has gone */
};

/* What a connection has: one request at a time. */
struct visitor {
	struct pending *pending;
};

static void respond(struct admin *a, struct http_request *http, int status,
		struct view content_type, struct view body)
{
	http->status = status;
	buf_add(&http->answer_type, content_type);
	buf_add(&http->answer, body);
	if (buf_failed(&http->answer) || buf_failed(&http->answer_type)) {
		http->status = 500;
		buf_free(&http->answer);
		buf_free(&http->answer_type);
	}
	connection_answer(service_net(a->service), &http->op);
}

/* -- the port -- */

static struct engine *port_open(void *context, struct connection *c)
{
	(void)context;
	connection_set_data(c, xcalloc(1, sizeof(struct visitor)));
	return http_server_new(clock_now());
}

static bool let_in(const struct admin *a, const struct peer *peer)
{
	for (size_t i = 0; i < a->operator_count; i++)
		if (peer->uid == a->operators[i])
			return true;
	return peer->uid == 0 || peer->uid == geteuid();
}

static void queue(struct admin *a, struct connection *c, struct http_request *http)
{
	const struct peer *peer = connection_peer(c);
	struct visitor *visitor = connection_data(c);
	struct pending *p = xcalloc(1, sizeof(*p));

	p->http = http;
	p->visitor = visitor;
	p->request = (struct admin_request){
		.method = buf_view(&http->method),
		.target = buf_view(&http->target),
		.content_type = buf_view(&http->content_type),
		.body = buf_view(&http->body),
		.uid = peer->uid,
		.pid = peer->pid,
	};
	assert(!visitor->pending);
	visitor->pending = p;
	list_push(&a->waiting, &p->link);
}

static void port_perform(void *context, struct connection *c, struct op *op)
{
	struct http_request *http = CONTAINER_OF(op, struct http_request, op);
	const struct peer *peer = connection_peer(c);
	struct admin *a = context;
	bool queued;

	if (!let_in(a, peer)) {
		log_event(LOG_WARN, "admin.refused", log_number("uid", peer->uid),
				log_number("pid", peer->pid));
		respond(a, http, 403, VIEW("text/plain"),
				VIEW("Only root, the user that posthus runs as and "
				     "those whom `trust` in agent.yaml names may use "
				     "this socket.\n"));
		return;
	}
	pthread_mutex_lock(&a->lock);
	queued = !a->closed;
	if (queued)
		queue(a, c, http);
	pthread_mutex_unlock(&a->lock);
	if (queued)
		service_event_raise(a->service);
	else
		respond(a, http, 503, VIEW("text/plain"), VIEW("posthus is stopping.\n"));
}

static void port_ended(void *context, struct connection *c)
{
	struct visitor *visitor = connection_data(c);
	struct admin *a = context;

	pthread_mutex_lock(&a->lock);
	if (visitor->pending)
		visitor->pending->visitor = NULL;
	visitor->pending = NULL;
	pthread_mutex_unlock(&a->lock);
}

static void port_closed(void *context, struct connection *c)
{
	(void)context;
	free(connection_data(c));
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
	pthread_mutex_init(&a->lock, NULL);
	list_init(&a->waiting);
	list_init(&a->pulled);
	r = listener_open_unix(service_net(s), &a->port, path, &a->listener);
	if (r) {
		admin_free(a);
		return fault(r);
	}
	listener_start(a->listener);
	*out = a;
	return 0;
}

/* Takes it out of the lists; its HTTP operation is the caller's to answer. */
static struct http_request *release(struct admin *a, struct pending *p)
{
	struct http_request *http = p->http;

	pthread_mutex_lock(&a->lock);
	list_remove(&p->link);
	if (p->visitor)
		p->visitor->pending = NULL;
	pthread_mutex_unlock(&a->lock);
	free(p);
	return http;
}

static struct pending *any_pending(struct admin *a)
{
	struct list *first = NULL;

	pthread_mutex_lock(&a->lock);
	if (!list_empty(&a->waiting))
		first = a->waiting.next;
	else if (!list_empty(&a->pulled))
		first = a->pulled.next;
	pthread_mutex_unlock(&a->lock);
	return first ? LIST_ITEM(first, struct pending, link) : NULL;
}

void admin_close(struct admin *a)
{
	struct pending *p;

	if (!a)
		return;
	listener_close(TAKE(a->listener));
	pthread_mutex_lock(&a->lock);
	a->closed = true;
	pthread_mutex_unlock(&a->lock);
	while ((p = any_pending(a)))
		respond(a, release(a, p), 503, VIEW("text/plain"),
				VIEW("posthus is stopping.\n"));
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	assert(list_empty(&a->waiting) && list_empty(&a->pulled));
	pthread_mutex_destroy(&a->lock);
	free(a->operators);
	free(a);
}

/* -- the agent's side -- */

struct admin_request *admin_next(struct admin *a)
{
	struct list *first;

	pthread_mutex_lock(&a->lock);
	first = list_pop(&a->waiting);
	if (first)
		list_push(&a->pulled, first);
	pthread_mutex_unlock(&a->lock);
	return first ? &LIST_ITEM(first, struct pending, link)->request : NULL;
}

bool admin_has_request(struct admin *a)
{
	bool has;

	pthread_mutex_lock(&a->lock);
	has = !list_empty(&a->waiting);
	pthread_mutex_unlock(&a->lock);
	return has;
}

void admin_answer(struct admin *a, struct admin_request *request, int status,
		struct view content_type, struct view body)
{
	struct pending *p = CONTAINER_OF(request, struct pending, request);

	respond(a, release(a, p), status, content_type, body);
}

void admin_forget_body(struct admin_request *request)
{
	struct pending *p = CONTAINER_OF(request, struct pending, request);

	/* the operation is ours until it is answered */
	buf_free(&p->http->body);
	request->body = VIEW_NULL;
}

bool admin_alive(struct admin *a, const struct admin_request *request)
{
	const struct pending *p = (const void *)((const char *)request -
						 offsetof(struct pending, request));
	bool alive;

	pthread_mutex_lock(&a->lock);
	alive = p->visitor;
	pthread_mutex_unlock(&a->lock);
	return alive;
}

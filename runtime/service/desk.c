#include "runtime/service/desk.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/base/log.h"
#include "runtime/http/http_server.h"
#include "runtime/net/connection.h"
#include "runtime/service/service.h"
#include "runtime/service/visits.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static const struct view stopping = { "posthus is stopping.\n", 21 };

struct desk {
	struct service *service;
	pthread_mutex_t lock;
	struct list waiting; /* struct pending: not seen by the agent */
	struct list pulled;  /* the agent's, to be answered */
	size_t strangers;    /* of both */
	struct visits visits;
	bool closed;
};

/* A request on its way through the agent. */
struct pending {
	struct list link;
	struct desk_request request;
	struct http_request *http;
	struct visitor *visitor; /* NULL once it has gone */
	char peer[INET6_ADDRSTRLEN];
};

/* What a connection has: one request at a time. */
struct visitor {
	struct pending *pending;
};

static void respond(struct desk *d, struct http_request *http, int status,
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
	connection_answer(service_net(d->service), &http->op);
}

/* -- ports -- */

void desk_expect(struct connection *c)
{
	connection_set_data(c, xcalloc(1, sizeof(struct visitor)));
}

void desk_left(struct desk *d, struct connection *c)
{
	struct visitor *visitor = connection_data(c);

	pthread_mutex_lock(&d->lock);
	if (visitor->pending)
		visitor->pending->visitor = NULL;
	visitor->pending = NULL;
	pthread_mutex_unlock(&d->lock);
}

void desk_forget(struct connection *c)
{
	free(connection_data(c));
}

static void queue(struct desk *d, struct connection *c, struct http_request *http,
		enum desk_door door)
{
	const struct peer *peer = connection_peer(c);
	struct visitor *visitor = connection_data(c);
	struct pending *p = xcalloc(1, sizeof(*p));

	p->http = http;
	p->visitor = visitor;
	memcpy(p->peer, peer->text, sizeof(p->peer));
	p->request = (struct desk_request){
		.door = door,
		.method = buf_view(&http->method),
		.target = buf_view(&http->target),
		.content_type = buf_view(&http->content_type),
		.body = buf_view(&http->body),
		.fields = buf_view(&http->fields),
		.peer = p->peer,
		.uid = door == DESK_CONTROL ? peer->uid : (uid_t)-1,
		.pid = door == DESK_CONTROL ? peer->pid : 0,
	};
	assert(!visitor->pending);
	visitor->pending = p;
	list_push(&d->waiting, &p->link);
	d->strangers += door == DESK_PUBLIC;
}

static size_t count_of(const struct list *list, const char *peer)
{
	size_t count = 0;

	for (const struct list *link = list->next; link != list; link = link->next) {
		const struct pending *p =
				LIST_ITEM((struct list *)link, struct pending, link);

		count += p->request.door == DESK_PUBLIC && strcmp(p->peer, peer) == 0;
	}
	return count;
}

/* The status that refuses it; 0: it may stay. */
static int refusal(struct desk *d, const struct peer *peer, enum desk_door door)
{
	if (d->closed)
		return 503;
	if (door == DESK_CONTROL)
		return 0;
	if (!visits_enter(&d->visits, &peer->address, clock_now()))
		return 429;
	if (d->strangers >= DESK_HELD)
		return 503;
	return count_of(&d->waiting, peer->text) + count_of(&d->pulled, peer->text) >=
					       DESK_HELD_BY_ONE
			       ? 429
			       : 0;
}

void desk_put(struct desk *d, struct connection *c, struct http_request *http,
		enum desk_door door)
{
	const struct peer *peer = connection_peer(c);
	bool closed;
	int status;

	pthread_mutex_lock(&d->lock);
	closed = d->closed;
	status = refusal(d, peer, door);
	if (!status)
		queue(d, c, http, door);
	pthread_mutex_unlock(&d->lock);
	if (!status) {
		service_event_raise(d->service);
	} else if (closed) {
		respond(d, http, status, VIEW("text/plain"), stopping);
	} else {
		log_event(LOG_INFO, "web.request.refused", log_text("from", peer->text),
				log_number("status", status));
		respond(d, http, status, VIEW("text/plain"),
				VIEW("Too many requests: please try again in a "
				     "minute.\n"));
	}
}

/* -- life -- */

struct desk *desk_new(struct service *s)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->service = s;
	pthread_mutex_init(&d->lock, NULL);
	list_init(&d->waiting);
	list_init(&d->pulled);
	return d;
}

/* Takes it out of the lists; its HTTP operation is the caller's to answer. */
static struct http_request *release(struct desk *d, struct pending *p)
{
	struct http_request *http = p->http;

	pthread_mutex_lock(&d->lock);
	list_remove(&p->link);
	d->strangers -= p->request.door == DESK_PUBLIC;
	if (p->visitor)
		p->visitor->pending = NULL;
	pthread_mutex_unlock(&d->lock);
	free(p);
	return http;
}

static struct pending *any_pending(struct desk *d)
{
	struct list *first = NULL;

	pthread_mutex_lock(&d->lock);
	if (!list_empty(&d->waiting))
		first = d->waiting.next;
	else if (!list_empty(&d->pulled))
		first = d->pulled.next;
	pthread_mutex_unlock(&d->lock);
	return first ? LIST_ITEM(first, struct pending, link) : NULL;
}

void desk_close(struct desk *d)
{
	struct pending *p;

	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->closed = true;
	pthread_mutex_unlock(&d->lock);
	while ((p = any_pending(d)))
		respond(d, release(d, p), 503, VIEW("text/plain"), stopping);
}

void desk_free(struct desk *d)
{
	if (!d)
		return;
	assert(list_empty(&d->waiting) && list_empty(&d->pulled));
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* -- the agent's side -- */

struct desk_request *desk_next(struct desk *d)
{
	struct list *first;

	pthread_mutex_lock(&d->lock);
	first = list_pop(&d->waiting);
	if (first)
		list_push(&d->pulled, first);
	pthread_mutex_unlock(&d->lock);
	return first ? &LIST_ITEM(first, struct pending, link)->request : NULL;
}

bool desk_has_request(struct desk *d)
{
	bool has;

	pthread_mutex_lock(&d->lock);
	has = !list_empty(&d->waiting);
	pthread_mutex_unlock(&d->lock);
	return has;
}

void desk_answer(struct desk *d, struct desk_request *request, int status,
		struct view content_type, struct view body)
{
	struct pending *p = CONTAINER_OF(request, struct pending, request);

	respond(d, release(d, p), status, content_type, body);
}

void desk_forget_body(struct desk_request *request)
{
	struct pending *p = CONTAINER_OF(request, struct pending, request);

	/* The operation is ours until it is answered. */
	buf_wipe(&p->http->body);
	request->body = VIEW_NULL;
}

bool desk_alive(struct desk *d, const struct desk_request *request)
{
	const struct pending *p = (const void *)((const char *)request -
						 offsetof(struct pending, request));
	bool alive;

	pthread_mutex_lock(&d->lock);
	alive = p->visitor;
	pthread_mutex_unlock(&d->lock);
	return alive;
}

#include "runtime/service/site.h"

#include "runtime/http/http_server.h"
#include "runtime/service/desk.h"
#include "runtime/service/service.h"

#define CHALLENGES "/.well-known/acme-challenge/"

enum {
	HTTPS_PORT = 443,
};

static void refuse(struct http_request *http, int status, const char *why)
{
	http->status = status;
	buf_add_z(&http->answer_type, "text/plain; charset=utf-8");
	buf_add_z(&http->answer, why);
}

static void show_challenge(const struct configuration *c, struct view token,
		struct http_request *http)
{
	struct view text = configuration_challenge(c, token);

	if (text.len == 0) {
		refuse(http, 404, "There is no such challenge.\n");
		return;
	}
	http->status = 200;
	buf_add_z(&http->answer_type, "application/octet-stream");
	buf_add(&http->answer, text);
}

/* The port of https; 0: it is not open. */
static uint16_t https_port(const struct host_spec *host)
{
	for (size_t i = 0; i < host->listener_count; i++)
		if (host->listeners[i].kind == LISTENER_HTTPS)
			return host->listeners[i].port;
	return 0;
}

/* To a name of ours, whatever Host says: nobody is sent elsewhere by us. The target was read by
 * the engine: it has no blanks and no line ends. */
static void send_on(const struct host_spec *host, struct view name,
		enum listener_kind kind, struct http_request *http)
{
	uint16_t port = https_port(host);
	struct view target = buf_view(&http->target);

	if (kind != LISTENER_HTTP || port == 0 || !view_starts(target, VIEW("/"))) {
		refuse(http, 404, "There is nothing here.\n");
		return;
	}
	http->status = 308;
	buf_addf(&http->answer_location, "https://%.*s", VIEW_ARG(name));
	if (port != HTTPS_PORT)
		buf_addf(&http->answer_location, ":%u", port);
	buf_add(&http->answer_location, target);
	if (buf_failed(&http->answer_location)) {
		buf_clear(&http->answer_location);
		refuse(http, 404, "There is nothing here.\n");
	}
}

static const struct page_spec *page_of(
		const struct configuration *c, const struct http_request *http)
{
	struct view host = buf_view(&http->host), target = buf_view(&http->target);

	return configuration_page(c, view_sub(host, 0, view_find(host, ':')),
			view_sub(target, 0, view_find(target, '?')));
}

static void show_page(const struct page_spec *page, struct http_request *http)
{
	http->status = 200;
	buf_add(&http->answer_type, page->type);
	buf_add(&http->answer, page->body);
}

static bool is_taken(struct view method, const struct page_spec *page)
{
	return view_eq(method, VIEW("GET")) || view_eq(method, VIEW("HEAD")) ||
	       (page && page->takes_post && view_eq(method, VIEW("POST")));
}

/* What the agent alone can answer, and over TLS alone. */
static bool goes_to_agent(enum listener_kind kind, struct view target)
{
	return kind == LISTENER_HTTPS &&
	       (view_starts(target, VIEW("/invite/")) ||
			       view_starts(target, VIEW("/hooks/")));
}

/* A page that takes nothing from elsewhere, is framed by nobody and kept by nobody. The
 * referrer is left to ourselves, since without it a browser would not say Origin. */
static void guard(struct http_request *http)
{
	buf_add_z(&http->answer_fields,
			"Strict-Transport-Security: max-age=31536000\r\n"
			"Content-Security-Policy: default-src 'none'; style-src 'self'; "
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
			"Cache-Control: no-store\r\n"
			"Referrer-Policy: same-origin\r\n"
			"X-Content-Type-Options: nosniff\r\n"
			"X-Frame-Options: DENY\r\n"
			"Cross-Origin-Opener-Policy: same-origin\r\n"
			"Cross-Origin-Resource-Policy: same-origin\r\n");
}

static void port_perform(void *context, struct connection *c, struct op *op)
{
	const struct service_port *port = context;
	struct http_request *http = CONTAINER_OF(op, struct http_request, op);
	struct configuration *current = service_configuration(port->service);
	const struct host_spec *host = configuration_host(current);
	const struct page_spec *page;
	struct view target = buf_view(&http->target);

	if (goes_to_agent(port->kind, target)) {
		configuration_unref(current);
		guard(http);
		desk_put(service_desk(port->service), c, http, DESK_PUBLIC);
		return;
	}
	page = page_of(current, http);
	if (!is_taken(buf_view(&http->method), page))
		refuse(http, 405, "Only GET and HEAD.\n");
	else if (view_starts(target, VIEW(CHALLENGES)))
		show_challenge(current, view_from(target, strlen(CHALLENGES)), http);
	else if (page && port->kind == LISTENER_HTTPS)
		show_page(page, http);
	else
		send_on(host, page ? page->host : host->name, port->kind, http);
	configuration_unref(current);
	connection_answer(service_net(port->service), op);
}

static struct engine *port_open(void *context, struct connection *c)
{
	(void)context;
	desk_expect(c);
	return http_server_new(clock_now(), LIMIT_HTTP_PUBLIC_BODY);
}

static void port_ended(void *context, struct connection *c)
{
	const struct service_port *port = context;

	desk_left(service_desk(port->service), c);
}

static void port_closed(void *context, struct connection *c)
{
	(void)context;
	desk_forget(c);
}

const struct port_class site_port_class = {
	.open = port_open,
	.perform = port_perform,
	.ended = port_ended,
	.closed = port_closed,
};

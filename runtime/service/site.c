#include "runtime/service/site.h"

#include "runtime/http/http_server.h"
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

/* To our own name, whatever Host says: nobody is sent elsewhere by us. The target was read by
 * the engine: it has no blanks and no line ends. */
static void send_on(const struct host_spec *host, enum listener_kind kind,
		struct http_request *http)
{
	uint16_t port = https_port(host);
	struct view target = buf_view(&http->target);

	if (kind != LISTENER_HTTP || port == 0 || !view_starts(target, VIEW("/"))) {
		refuse(http, 404, "There is nothing here.\n");
		return;
	}
	http->status = 308;
	buf_addf(&http->answer_location, "https://%.*s", VIEW_ARG(host->name));
	if (port != HTTPS_PORT)
		buf_addf(&http->answer_location, ":%u", port);
	buf_add(&http->answer_location, target);
	if (buf_failed(&http->answer_location)) {
		buf_clear(&http->answer_location);
		refuse(http, 404, "There is nothing here.\n");
	}
}

static void port_perform(void *context, struct connection *c, struct op *op)
{
	const struct service_port *port = context;
	struct http_request *http = CONTAINER_OF(op, struct http_request, op);
	struct configuration *current = service_configuration(port->service);
	struct view method = buf_view(&http->method), target = buf_view(&http->target);

	(void)c;
	if (!view_eq(method, VIEW("GET")) && !view_eq(method, VIEW("HEAD")))
		refuse(http, 405, "Only GET and HEAD.\n");
	else if (view_starts(target, VIEW(CHALLENGES)))
		show_challenge(current, view_from(target, strlen(CHALLENGES)), http);
	else
		send_on(configuration_host(current), port->kind, http);
	configuration_unref(current);
	connection_answer(service_net(port->service), op);
}

static struct engine *port_open(void *context, struct connection *c)
{
	(void)context;
	(void)c;
	return http_server_new(clock_now());
}

static void port_closed(void *context, struct connection *c)
{
	(void)context;
	(void)c;
}

const struct port_class site_port_class = {
	.open = port_open,
	.perform = port_perform,
	.closed = port_closed,
};

#include "runtime/service/ports.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/net/connection.h"
#include "runtime/net/listener.h"
#include "runtime/service/imap.h"
#include "runtime/service/metrics.h"
#include "runtime/service/service.h"
#include "runtime/service/site.h"
#include "runtime/service/smtp.h"

#include <assert.h>
#include <stdlib.h>

#define SMTP_FULL "421 4.7.0 Too many connections, please try again later\r\n"
#define HTTP_FULL "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n"
#define IMAP_FULL "* BYE Too many connections, please try again later\r\n"

/* clang-format off */
static const struct {
	const char *name;
	const char *alpn;
	const struct port_class *class;
	bool implicit_tls;
	const char *full_line;
} kinds[LISTENER_KINDS] = {
	[LISTENER_SMTP]        = { "smtp",        "smtp", &smtp_port_class, false, SMTP_FULL },
	[LISTENER_SUBMISSION]  = { "submission",  "smtp", &smtp_port_class, false, SMTP_FULL },
	[LISTENER_SUBMISSIONS] = { "submissions", "smtp", &smtp_port_class, true,  SMTP_FULL },
	[LISTENER_IMAP]        = { "imap",        "imap", &imap_port_class, false, IMAP_FULL },
	[LISTENER_IMAPS]       = { "imaps",       "imap", &imap_port_class, true,  IMAP_FULL },
	[LISTENER_METRICS]     = { "metrics",     NULL,   &metrics_port_class, false, HTTP_FULL },
	[LISTENER_HTTP]        = { "http",        NULL,       &site_port_class, false, HTTP_FULL },
	[LISTENER_HTTPS]       = { "https",       "http/1.1", &site_port_class, true,  HTTP_FULL },
};
/* clang-format on */

/* Between prepare and commit or abandon. */
enum fate {
	STAYS,
	COMES,   /* bound, not yet serving */
	GOES,    /* still serving */
	VACATED, /* goes, and had to be closed before its successor could be bound */
};

struct bound {
	struct listener_spec spec; /* address points to the text below */
	char *address;
	struct listener *listener;
	enum fate fate;
};

struct ports {
	struct service *service;
	struct service_port contexts[LISTENER_KINDS];
	struct port ports[LISTENER_KINDS];
	struct bound *bound;
	size_t count, capacity;
};

struct ports *ports_new(struct service *s)
{
	struct ports *p = xcalloc(1, sizeof(*p));

	p->service = s;
	for (size_t kind = 0; kind < LISTENER_KINDS; kind++) {
		p->contexts[kind] = (struct service_port){ s, (enum listener_kind)kind };
		p->ports[kind] = (struct port){
			.class = kinds[kind].class,
			.context = &p->contexts[kind],
			.name = kinds[kind].name,
			.label = (unsigned)kind,
			.alpn = kinds[kind].alpn,
			.implicit_tls = kinds[kind].implicit_tls,
			.full_line = view_z(kinds[kind].full_line),
		};
	}
	return p;
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	ports_close(p);
	free(p->bound);
	free(p);
}

static int open_listener(const struct ports *p, struct bound *b)
{
	return listener_open(service_net(p->service), &p->ports[b->spec.kind],
			b->spec.address, b->spec.port, &b->listener);
}

static bool same(const struct listener_spec *a, const struct listener_spec *b)
{
	return a->kind == b->kind && a->port == b->port &&
	       view_eq(a->address, b->address);
}

static struct bound *find(struct ports *p, const struct listener_spec *spec)
{
	for (size_t i = 0; i < p->count; i++)
		if (same(&p->bound[i].spec, spec))
			return &p->bound[i];
	return NULL;
}

/* What goes from this number must not be in its successor's way. */
static void vacate(struct ports *p, uint16_t number)
{
	for (size_t i = 0; i < p->count; i++) {
		struct bound *b = &p->bound[i];

		if (b->fate != GOES || b->spec.port != number || number == 0)
			continue;
		listener_close(TAKE(b->listener));
		b->fate = VACATED;
	}
}

static int add(struct ports *p, const struct listener_spec *spec)
{
	struct bound b = { .spec = *spec, .fate = COMES };
	int r;

	b.address = xstrndup(
			spec->address.data ? spec->address.data : "", spec->address.len);
	b.spec.address = view_of(b.address, spec->address.len);
	r = open_listener(p, &b);
	if (r) {
		free(b.address);
		return r;
	}
	array_grow(&p->bound, &p->capacity, p->count + 1, sizeof(*p->bound));
	p->bound[p->count++] = b;
	return 0;
}

int ports_prepare(struct ports *p, const struct host_spec *host,
		const struct listener_spec **failed_out)
{
	struct bound *b;

	for (size_t i = 0; i < p->count; i++)
		p->bound[i].fate = GOES;
	for (size_t i = 0; i < host->listener_count; i++)
		if ((b = find(p, &host->listeners[i])))
			b->fate = STAYS;
	for (size_t i = 0; i < host->listener_count; i++) {
		const struct listener_spec *spec = &host->listeners[i];
		int r;

		if (find(p, spec))
			continue;
		vacate(p, spec->port);
		r = add(p, spec);
		if (r) {
			ports_abandon(p);
			*failed_out = spec;
			return fault(r);
		}
	}
	return 0;
}

/* Takes out those of a fate, closed. */
static void drop(struct ports *p, enum fate fate)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		struct bound *b = &p->bound[i];

		if (b->fate == fate) {
			listener_close(b->listener);
			free(b->address);
		} else {
			p->bound[kept++] = *b;
		}
	}
	p->count = kept;
}

static void log_listener(enum log_level level, const char *name, const struct bound *b)
{
	log_event(level, name, log_text("port", kinds[b->spec.kind].name),
			log_view("address", b->spec.address),
			log_number("number", b->listener ? listener_number(b->listener)
							 : b->spec.port));
}

void ports_commit(struct ports *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct bound *b = &p->bound[i];

		if (b->fate == COMES) {
			listener_start(b->listener);
			log_listener(LOG_INFO, "listener.opened", b);
			b->fate = STAYS;
		} else if (b->fate != STAYS) {
			log_listener(LOG_INFO, "listener.closed", b);
		}
	}
	drop(p, GOES);
	drop(p, VACATED);
}

void ports_abandon(struct ports *p)
{
	drop(p, COMES);
	for (size_t i = 0; i < p->count; i++) {
		struct bound *b = &p->bound[i];

		if (b->fate == VACATED && open_listener(p, b)) {
			log_listener(LOG_ERROR, "listener.lost", b);
			continue;
		}
		if (b->fate == VACATED)
			listener_start(b->listener);
		b->fate = STAYS;
	}
	drop(p, VACATED);
}

void ports_close(struct ports *p)
{
	drop(p, STAYS);
	assert(p->count == 0);
}

size_t ports_count(const struct ports *p)
{
	return p->count;
}

void ports_at(const struct ports *p, size_t i, struct listener_spec *out)
{
	assert(i < p->count);
	*out = p->bound[i].spec;
	out->port = listener_number(p->bound[i].listener);
}

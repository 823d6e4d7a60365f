#include "runtime/service/metrics.h"

#include "runtime/base/error.h"
#include "runtime/base/metric.h"
#include "runtime/http/http_server.h"
#include "runtime/net/worker.h"
#include "runtime/service/account.h"
#include "runtime/service/service.h"
#include "runtime/store/intake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A request on its way over a worker: looking at disks may block. */
struct scrape {
	struct job job;
	struct service *service;
	struct http_request *http;
};

/* -- what is looked at when it is asked for -- */

static void look_at_memory(void)
{
	char text[128];
	long long total, resident;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (sscanf(text, "%lld %lld", &total, &resident) == 2)
		metric_set(METRIC_MEMORY_RESIDENT, 0, 0,
				resident * sysconf(_SC_PAGESIZE));
}

static void look_at_disk(const char *data)
{
	struct statvfs fs;

	if (statvfs(data, &fs))
		return;
	metric_set(METRIC_DISK_FREE, 0, 0, (int64_t)(fs.f_bavail * fs.f_frsize));
	metric_set(METRIC_DISK_SIZE, 0, 0, (int64_t)(fs.f_blocks * fs.f_frsize));
}

static void look(struct service *s)
{
	look_at_memory();
	look_at_disk(service_data(s));
	if (service_accounts(s)) {
		struct accounts_observed seen = accounts_observe(service_accounts(s));

		metric_set(METRIC_ACCOUNTS, METRIC_ACCOUNT_OPEN, 0, (int64_t)seen.open);
		metric_set(METRIC_ACCOUNTS, METRIC_ACCOUNT_QUARANTINED, 0,
				(int64_t)seen.quarantined);
	}
	if (service_intake(s))
		metric_set(METRIC_INTAKE_ACCEPTING, 0, 0,
				intake_accepting(service_intake(s)));
}

/* -- answering -- */

static void refuse(struct http_request *http, int status, const char *why)
{
	http->status = status;
	buf_add_z(&http->answer_type, "text/plain; charset=utf-8");
	buf_add_z(&http->answer, why);
}

static void run_scrape(struct job *job)
{
	struct scrape *scrape = CONTAINER_OF(job, struct scrape, job);
	struct http_request *http = scrape->http;
	enum metric_format format = metric_format_of(buf_view(&http->accept));

	look(scrape->service);
	http->status = 200;
	buf_add_z(&http->answer_type, metric_content_type(format));
	metrics_render(format, &http->answer);
	connection_answer(service_net(scrape->service), &http->op);
	free(scrape);
}

static void port_perform(void *context, struct connection *c, struct op *op)
{
	const struct service_port *port = context;
	struct http_request *http = CONTAINER_OF(op, struct http_request, op);
	struct view target = buf_view(&http->target);
	struct scrape *scrape;

	(void)c;
	if (!view_eq(view_cut(&target, '?'), VIEW("/metrics"))) {
		refuse(http, 404, "There is /metrics and nothing else.\n");
	} else if (!view_eq(buf_view(&http->method), VIEW("GET"))) {
		refuse(http, 405, "Only GET.\n");
	} else {
		scrape = xcalloc(1, sizeof(*scrape));
		*scrape = (struct scrape){ { NULL, run_scrape }, port->service, http };
		worker_submit(service_workers(port->service), &scrape->job);
		return;
	}
	connection_answer(service_net(port->service), op);
}

static struct engine *port_open(void *context, struct connection *c)
{
	(void)context;
	(void)c;
	return http_server_new(clock_now(), LIMIT_HTTP_PUBLIC_BODY);
}

static void port_closed(void *context, struct connection *c)
{
	(void)context;
	(void)c;
}

const struct port_class metrics_port_class = {
	.open = port_open,
	.perform = port_perform,
	.closed = port_closed,
};

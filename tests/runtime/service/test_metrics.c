/* GET /metrics, as a scraper asks for it. */
#include "runtime/service/metrics.h"

#include "runtime/base/metric.h"
#include "runtime/base/os.h"
#include "runtime/imap/imap_server.h"
#include "runtime/service/ports.h"
#include "runtime/service/service.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct service *service;
	struct ports *ports;
};

static int set_up(void **state)
{
	const struct service_options options = {
		.data = "/", .os = os_real(), .loops = 1, .workers = 1
	};
	const struct listener_spec spec = { LISTENER_METRICS, VIEW("127.0.0.1"), 0 };
	const struct host_spec host = { .listeners = &spec, .listener_count = 1 };
	const struct listener_spec *failed;
	struct fixture *f = calloc(1, sizeof(*f));

	f->service = service_new(&options);
	f->ports = ports_new(f->service);
	*state = f;
	if (ports_prepare(f->ports, &host, &failed))
		return -1;
	ports_commit(f->ports);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ports_close(f->ports);
	service_free(f->service);
	ports_free(f->ports);
	free(f);
	return 0;
}

/* Sends a request that ends the connection, and reads until it has ended. */
static void ask(struct fixture *f, const char *request, struct buf *out)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct listener_spec spec;
	char piece[4096];
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ports_at(f->ports, 0, &spec);
	to.sin_port = htons(spec.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(out, view_of(piece, (size_t)n));
	close(fd);
}

static bool has(const struct buf *text, const char *words)
{
	return view_find_view(buf_view(text), view_z(words)) < text->len;
}

#define ASK(method, target, more)                                                        \
	method " " target " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" more "\r\n"

static void both_forms_are_served(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_free) struct buf plain = BUF_NULL(1 << 20);
	CLEANUP(buf_free) struct buf open = BUF_NULL(1 << 20);

	ask(f, ASK("GET", "/metrics", ""), &plain);
	assert_true(has(&plain, "HTTP/1.1 200 OK\r\n"));
	assert_true(has(&plain,
			"Content-Type: text/plain; version=0.0.4; charset=utf-8"));
	ask(f,
			ASK("GET", "/metrics?x=y",
					"Accept: application/openmetrics-text;"
					"version=1.0.0\r\n"),
			&open);
	assert_true(has(&open, "application/openmetrics-text; version=1.0.0;"));
	assert_true(view_ends(buf_view(&open), VIEW("\n# EOF\n")));
	/* what is looked at when it is asked for */
	assert_false(has(&open, "posthus_memory_resident_bytes 0\n"));
	assert_false(has(&open, "posthus_disk_size_bytes 0\n"));
	assert_true(has(&open, "posthus_jobs_running 1\n"));
	assert_true(has(&open,
			"posthus_connections{port=\"metrics\",state=\"open\"} 1\n"));
}

static void nothing_else_is_served(void **state)
{
	struct fixture *f = *state;
	/* clang-format off */
	static const struct { const char *request, *status; } cases[] = {
		{ ASK("GET", "/", ""),             "HTTP/1.1 404" },
		{ ASK("GET", "/metrics/", ""),     "HTTP/1.1 404" },
		{ ASK("GET", "/v1/status", ""),    "HTTP/1.1 404" },
		{ ASK("POST", "/metrics", ""),     "HTTP/1.1 405" },
		{ ASK("DELETE", "/metrics", ""),   "HTTP/1.1 405" },
		{ "EHLO x\r\n\r\n",                "HTTP/1.1 400" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_free) struct buf got = BUF_NULL(1 << 20);

		ask(f, cases[i].request, &got);
		assert_true(view_starts(buf_view(&got), view_z(cases[i].status)));
		assert_false(has(&got, "posthus_"));
	}
}

/* The engine counts in the order of its table. */
static void commands_have_the_order_of_their_labels(void **state)
{
	size_t count = 0;
	unsigned at;

	(void)state;
	for (const char *name; (name = imap_command_name(count)); count++) {
		assert_true(metric_label(METRIC_IMAP_COMMANDS, 0, view_z(name), &at));
		assert_int_equal(at, count);
	}
	assert_true(count > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_forms_are_served, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				nothing_else_is_served, set_up, tear_down),
		cmocka_unit_test(commands_have_the_order_of_their_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

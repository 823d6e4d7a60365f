#include "runtime/service/ports.h"

#include "runtime/base/os.h"
#include "runtime/http/http_server.h"
#include "runtime/net/connection.h"
#include "runtime/net/net.h"
#include "runtime/service/imap.h"
#include "runtime/service/service.h"
#include "runtime/service/smtp.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* In place of the mail services: any engine will do, its answer tells the kind. */
static struct engine *open_any(void *context, struct connection *c)
{
	(void)c;
	connection_set_data(c, context);
	return http_server_new(clock_now(), LIMIT_HTTP_BODY);
}

static void perform_any(void *context, struct connection *c, struct op *op)
{
	struct http_request *r = CONTAINER_OF(op, struct http_request, op);
	const struct service_port *port = context;

	(void)c;
	r->status = 200;
	buf_add_byte(&r->answer, (char)('0' + port->kind));
	connection_answer(service_net(port->service), op);
}

static void closed_any(void *context, struct connection *c)
{
	(void)context;
	(void)c;
}

const struct port_class smtp_port_class = { open_any, perform_any, NULL, closed_any };
const struct port_class imap_port_class = { open_any, perform_any, NULL, closed_any };

struct fixture {
	struct service *service;
	struct ports *ports;
};

static int set_up(void **state)
{
	const struct service_options options = {
		.data = "/nowhere", .os = os_real(), .loops = 1, .workers = 1
	};
	struct fixture *f = calloc(1, sizeof(*f));

	f->service = service_new(&options);
	f->ports = ports_new(f->service);
	*state = f;
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

static struct sockaddr_in local(uint16_t number)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(number),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int connect_to(uint16_t number)
{
	struct sockaddr_in to = local(number);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Asks what kind of listener is at the other end. */
static int ask(int fd)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n?";
	char got[sizeof(answer)];
	size_t len = 0;

	assert_true(write(fd, request, sizeof(request) - 1) > 0);
	while (len < sizeof(answer) - 1) {
		ssize_t n = read(fd, got + len, sizeof(answer) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	return got[len - 1] - '0';
}

static int ask_once(uint16_t number)
{
	int fd = connect_to(number), kind;

	assert_true(fd >= 0);
	kind = ask(fd);
	close(fd);
	return kind;
}

static int prepare(struct fixture *f, const struct listener_spec *specs, size_t count,
		const struct listener_spec **failed)
{
	const struct host_spec host = { .listeners = specs, .listener_count = count };

	return ports_prepare(f->ports, &host, failed);
}

static void apply(struct fixture *f, const struct listener_spec *specs, size_t count)
{
	const struct listener_spec *failed;

	assert_int_equal(prepare(f, specs, count, &failed), 0);
	ports_commit(f->ports);
	assert_int_equal(ports_count(f->ports), count);
}

static uint16_t number_of(struct fixture *f, size_t i)
{
	struct listener_spec spec;

	ports_at(f->ports, i, &spec);
	return spec.port;
}

/* A number that nobody listens at. */
static uint16_t free_number(void)
{
	struct sockaddr_in at = local(0);
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void what_stays_is_not_touched(void **state)
{
	struct fixture *f = *state;
	const struct listener_spec first[] = {
		{ LISTENER_SMTP, VIEW("127.0.0.1"), 0 },
		{ LISTENER_IMAP, VIEW("127.0.0.1"), 0 },
	};
	const struct listener_spec second[] = {
		{ LISTENER_SUBMISSION, VIEW("127.0.0.1"), 0 },
		{ LISTENER_IMAP, VIEW("127.0.0.1"), 0 },
	};
	uint16_t smtp, imap;
	int staying, leaving;

	apply(f, first, 2);
	smtp = number_of(f, 0);
	imap = number_of(f, 1);
	leaving = connect_to(smtp);
	staying = connect_to(imap);
	assert_int_equal(ask(leaving), LISTENER_SMTP);
	assert_int_equal(ask(staying), LISTENER_IMAP);
	apply(f, second, 2);
	assert_int_equal(number_of(f, 0), imap);
	assert_int_equal(ask(staying), LISTENER_IMAP);
	assert_int_equal(ask(leaving), LISTENER_SMTP);
	assert_int_equal(ask_once(number_of(f, 1)), LISTENER_SUBMISSION);
	assert_int_equal(connect_to(smtp), -1);
	close(staying);
	close(leaving);
}

static void a_taken_port_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = local(0);
	socklen_t len = sizeof(at);
	int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t number = free_number();
	const struct listener_spec *failed = NULL;
	const struct listener_spec first[] = { { LISTENER_SMTP, VIEW("127.0.0.1"),
			number } };
	struct listener_spec second[3];

	assert_int_equal(bind(taken, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(taken, 1), 0);
	assert_int_equal(getsockname(taken, (struct sockaddr *)&at, &len), 0);
	apply(f, first, 1);
	second[0] = (struct listener_spec){ LISTENER_IMAP, VIEW("127.0.0.1"), 0 };
	/* In the way of the first, so that it had to go already. */
	second[1] = (struct listener_spec){ LISTENER_SUBMISSION, VIEW("127.0.0.1"),
		number };
	second[2] = (struct listener_spec){ LISTENER_IMAP, VIEW("127.0.0.1"),
		ntohs(at.sin_port) };
	assert_int_equal(prepare(f, second, 3, &failed), -EADDRINUSE);
	assert_ptr_equal(failed, &second[2]);
	assert_int_equal(ports_count(f->ports), 1);
	assert_int_equal(ask_once(number), LISTENER_SMTP);
	close(taken);
	apply(f, second, 3);
	assert_int_equal(ask_once(number), LISTENER_SUBMISSION);
}

static void a_number_changes_its_address(void **state)
{
	struct fixture *f = *state;
	uint16_t number = free_number();
	const struct listener_spec all[] = { { LISTENER_SMTP, VIEW(""), number } };
	const struct listener_spec one[] = { { LISTENER_SMTP, VIEW("127.0.0.1"),
			number } };

	apply(f, all, 1);
	assert_int_equal(ask_once(number), LISTENER_SMTP);
	apply(f, one, 1);
	assert_int_equal(ask_once(number), LISTENER_SMTP);
	apply(f, all, 1);
	assert_int_equal(ask_once(number), LISTENER_SMTP);
	apply(f, NULL, 0);
	assert_int_equal(connect_to(number), -1);
}

static void what_is_prepared_is_not_served_before(void **state)
{
	struct fixture *f = *state;
	const struct listener_spec *failed;
	const struct listener_spec spec = { LISTENER_SMTP, VIEW("127.0.0.1"), 0 };
	uint16_t number;

	assert_int_equal(prepare(f, &spec, 1, &failed), 0);
	number = number_of(f, 0);
	ports_abandon(f->ports);
	assert_int_equal(ports_count(f->ports), 0);
	assert_int_equal(connect_to(number), -1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_stays_is_not_touched),
		CASE(a_taken_port_changes_nothing),
		CASE(a_number_changes_its_address),
		CASE(what_is_prepared_is_not_served_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

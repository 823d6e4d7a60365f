#include "runtime/service/admin.h"

#include "runtime/base/os.h"
#include "runtime/service/desk.h"
#include "runtime/service/service.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/posthus-test-admin.XXXXXX";
static char path[64];

struct fixture {
	struct service *service;
	struct admin *admin;
};

static const struct admin_operators nobody = { 0 };

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct service_options options = {
		.data = folder, .os = os_real(), .loops = 1, .workers = 2
	};

	f->service = service_new(&options);
	if (admin_open(f->service, path, &nobody, &f->admin))
		return -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	admin_close(f->admin);
	service_free(f->service);
	admin_free(f->admin);
	free(f);
	return 0;
}

static int connect_path(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until the other end closes. */
static void expect_all(int fd, const char *text)
{
	char got[2048];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, got + len, sizeof(got) - len)) > 0)
		len += (size_t)n;
	assert_view(view_of(got, len), text);
}

static void await_event(struct fixture *f)
{
	struct pollfd p = { .fd = service_event_fd(f->service), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 10000), 1);
	service_event_clear(f->service);
}

static struct desk_request *await_request(struct fixture *f)
{
	struct desk_request *request;

	while (!(request = desk_next(service_desk(f->service))))
		await_event(f);
	return request;
}

#define GET(target)                                                                      \
	"GET " target " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static void a_request_is_pulled_and_answered(void **state)
{
	struct fixture *f = *state;
	struct desk_request *request;
	int fd = connect_path();

	assert_null(desk_next(service_desk(f->service)));
	say(fd, "PUT /v1/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/yaml\r\n"
		"Content-Length: 5\r\nConnection: close\r\n\r\nhosts");
	request = await_request(f);
	assert_view(request->method, "PUT");
	assert_view(request->target, "/v1/state");
	assert_view(request->content_type, "text/yaml");
	assert_view(request->body, "hosts");
	assert_int_equal(request->door, DESK_CONTROL);
	assert_int_equal(request->uid, geteuid());
	assert_int_equal(request->pid, getpid());
	assert_true(desk_alive(service_desk(f->service), request));
	desk_answer(service_desk(f->service), request, 202, VIEW("application/json"),
			VIEW("{}"));
	expect_all(fd, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
		       "Content-Length: 2\r\nConnection: close\r\n\r\n{}");
	close(fd);
}

static void answers_may_overtake_each_other(void **state)
{
	struct fixture *f = *state;
	int slow_fd = connect_path(), quick_fd;
	struct desk_request *slow, *quick;

	say(slow_fd, GET("/slow"));
	slow = await_request(f);
	quick_fd = connect_path();
	say(quick_fd, GET("/quick"));
	quick = await_request(f);
	assert_view(quick->target, "/quick");
	desk_answer(service_desk(f->service), quick, 204, VIEW(""), VIEW(""));
	expect_all(quick_fd, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
	desk_answer(service_desk(f->service), slow, 204, VIEW(""), VIEW(""));
	expect_all(slow_fd, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
	close(slow_fd);
	close(quick_fd);
}

static void a_client_that_has_gone_is_known(void **state)
{
	struct fixture *f = *state;
	struct desk_request *request;
	int fd = connect_path(), other;

	say(fd, GET("/wait"));
	request = await_request(f);
	assert_true(desk_alive(service_desk(f->service), request));
	close(fd);
	/* One loop: when it serves the next, it has seen that end. */
	other = connect_path();
	say(other, GET("/next"));
	desk_answer(service_desk(f->service), await_request(f), 204, VIEW(""), VIEW(""));
	expect_all(other, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
	close(other);
	assert_false(desk_alive(service_desk(f->service), request));
	desk_answer(service_desk(f->service), request, 204, VIEW(""), VIEW(""));
}

static void a_stop_answers_what_is_open(void **state)
{
	struct fixture *f = *state;
	int seen = connect_path(), unseen;

	say(seen, GET("/a"));
	assert_non_null(await_request(f));
	unseen = connect_path();
	say(unseen, GET("/b"));
	await_event(f);
	admin_close(f->admin);
	desk_close(service_desk(f->service));
	expect_all(seen,
			"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
			"Content-Length: 21\r\nConnection: close\r\n\r\n"
			"posthus is stopping.\n");
	expect_all(unseen,
			"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
			"Content-Length: 21\r\nConnection: close\r\n\r\n"
			"posthus is stopping.\n");
	close(seen);
	close(unseen);
	assert_int_equal(connect_path(), -1);
}

/* In a child that has given up root. */
static int ask_as_nobody(void)
{
	static const char refused[] = "HTTP/1.1 403 ";
	char got[sizeof(refused)] = { 0 };
	int fd;

	if (setgid(65534) || setuid(65534))
		return 2;
	fd = connect_path();
	if (fd < 0 || write(fd, GET("/"), strlen(GET("/"))) < 0)
		return 3;
	if (read(fd, got, sizeof(refused) - 1) != sizeof(refused) - 1)
		return 4;
	return strcmp(got, refused) != 0;
}

static void other_users_are_refused(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	/* As if file permissions had been opened by mistake. */
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	child = fork();
	if (child == 0)
		_exit(ask_as_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(desk_has_request(service_desk(f->service)));
}

static void a_socket_in_use_is_said(void **state)
{
	struct fixture *f = *state;
	struct admin *second = NULL;

	assert_int_equal(admin_open(f->service, path, &nobody, &second), -EADDRINUSE);
	assert_null(second);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_request_is_pulled_and_answered),
		CASE(answers_may_overtake_each_other),
		CASE(a_client_that_has_gone_is_known),
		CASE(a_stop_answers_what_is_open),
		CASE(other_users_are_refused),
		CASE(a_socket_in_use_is_said),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/control", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}

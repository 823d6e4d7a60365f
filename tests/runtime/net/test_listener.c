#include "runtime/net/listener.h"

#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/posthus-test-listener.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int connect_path(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(to.sun_path));
	memcpy(to.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -errno;
	}
	return fd;
}

static void a_taken_port_is_said(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct listener *second = NULL;

	(void)state;
	assert_int_equal(listener_open(toy->net, &toy->port, VIEW("127.0.0.1"),
					 listener_number(toy->listener), &second),
			-EADDRINUSE);
	assert_int_equal(listener_open(toy->net, &toy->port, VIEW("127.0.0.300"), 0,
					 &second),
			-EINVAL);
	assert_int_equal(listener_open(toy->net, &toy->port, VIEW("192.0.2.77"), 0,
					 &second),
			-EADDRNOTAVAIL);
	assert_null(second);
	toy_free(toy);
}

static void all_addresses_are_both_families(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct listener *all;
	struct client c = { 0 };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_addr = in6addr_loopback };
	int fd;

	(void)state;
	assert_int_equal(listener_open(toy->net, &toy->port, VIEW(""), 0, &all), 0);
	assert_int_not_equal(listener_number(all), 0);
	listener_start(all);
	c.fd = client_socket(listener_number(all));
	client_expect(&c, "hello");
	client_send(&c, "facts\n");
	client_expect(&c, "127.0.0.1");
	client_close(&c);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	to.sin6_port = htons(listener_number(all));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
		c = (struct client){ .fd = fd };
		client_expect(&c, "hello");
		client_send(&c, "facts\n");
		client_expect(&c, "::1");
		client_close(&c);
	} else {
		close(fd); /* a host without IPv6 */
	}
	listener_close(all);
	toy_free(toy);
}

static void a_closed_listener_leaves_its_connections(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct listener *extra;
	struct client c = { 0 };
	uint16_t number;

	(void)state;
	assert_int_equal(
			listener_open(toy->net, &toy->port, VIEW("127.0.0.1"), 0, &extra),
			0);
	number = listener_number(extra);
	listener_start(extra);
	c.fd = client_socket(number);
	client_expect(&c, "hello");
	listener_close(extra);
	assert_int_equal(client_socket(number), -1);
	client_send(&c, "say still here\n");
	client_expect(&c, "still here");
	client_close(&c);
	toy_free(toy);
}

static void one_address_has_its_share(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client c[3];

	(void)state;
	net_set_caps(toy->net, (struct net_caps){ 100, 2, 100, SIZE_MAX });
	client_connect(&c[0], toy);
	client_expect(&c[0], "hello");
	client_connect(&c[1], toy);
	client_expect(&c[1], "hello");
	client_connect(&c[2], toy);
	client_expect(&c[2], "full");
	client_expect_end(&c[2]);
	client_close(&c[2]);
	client_close(&c[0]);
	toy_await_closed(toy, 1);
	client_connect(&c[0], toy);
	client_expect(&c[0], "hello");
	net_set_caps(toy->net, (struct net_caps){ 2, 100, 100, SIZE_MAX });
	client_connect(&c[2], toy);
	client_expect(&c[2], "full");
	for (int i = 0; i < 3; i++)
		client_close(&c[i]);
	toy_free(toy);
}

static void without_descriptors_newcomers_are_closed(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct rlimit before, files;
	struct client c[2];
	int spare[2];

	(void)state;
	client_connect(&c[0], toy);
	client_expect(&c[0], "hello");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* Two are left for the clients, none for the server. */
	spare[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	spare[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	files = before;
	files.rlim_cur = (rlim_t)(spare[1] > spare[0] ? spare[1] : spare[0]) + 1;
	close(spare[0]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (int i = 3; i < (int)files.rlim_cur; i++)
		if (fcntl(i, F_GETFD) < 0)
			assert_true(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
	close(spare[1]);
	client_connect(&c[1], toy);
	client_expect_end(&c[1]);
	client_send(&c[0], "say not a loop\n");
	client_expect(&c[0], "not a loop");
	client_close(&c[1]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	client_connect(&c[1], toy);
	client_expect(&c[1], "hello");
	client_close(&c[0]);
	client_close(&c[1]);
	toy_free(toy);
}

static void a_unix_socket_knows_its_peer(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct listener *local, *second = NULL;
	struct client c = { 0 };
	struct stat st;
	char line[64];

	(void)state;
	assert_int_equal(listener_open_unix(toy->net, &toy->port, path_of("s"), &local),
			0);
	listener_start(local);
	assert_int_equal(stat(path_of("s"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	c.fd = connect_path(path_of("s"));
	client_expect(&c, "hello");
	client_send(&c, "facts\n");
	snprintf(line, sizeof(line), "unix uid=%u pid=%d", getuid(), (int)getpid());
	client_expect(&c, line);
	assert_int_equal(listener_open_unix(toy->net, &toy->port, path_of("s"), &second),
			-EADDRINUSE);
	assert_null(second);
	client_close(&c);
	listener_close(local);
	assert_int_equal(access(path_of("s"), F_OK), -1);
	toy_free(toy);
}

static void the_socket_of_a_dead_process_is_replaced(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct listener *local;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct client c = { 0 };

	(void)state;
	strcpy(at.sun_path, path_of("dead"));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	assert_int_equal(
			listener_open_unix(toy->net, &toy->port, path_of("dead"), &local),
			0);
	listener_start(local);
	c.fd = connect_path(path_of("dead"));
	client_expect(&c, "hello");
	client_close(&c);
	listener_close(local);
	toy_free(toy);
}

/* As the service manager does it: a bound socket as descriptor 3. */
static void a_socket_that_was_handed_over_is_taken(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int handed = socket(AF_INET, SOCK_STREAM, 0), kept = dup(3);
	struct listener *l = NULL;
	struct client c = { 0 };
	char pid[24];

	(void)state;
	assert_int_equal(bind(handed, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(handed, 10), 0);
	assert_int_equal(getsockname(handed, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(listener_open(toy->net, &toy->port, VIEW("127.0.0.1"),
					 ntohs(at.sin_port), &l),
			-EADDRINUSE);
	assert_int_equal(dup2(handed, 3), 3);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	/* Twice: a state may drop the listener and bring it back. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(listener_open(toy->net, &toy->port, VIEW("127.0.0.1"),
						 ntohs(at.sin_port), &l),
				0);
		listener_start(l);
		c.fd = client_socket(ntohs(at.sin_port));
		client_expect(&c, "hello");
		client_close(&c);
		listener_close(l);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	dup2(kept, 3);
	close(kept);
	close(handed);
	toy_free(toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_taken_port_is_said),
		cmocka_unit_test(all_addresses_are_both_families),
		cmocka_unit_test(a_closed_listener_leaves_its_connections),
		cmocka_unit_test(one_address_has_its_share),
		cmocka_unit_test(without_descriptors_newcomers_are_closed),
		cmocka_unit_test(a_unix_socket_knows_its_peer),
		cmocka_unit_test(the_socket_of_a_dead_process_is_replaced),
		cmocka_unit_test(a_socket_that_was_handed_over_is_taken),
	};
	int failed;

	/* Descriptor 3 is for the socket that is handed over: nothing of ours takes it. */
	if (fcntl(3, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != 3)
		return 1;
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}

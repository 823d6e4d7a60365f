#include "runtime/base/systemd.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void without_a_manager_nothing_happens(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(systemd_notify("READY=1"), 0);
	assert_int_equal(systemd_socket_count(), 0);
	assert_true(systemd_watchdog() == NSTIME_NEVER);
}

/* A manager's socket, by a path or in the abstract namespace ('@'). */
static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
					 (socklen_t)(offsetof(struct sockaddr_un,
								     sun_path) +
							 len)),
			0);
	return fd;
}

static void a_manager_hears(const char *name)
{
	int fd = listen_at(name);
	char got[128];
	ssize_t len;

	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(systemd_notify("READY=1\nSTATUS=serving"), 0);
	len = recv(fd, got, sizeof(got), 0);
	assert_view(view_of(got, (size_t)len), "READY=1\nSTATUS=serving");
	assert_int_equal(systemd_notify_reloading(5 * NS_PER_MS), 0);
	len = recv(fd, got, sizeof(got), 0);
	assert_view(view_of(got, (size_t)len), "RELOADING=1\nMONOTONIC_USEC=5000");
	close(fd);
}

static void both_kinds_of_socket_are_served(void **state)
{
	char path[64], abstract[64];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/posthus-test-notify.%d", (int)getpid());
	snprintf(abstract, sizeof(abstract), "@posthus-test-notify.%d", (int)getpid());
	a_manager_hears(path);
	unlink(path);
	a_manager_hears(abstract);
	assert_int_equal(systemd_notify("READY=1"), -ECONNREFUSED);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(systemd_notify("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
}

static void set_number(const char *name, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	setenv(name, text, 1);
}

static void the_watchdog_is_fed_twice_as_often(void **state)
{
	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	unsetenv("WATCHDOG_PID");
	assert_true(systemd_watchdog() == nstime_seconds(15));
	set_number("WATCHDOG_PID", getpid());
	assert_true(systemd_watchdog() == nstime_seconds(15));
	set_number("WATCHDOG_PID", getppid());
	assert_true(systemd_watchdog() == NSTIME_NEVER);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_true(systemd_watchdog() == NSTIME_NEVER);
	unsetenv("WATCHDOG_USEC");
}

static void sockets_are_for_the_process_that_is_named(void **state)
{
	int fd;

	(void)state;
	/* In the test the first one may be taken: what is there serves as well. */
	if (fcntl(SYSTEMD_FIRST_FD, F_GETFD) < 0) {
		fd = open("/dev/null", O_RDONLY);
		assert_true(fd >= 0 && dup2(fd, SYSTEMD_FIRST_FD) == SYSTEMD_FIRST_FD);
	}
	set_number("LISTEN_PID", getppid());
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(systemd_socket_count(), 0);
	set_number("LISTEN_PID", getpid());
	assert_int_equal(systemd_socket_count(), 1);
	assert_int_equal(fcntl(SYSTEMD_FIRST_FD, F_GETFD), FD_CLOEXEC);
	setenv("LISTEN_FDNAMES", "smtp:imaps", 1);
	assert_view(systemd_socket_name(0), "smtp");
	assert_view(systemd_socket_name(1), "imaps");
	assert_view(systemd_socket_name(2), "");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(both_kinds_of_socket_are_served),
		cmocka_unit_test(the_watchdog_is_fed_twice_as_often),
		cmocka_unit_test(sockets_are_for_the_process_that_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

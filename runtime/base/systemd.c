#include "runtime/base/systemd.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MOST_SOCKETS = 64
};

static bool env_number(const char *name, uint64_t *out)
{
	return view_to_u64(view_z(getenv(name)), out);
}

/* True where the variable names this process. */
static bool env_is_us(const char *name)
{
	uint64_t pid;

	return env_number(name, &pid) && pid == (uint64_t)getpid();
}

int systemd_notify(const char *state)
{
	struct view path = view_z(getenv("NOTIFY_SOCKET"));
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len);
	int fd, r = 0;

	if (path.len == 0)
		return 0;
	if (path.len >= sizeof(to.sun_path) ||
			(path.data[0] != '/' && path.data[0] != '@'))
		return -EINVAL;
	memcpy(to.sun_path, path.data, path.len);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_errno();
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) <
			0)
		r = fault_errno();
	close(fd);
	return r;
}

int systemd_notify_reloading(nstime now)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
			now / (NS_PER_MS / 1000));
	return systemd_notify(text);
}

nstime systemd_watchdog(void)
{
	uint64_t usec;

	if (getenv("WATCHDOG_PID") && !env_is_us("WATCHDOG_PID"))
		return NSTIME_NEVER;
	if (!env_number("WATCHDOG_USEC", &usec) || usec == 0 || usec > INT32_MAX)
		return NSTIME_NEVER;
	return (nstime)usec * (NS_PER_MS / 1000) / 2;
}

unsigned systemd_socket_count(void)
{
	uint64_t count;

	if (!env_is_us("LISTEN_PID") || !env_number("LISTEN_FDS", &count))
		return 0;
	if (count > MOST_SOCKETS)
		count = MOST_SOCKETS;
	for (unsigned i = 0; i < count; i++)
		if (fcntl(SYSTEMD_FIRST_FD + (int)i, F_SETFD, FD_CLOEXEC) < 0)
			return i;
	return (unsigned)count;
}

struct view systemd_socket_name(unsigned index)
{
	struct view names = view_z(getenv("LISTEN_FDNAMES")), name = VIEW_NULL;

	for (unsigned i = 0; i <= index; i++)
		name = names.data ? view_cut(&names, ':') : VIEW_NULL;
	return name;
}

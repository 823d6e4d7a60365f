#include "agent/git/fetcher.h"

#include "agent/git/fetch_child.h"
#include "runtime/base/error.h"
#include "runtime/base/privileges.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- a descriptor over a socket -- */

union one_descriptor {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int send_descriptor(int over, int fd)
{
	union one_descriptor control = { { 0 } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	return sendmsg(over, &message, MSG_NOSIGNAL) < 0 ? fault_errno() : 0;
}

static int receive_descriptor(int over, int *fd_out)
{
	union one_descriptor control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head;

	if (recvmsg(over, &message, MSG_CMSG_CLOEXEC) <= 0)
		return errno ? fault_errno() : -EPIPE;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS ||
			head->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPIPE;
	memcpy(fd_out, CMSG_DATA(head), sizeof(int));
	return 0;
}

/* -- the helper -- */

/* False: no child could be made; the agent learns that by the end of its socket. */
static bool make_child(int over, int pair[2])
{
	pid_t pid = fork();

	if (pid == 0) {
		close(over);
		close(pair[0]);
		fetch_child(pair[1]);
		_exit(0);
	}
	return pid > 0;
}

static void body(int fd, pid_t parent, void *with)
{
	const char *user = with;
	char byte;

	if (user && *user && privileges_are_root() && privileges_drop(user))
		return;
	signal(SIGCHLD, SIG_IGN); /* nobody waits for them */
	if (helper_settle(fd, parent))
		return;
	prctl(PR_SET_NAME, "fetcher");
	while (recv(fd, &byte, 1, 0) == 1) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return;
		(void)make_child(fd, pair);
		(void)send_descriptor(fd, pair[0]);
		close(pair[0]);
		close(pair[1]);
	}
}

int fetcher_start(const char *user, struct helper *out)
{
	return helper_start(body, (void *)user, out);
}

int fetcher_child(const struct helper *fetcher, int *fd_out)
{
	if (send(fetcher->fd, "f", 1, MSG_NOSIGNAL) != 1)
		return fault_errno();
	return receive_descriptor(fetcher->fd, fd_out);
}

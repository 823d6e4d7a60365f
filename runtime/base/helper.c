#include "runtime/base/helper.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The group's signals are the parent's to act on; the child ends when it has ended. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_IGN);
}

int helper_start(void (*body)(int fd, pid_t parent, void *with), void *with,
		struct helper *out)
{
	pid_t parent = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return fault(fault_errno());
	pid = fork();
	if (pid < 0) {
		int r = fault_errno();

		close(pair[0]);
		close(pair[1]);
		return fault(r);
	}
	if (pid == 0) {
		ignore_signals();
		body(pair[1], parent, with);
		_exit(0);
	}
	close(pair[1]);
	*out = (struct helper){ pair[0], pid };
	return 0;
}

void helper_stop(struct helper *helper)
{
	close(helper->fd);
	while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int close_others(int fd)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (fd > 3 && close_range(3, (unsigned)fd - 1, 0))
		return fault_errno();
	return close_range((unsigned)fd + 1, ~0U, 0) ? fault_errno() : 0;
}

int helper_settle(int fd, pid_t parent)
{
	static const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0) ||
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			setrlimit(RLIMIT_CORE, &none))
		return fault_errno();
	if (getppid() != parent)
		return -ESRCH; /* it ended before the signal was asked for */
	return close_others(fd);
}

int helper_confine(int fd, pid_t parent, const struct system_call *calls, unsigned count)
{
	int r = helper_settle(fd, parent);

	return r ? r : system_calls_filter(calls, count, true);
}

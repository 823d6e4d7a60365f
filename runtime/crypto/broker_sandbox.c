#include "runtime/crypto/broker_sandbox.h"

#include "runtime/base/error.h"
#include "runtime/base/system_calls.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int close_others(int fd)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (fd > 3 && close_range(3, (unsigned)fd - 1, 0))
		return fault_errno();
	return close_range((unsigned)fd + 1, ~0U, 0) ? fault_errno() : 0;
}

/* All that answering takes. */
static const struct system_call calls[] = {
	{ .number = SYS_recvfrom },
	{ .number = SYS_sendto },
	{ .number = SYS_getrandom },
	{ .number = SYS_write }, /* die() says why */
	{ .number = SYS_munmap },
	{ .number = SYS_exit_group },
	{ .number = SYS_rt_sigreturn },
	{ .number = SYS_restart_syscall },
};

int broker_confine(int fd, pid_t parent)
{
	static const struct rlimit none = { 0, 0 };
	int r;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0) ||
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			setrlimit(RLIMIT_CORE, &none))
		return fault_errno();
	if (getppid() != parent)
		return -ESRCH; /* it ended before the signal was asked for */
	r = close_others(fd);
	if (r)
		return r;
	/* Without filters it is still a process of its own, with nothing open. */
	r = system_calls_filter(calls, ARRAY_LEN(calls), true);
	return r == SYSTEM_CALLS_E_UNKNOWN ? 0 : r;
}

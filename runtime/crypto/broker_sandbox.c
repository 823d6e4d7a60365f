#include "runtime/crypto/broker_sandbox.h"

#include "runtime/base/helper.h"

#include <sys/syscall.h>

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
	return helper_confine(fd, parent, calls, ARRAY_LEN(calls));
}

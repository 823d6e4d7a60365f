#include "runtime/crypto/broker_sandbox.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static int close_others(int fd)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (fd > 3 && close_range(3, (unsigned)fd - 1, 0))
		return fault_errno();
	return close_range((unsigned)fd + 1, ~0U, 0) ? fault_errno() : 0;
}

#if defined(ARCHITECTURE) && !defined(SANITIZED)

/* Two instructions: this system call passes. */
#define ALLOW(name)                                                                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1),                          \
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* A sanitizer's runtime makes calls of its own, so its builds go without. */
static int filter_calls(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(recvfrom),
		ALLOW(sendto),
		ALLOW(getrandom),
		ALLOW(write), /* die() says why */
		ALLOW(munmap),
		ALLOW(exit_group),
		ALLOW(rt_sigreturn),
		ALLOW(restart_syscall),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { ARRAY_LEN(filter), filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? 0 : fault_errno();
}

#else

static int filter_calls(void)
{
	return 0;
}

#endif

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
	return r ? r : filter_calls();
}

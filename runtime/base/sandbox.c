#include "runtime/base/sandbox.h"

#include "runtime/base/error.h"
#include "runtime/base/system_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* -- files -- */

/* Rights by the version of Landlock that brought them: headers are older than kernels. */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_FIRST = (1 << 13) - 1, /* all of version 1 */
	FS_REFER = 1 << 13,       /* 2 */
	FS_TRUNCATE = 1 << 14,    /* 3 */
	FS_IOCTL_DEV = 1 << 15,   /* 5 */
	SCOPE_SIGNAL = 1 << 1,    /* 6 */
};

struct ruleset {
	uint64_t fs, net, scoped;
};

static int landlock_version(void)
{
	long r = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	return r < 0 ? 0 : (int)r;
}

static uint64_t rights_of(int version)
{
	uint64_t rights = FS_FIRST;

	if (version >= 2)
		rights |= FS_REFER;
	if (version >= 3)
		rights |= FS_TRUNCATE;
	if (version >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

static int allow_path(int rules, const char *path, uint64_t folder, uint64_t file)
{
	struct landlock_path_beneath_attr beneath = { 0 };
	int fd = open(path, O_PATH | O_CLOEXEC), r;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : fault_errno();
	beneath.parent_fd = fd;
	r = fstat(fd, &st) ? fault_errno() : 0;
	beneath.allowed_access = S_ISDIR(st.st_mode) ? folder : file;
	if (!r && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
				  &beneath, 0))
		r = fault_errno();
	close(fd);
	return r;
}

static int confine_files(const struct sandbox_options *options, int version)
{
	uint64_t all = rights_of(version);
	uint64_t write = all & ~(uint64_t)FS_EXECUTE;
	struct ruleset set = { .fs = all };
	size_t size = version >= 6 ? sizeof(set) : version >= 4 ? 16 : 8;
	int rules, r = 0;

	if (version >= 6)
		set.scoped = SCOPE_SIGNAL;
	rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (rules < 0)
		return fault_errno();
	for (size_t i = 0; i < options->write_count && !r; i++)
		r = allow_path(rules, options->write[i], write,
				FS_READ_FILE | FS_WRITE_FILE);
	for (size_t i = 0; i < options->read_count && !r; i++)
		r = allow_path(rules, options->read[i], FS_READ_FILE | FS_READ_DIR,
				FS_READ_FILE);
	if (!r && syscall(SYS_landlock_restrict_self, rules, 0))
		r = fault_errno();
	close(rules);
	return r;
}

/* -- system calls -- */

#define PASS(name)                                                                       \
	{                                                                                \
		.number = SYS_##name                                                     \
	}
#define PASS_IF(name, argument_, test_, value_)                                          \
	{                                                                                \
		.number = SYS_##name, .argument = (argument_),                           \
		.test = SYSTEM_CALL_##test_, .value = (unsigned)(value_)                 \
	}

/* The busiest first. Not here, so refused: execve, fork, ptrace, kill, mount, setuid, bpf,
 * io_uring, userfaultfd, keyctl, module and clock calls, and whatever is invented later. */
static const struct system_call calls[] = {
	PASS(read),
	PASS(write),
	PASS(futex),
	PASS(epoll_pwait),
	PASS(epoll_ctl),
	PASS(readv),
	PASS(writev),
	PASS(recvfrom),
	PASS(recvmsg),
	PASS(sendto),
	PASS(sendmsg),
	PASS(accept4),
	PASS(close),
	PASS(pread64),
	PASS(pwrite64),
	PASS(pwritev),
	PASS(preadv),
	PASS(fdatasync),
	PASS(fsync),
	PASS(fallocate),
	PASS(ftruncate),
	PASS(lseek),
	PASS(openat),
	PASS(newfstatat),
	PASS(statx),
	PASS(fstat),
	PASS(fstatfs),
	PASS(statfs),
	PASS(faccessat),
	PASS(faccessat2),
	PASS(unlinkat),
	PASS(mkdirat),
	PASS(renameat),
	PASS(renameat2),
	PASS(linkat),
	PASS(readlinkat),
	PASS(fchmod),
	PASS(fchmodat),
	PASS(fchown),
	PASS(utimensat),
	PASS(getdents64),
	PASS(getcwd),
	PASS(flock),
	PASS(fcntl),
	PASS_IF(ioctl, 2, EQUAL, FIONREAD),
	PASS_IF(ioctl, 2, EQUAL, FIONBIO),
	PASS_IF(ioctl, 2, EQUAL, TCGETS), /* is it a terminal? */
	PASS(dup),
	PASS(dup3),
	PASS(pipe2),
	PASS(eventfd2),
	PASS(epoll_create1),
	PASS(timerfd_create),
	PASS(timerfd_settime),
	PASS(timerfd_gettime),
	PASS(signalfd4),
	PASS(inotify_init1),
	PASS(inotify_add_watch),
	PASS(inotify_rm_watch),
	PASS(ppoll),
	PASS(pselect6),
	PASS_IF(socket, 1, EQUAL, AF_UNIX),
	PASS_IF(socket, 1, EQUAL, AF_INET),
	PASS_IF(socket, 1, EQUAL, AF_INET6),
	PASS_IF(socketpair, 1, EQUAL, AF_UNIX),
	PASS(bind),
	PASS(listen),
	PASS(connect),
	PASS(shutdown),
	PASS(getsockname),
	PASS(getpeername),
	PASS(getsockopt),
	PASS(setsockopt),
	PASS_IF(mmap, 3, WITHOUT, PROT_EXEC),
	PASS_IF(mprotect, 3, WITHOUT, PROT_EXEC),
	PASS(munmap),
	PASS(mremap),
	PASS(madvise),
	PASS(mlock),
	PASS(mlock2),
	PASS(munlock),
	PASS(brk),
	/* Threads: never a process. */
	PASS_IF(clone, 1, WITH, CLONE_THREAD),
	PASS(set_robust_list),
	PASS(set_tid_address),
	PASS(rseq),
	PASS(membarrier),
	PASS(sched_yield),
	PASS(sched_getaffinity),
	PASS(gettid),
	PASS(getpid),
	PASS(getppid),
	PASS(getuid),
	PASS(geteuid),
	PASS(getgid),
	PASS(getegid),
	PASS(getrandom),
	PASS(clock_gettime),
	PASS(clock_getres),
	PASS(clock_nanosleep),
	PASS(nanosleep),
	PASS(gettimeofday),
	PASS(sysinfo),
	PASS(uname),
	PASS(getrusage),
	PASS_IF(prlimit64, 1, EQUAL, 0), /* ours */
	PASS(umask),
	PASS(rt_sigaction),
	PASS(rt_sigprocmask),
	PASS(rt_sigreturn),
	PASS(rt_sigtimedwait),
	PASS(sigaltstack),
	PASS(restart_syscall),
	PASS(wait4), /* for the broker */
	PASS(waitid),
	PASS_IF(prctl, 1, EQUAL, PR_SET_NAME),
	PASS_IF(prctl, 1, EQUAL, PR_GET_DUMPABLE),
	PASS_IF(prctl, 1, EQUAL, 0x53564d41), /* PR_SET_VMA: malloc names its memory */
	PASS(exit),
	PASS(exit_group),
#ifdef __x86_64__
	PASS(open),
	PASS(stat),
	PASS(lstat),
	PASS(access),
	PASS(unlink),
	PASS(mkdir),
	PASS(rmdir),
	PASS(rename),
	PASS(readlink),
	PASS(chmod),
	PASS(poll),
	PASS(select),
	PASS(epoll_wait),
	PASS(epoll_create),
	PASS(eventfd),
	PASS(pipe),
	PASS(dup2),
	PASS(getpgrp),
	PASS(time),
#endif
};

static int confine_calls(bool *done_out)
{
	struct system_call all[ARRAY_LEN(calls) + 1] = {
		PASS_IF(tgkill, 1, EQUAL, getpid()), /* abort() */
	};
	int r;

	memcpy(all + 1, calls, sizeof(calls));
	r = system_calls_filter(all, ARRAY_LEN(all), false);

	*done_out = r == SYSTEM_CALLS_OK;
	return r > 0 ? 0 : r;
}

const char *sandbox_word(const struct sandbox_level *level)
{
	if (level->landlock)
		return level->seccomp ? "landlock and seccomp" : "landlock";
	return level->seccomp ? "seccomp" : "none";
}

int sandbox_enter(const struct sandbox_options *options, struct sandbox_level *out)
{
	int r = 0;

	*out = (struct sandbox_level){ .landlock = landlock_version() };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fault_errno();
	if (out->landlock)
		r = confine_files(options, out->landlock);
	if (!r)
		r = confine_calls(&out->seccomp);
	if (!out->landlock)
		out->without = "this kernel has no Landlock";
	else if (!out->seccomp)
		out->without = system_calls_why_not();
	return r;
}

/* The escape suite: what code that a stranger took over would try, from within the sandbox that
 * the agent enters. Each attempt is a case of its own in a process of its own, and counts as
 * denied only with the sandbox's own error: the host's lack of a thing proves nothing. What the
 * kernel or the build lacks is skipped, by name. */
#include "runtime/base/sandbox.h"
#include "runtime/base/system_calls.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char inside[] = "/tmp/posthus-test-sandbox.XXXXXX";
static char outside[] = "/tmp/posthus-test-outside.XXXXXX";

static void enter(struct sandbox_level *level)
{
	const char *write[] = { inside };
	const char *read[] = { "/etc/debian_version", "/etc/nothing-here" };
	const struct sandbox_options options = { write, 1, read, 2 };

	if (sandbox_enter(&options, level))
		_exit(100);
}

/* What this kernel, and this build, can: found out by a process that goes there. */
static struct sandbox_level level_of_child(void)
{
	struct sandbox_level level = { 0 };
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		enter(&level);
		level.without = NULL;
		_exit(write(fds[1], &level, sizeof(level)) == sizeof(level) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], &level, sizeof(level)), sizeof(level));
	close(fds[0]);
	close(fds[1]);
	return level;
}

enum verdict {
	DENIED,
	SUCCEEDED,
	FAILED, /* but not by the sandbox */
};

/* What becomes of an attempt within the sandbox: it is denied with ENOSYS by seccomp, with
 * EACCES by Landlock. */
static enum verdict verdict_on(bool (*attempt)(void), bool by_files)
{
	struct sandbox_level level;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		enter(&level);
		errno = 0;
		if (attempt())
			_exit(SUCCEEDED);
		_exit(errno == ENOSYS || (by_files && errno == EACCES) ? DENIED : FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > FAILED)
		fail_msg("the attempt ended with status %x", (unsigned)status);
	return (enum verdict)WEXITSTATUS(status);
}

/* -- attempts: true where they succeed -- */

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool read_shadow(void)
{
	return opens("/etc/shadow", O_RDONLY);
}
static bool read_passwd(void)
{
	return opens("/etc/passwd", O_RDONLY);
}
static bool write_passwd(void)
{
	return opens("/etc/passwd", O_WRONLY | O_APPEND);
}
static bool read_by_path(void)
{
	return opens("/proc/1/environ", O_RDONLY);
}
static bool list_root(void)
{
	return opens("/", O_RDONLY | O_DIRECTORY);
}
static bool read_home(void)
{
	return opens("/root", O_RDONLY | O_DIRECTORY);
}

static bool write_outside(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/new", outside);
	return opens(path, O_WRONLY | O_CREAT);
}

static bool write_what_is_read(void)
{
	return opens("/etc/debian_version", O_WRONLY);
}

static bool link_out(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/way-out", inside);
	return symlink("/etc/passwd", path) == 0 && opens(path, O_RDONLY);
}

static bool climb_out(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/../../etc/passwd", inside);
	return opens(path, O_RDONLY);
}

static bool execute(void)
{
	static char name[] = "true";
	static char *const words[] = { name, NULL };

	execv("/bin/true", words);
	return false;
}

static bool execute_memory(void)
{
	return syscall(SYS_memfd_create, "x", 0) >= 0;
}

static bool execute_descriptor(void)
{
	static char name[] = "true";
	static char *const words[] = { name, NULL };

	return syscall(SYS_execveat, STDIN_FILENO, "", words, NULL, 0x1000) == 0;
}

static bool fork_off(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool fork_quickly(void)
{
	return syscall(SYS_clone3, NULL, 0) >= 0;
}

static bool hold_parent(void)
{
	return syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}

static bool limit_parent(void)
{
	struct rlimit limit;

	return prlimit(getppid(), RLIMIT_CORE, NULL, &limit) == 0;
}

static bool write_parents_memory(void)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return syscall(SYS_process_vm_writev, getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool trace_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static bool read_parents_memory(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return syscall(SYS_process_vm_readv, getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool map_file_as_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, STDIN_FILENO, 0) !=
	       MAP_FAILED;
}

static bool change_personality(void)
{
	return syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */) >= 0;
}

static bool share_memory(void)
{
	return syscall(SYS_shmget, IPC_PRIVATE, 4096, 0600) >= 0;
}

static bool type_for_others(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x") == 0;
}

static bool raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}
static bool netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0;
}
static bool vsock(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0) >= 0;
}
static bool mounts(void)
{
	return mount("none", outside, "tmpfs", 0, NULL) == 0;
}
static bool change_root(void)
{
	return chroot(inside) == 0;
}
static bool namespaces(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}
static bool be_root(void)
{
	return setuid(0) == 0;
}
static bool be_another(void)
{
	return setresuid(1, 1, 1) == 0;
}
static bool join_namespace(void)
{
	return syscall(SYS_setns, STDIN_FILENO, 0) == 0;
}
static bool take_capabilities(void)
{
	return syscall(SYS_capset, NULL, NULL) == 0;
}
static bool new_mounts(void)
{
	return syscall(SYS_fsopen, "tmpfs", 0) >= 0;
}
static bool reboots(void)
{
	return syscall(SYS_reboot, 0, 0, 0, NULL) == 0;
}
static bool swaps(void)
{
	return syscall(SYS_swapoff, "/nothing") == 0;
}
static bool kill_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool signal_parents_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool uring(void)
{
	char params[120] = { 0 };

	return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static bool load_bpf(void)
{
	union bpf_attr attr = { 0 };

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) >= 0 ||
	       errno == EINVAL;
}

static bool faults(void)
{
	return syscall(SYS_userfaultfd, 1) >= 0;
}
static bool keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 1) >= 0;
}
static bool watches(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0 || errno == EFAULT;
}
static bool modules(void)
{
	return syscall(SYS_init_module, NULL, 0, "") == 0 || errno == EFAULT;
}
static bool dumps_again(void)
{
	return syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1) == 0;
}
static bool by_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0) >= 0 || errno == EFAULT;
}
static bool sets_clock(void)
{
	return syscall(SYS_clock_settime, 99, NULL) == 0 || errno == EINVAL;
}

/* clang-format off */
static const struct escape {
	const char *name;
	bool (*attempt)(void);
	bool by_files; /* Landlock denies it; else seccomp */
} escapes[] = {
	{ "reading /etc/shadow",                        read_shadow,           true },
	{ "reading /etc/passwd",                        read_passwd,           true },
	{ "writing /etc/passwd",                        write_passwd,          true },
	{ "reading the environment of another process", read_by_path,          true },
	{ "listing the root",                           list_root,             true },
	{ "looking into a home",                        read_home,             true },
	{ "writing outside",                            write_outside,         true },
	{ "writing what may be read",                   write_what_is_read,    true },
	{ "a symbolic link out",                        link_out,              true },
	{ "climbing out by ..",                         climb_out,             true },
	{ "execve",                                     execute,               false },
	{ "a file in memory",                           execute_memory,        false },
	{ "executing a descriptor",                     execute_descriptor,    false },
	{ "fork",                                       fork_off,              false },
	{ "fork by clone3",                             fork_quickly,          false },
	{ "ptrace",                                     trace_parent,          false },
	{ "a handle on another process",                hold_parent,           false },
	{ "limits of another process",                  limit_parent,          false },
	{ "reading another process's memory",           read_parents_memory,   false },
	{ "writing another process's memory",           write_parents_memory,  false },
	{ "turning data into code",                     make_code,             false },
	{ "memory that is written and executed",        map_code,              false },
	{ "mapping a file as code",                     map_file_as_code,      false },
	{ "memory that is code by personality",         change_personality,    false },
	{ "memory shared with strangers",               share_memory,          false },
	{ "typing at the terminal",                     type_for_others,       false },
	{ "a packet socket",                            raw_socket,            false },
	{ "a netlink socket",                           netlink,               false },
	{ "a vsock socket",                             vsock,                 false },
	{ "mount",                                      mounts,                false },
	{ "a new file system",                          new_mounts,            false },
	{ "chroot",                                     change_root,           false },
	{ "a user namespace",                           namespaces,            false },
	{ "another's namespace",                        join_namespace,        false },
	{ "setuid to root",                             be_root,               false },
	{ "setresuid to another",                       be_another,            false },
	{ "capabilities",                               take_capabilities,     false },
	{ "kill",                                       kill_parent,           false },
	{ "tgkill of another process",                  signal_parents_thread, false },
	{ "io_uring",                                   uring,                 false },
	{ "bpf",                                        load_bpf,              false },
	{ "userfaultfd",                                faults,                false },
	{ "keyctl",                                     keys,                  false },
	{ "perf_event_open",                            watches,               false },
	{ "a kernel module",                            modules,               false },
	{ "reboot",                                     reboots,               false },
	{ "swap",                                       swaps,                 false },
	{ "being dumpable again",                       dumps_again,           false },
	{ "open by handle",                             by_handle,             false },
	{ "setting the clock",                          sets_clock,            false },
};
/* clang-format on */

static void is_denied(void **state)
{
	const struct escape *escape = *state;
	struct sandbox_level level = level_of_child();

	if (escape->by_files ? !level.landlock : !level.seccomp) {
		print_message("skipped: %s\n",
				escape->by_files ? "this kernel has no Landlock"
						 : system_calls_why_not());
		skip();
	}
	switch (verdict_on(escape->attempt, escape->by_files)) {
	case DENIED:
		break;
	case SUCCEEDED:
		fail_msg("not denied: %s", escape->name);
		break;
	case FAILED:
		fail_msg("it failed, but not by the sandbox: %s", escape->name);
		break;
	}
}

/* -- what the server needs goes on -- */

static void *add_one(void *arg)
{
	++*(int *)arg;
	return arg;
}

static bool work(void)
{
	char path[128], made[128];
	pthread_t thread;
	int count = 0, sockets[2];

	snprintf(path, sizeof(path), "%s/file", inside);
	snprintf(made, sizeof(made), "%s/folder", inside);
	return pthread_create(&thread, NULL, add_one, &count) == 0 &&
	       pthread_join(thread, NULL) == 0 && count == 1 && mkdir(made, 0700) == 0 &&
	       rmdir(made) == 0 && opens(path, O_RDWR | O_CREAT) && unlink(path) == 0 &&
	       opens("/etc/debian_version", O_RDONLY) &&
	       socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 &&
	       socket(AF_INET6, SOCK_STREAM, 0) >= 0 && system("true") != 0;
}

static void what_the_server_needs_goes_on(void **state)
{
	(void)state;
	if (!level_of_child().seccomp)
		skip(); /* system() would not fail */
	assert_int_equal(verdict_on(work, false), SUCCEEDED);
}

static int make_folders(void **state)
{
	(void)state;
	return mkdtemp(inside) && mkdtemp(outside) ? 0 : -1;
}

static int remove_folders(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/way-out", inside);
	(void)unlink(path);
	return rmdir(inside) || rmdir(outside);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(escapes) + 1] = {
		cmocka_unit_test(what_the_server_needs_goes_on),
	};

	for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
		tests[i + 1] = (struct CMUnitTest){ .name = escapes[i].name,
			.test_func = is_denied,
			.initial_state = (void *)(uintptr_t)&escapes[i] };
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}

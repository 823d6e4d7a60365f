/* What code that took the key broker over would try: each system call that is not for answering
 * ends the process on the spot, with the master key in it. */
#include "runtime/base/system_calls.h"
#include "runtime/crypto/broker_sandbox.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];

static void answers(void)
{
	char byte;

	if (recv(pair[1], &byte, 1, 0) != 1 || send(pair[1], &byte, 1, 0) != 1)
		_exit(1);
}

static void opens(void)
{
	(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
}
static void connects(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}
static void executes(void)
{
	static char name[] = "true";
	static char *const words[] = { name, NULL };

	execv("/bin/true", words);
}
static void forks(void)
{
	(void)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
static void maps(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void kills(void)
{
	(void)kill(getppid(), 0);
}
static void traces(void)
{
	(void)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}
static void hands_over(void)
{
	struct msghdr message = { 0 };

	(void)sendmsg(pair[1], &message, 0);
}
static void asks_who(void)
{
	(void)syscall(SYS_getuid);
}

static const struct attempt {
	const char *name;
	void (*act)(void);
	bool allowed;
} attempts[] = {
	{ "the broker answers", answers, true },
	{ "the broker opens no file", opens, false },
	{ "the broker makes no socket", connects, false },
	{ "the broker executes nothing", executes, false },
	{ "the broker forks nothing", forks, false },
	{ "the broker maps no memory", maps, false },
	{ "the broker signals nobody", kills, false },
	{ "the broker traces nobody", traces, false },
	{ "the broker hands no descriptor over", hands_over, false },
	{ "the broker asks for nothing else", asks_who, false },
};

enum {
	UNFILTERED = 77
};

static void holds(void **state)
{
	const struct attempt *attempt = *state;
	pid_t parent = getpid(), pid;
	int status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(send(pair[0], "x", 1, 0), 1);
	pid = fork();
	if (pid == 0) {
		int r = broker_confine(pair[1], parent);

		if (r)
			_exit(r == SYSTEM_CALLS_E_UNKNOWN ? UNFILTERED : 1);
		attempt->act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	close(pair[1]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == UNFILTERED) {
		print_message("skipped: %s\n", system_calls_why_not());
		skip();
	}
	if (attempt->allowed)
		assert_int_equal(status, 0);
	else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail_msg("it was not ended: status %x", (unsigned)status);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(attempts)];

	for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
		tests[i] = (struct CMUnitTest){ .name = attempts[i].name,
			.test_func = holds,
			.initial_state = (void *)(uintptr_t)&attempts[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A helper: a child of the same program that does one thing for its parent, over a socket
 * pair, and can do nothing else. The key broker is one, the binder of ports another. */
#ifndef BASE_HELPER_H
#define BASE_HELPER_H

#include "runtime/base/attr.h"
#include "runtime/base/system_calls.h"

#include <sys/types.h>

struct helper {
	int fd; /* SOCK_SEQPACKET: a packet a request, a packet a reply */
	pid_t pid;
};

/* Forks; the child runs `body` with its end of the pair, ignores the signals of the
 * terminal's group, and ends when `body` returns. Only with one thread. */
MUST_USE int helper_start(void (*body)(int fd, pid_t parent, void *with), void *with,
		struct helper *out);
/* Ends the child, which reads an end of file, and waits for it. */
void helper_stop(struct helper *helper);

/* For the child: keeps `fd` and stderr open and nothing else, and dies with `parent`; no
 * dumps, no tracing, no new privileges. */
MUST_USE int helper_settle(int fd, pid_t parent);
/* For the child, once it has all that it needs: the same, and any system call but these
 * ends it. SYSTEM_CALLS_E_UNKNOWN where the last was left out: it is still a process of its
 * own, with nothing open. */
MUST_USE int helper_confine(
		int fd, pid_t parent, const struct system_call *calls, unsigned count);

#endif

/* The agent's own loop: requests of the control socket, notices of the runtime, signals, the
 * timer, and changed files, one after the other on one thread. */
#ifndef AGENT_SERVE_H
#define AGENT_SERVE_H

#include "agent/agent.h"

struct serve_options {
	struct agent *agent;
	struct runtime *runtime;
	struct follow *follow; /* agent/git/follow.h; NULL: the state comes from no repository */
	const char *const *
			state; /* paths to watch; none: files become desired by apply alone */
	size_t state_count;
};

/* Blocks the signals that serve() takes, in this thread and all that it starts. Call it before
 * the first thread. */
void serve_block_signals(void);

/* Serves until SIGTERM or SIGINT; SIGHUP reconciles. Says READY to the service manager once
 * the desired generation has been reconciled. */
MUST_USE int serve(const struct serve_options *options);

#endif

/* The fetcher: a helper that forks a child for each fetch.
 *
 * It is forked before threads and keys exist, so that its children have neither, and after
 * it the server may not fork any more. It speaks to nobody but the agent. */
#ifndef AGENT_GIT_FETCHER_H
#define AGENT_GIT_FETCHER_H

#include "runtime/base/helper.h"

/* Only with one thread. As root it becomes that user first, where one is named. Ended by
 * helper_stop. */
MUST_USE int fetcher_start(const char *user, struct helper *out);
/* A child that waits for its request: its socket, which the caller closes to end it. */
MUST_USE int fetcher_child(const struct helper *fetcher, int *fd_out);

#endif

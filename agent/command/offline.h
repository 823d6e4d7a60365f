/* Commands that need no agent: they read a state from disk and check it themselves. */
#ifndef AGENT_COMMAND_OFFLINE_H
#define AGENT_COMMAND_OFFLINE_H

#include "schema/checker.h"

#include <stdio.h>

struct offline_state {
	struct arena *arena; /* the files' bytes */
	struct checked checked;
	/* The state could not even be collected: a diagnostic without a place. */
	bool unread;
};

/* Reads and checks the state at `paths`; true where it has no errors. Ends by
 * offline_deinit in either case. */
MUST_USE bool offline_read(
		const char *const *paths, size_t count, struct offline_state *out);
void offline_deinit(struct offline_state *state);

/* Prints diagnostics to a stream, as text. */
void offline_print(const struct diagnostics *d, FILE *to);

#endif

/* The people of `trust` whose commits count, with their keys as the lists say now. */
#ifndef AGENT_GIT_PERSONS_H
#define AGENT_GIT_PERSONS_H

#include "agent/git/trust.h"

struct agent_file;

enum {
	PERSONS_OK = 0,
	PERSONS_E_UNREADABLE = 1, /* *why_out says which list, and why */
};

/* Nobody is trusted where one list cannot be read: what it took away would be forgotten. All
 * lives in the arena. */
MUST_USE int persons_read(const struct agent_file *file, struct arena *arena,
		struct trust_person **out, size_t *count_out, struct view *why_out);

#endif

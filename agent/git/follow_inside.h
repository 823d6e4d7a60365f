/* The insides of follow.h, for the files that make it up. */
#ifndef AGENT_GIT_FOLLOW_INSIDE_H
#define AGENT_GIT_FOLLOW_INSIDE_H

#include "agent/database/source.h"
#include "agent/git/follow.h"
#include "agent/git/sync.h"
#include "schema/agent_file.h"

enum {
	SHORT_ID = 7,
};

/* Why the last sync brought nothing, while that is not a matter of one commit. */
struct failure {
	const char *reason; /* NULL: it went well */
	char *message;
	walltime since;
	unsigned count;
};

struct follow {
	struct agent *agent;
	const struct agent_file *file;
	struct sync *sync;
	char *folder;
	nstime due;
	nstime asked_at;  /* the last time; 0: never */
	bool hinted;      /* while one ran */
	bool detached;    /* nothing is taken, nobody is asked */
	bool judged_here; /* the state that was refused last */
	uint64_t rounds;  /* syncs that ended */
	walltime seen_at; /* the last that reached the repository */
	struct failure failure;
	struct arena *revoked; /* what the sync that runs knows of revocations */
};

#endif

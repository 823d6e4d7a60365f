/* Writes the first files of a server: a small commented state, the agent's own file, the
 * master key, and the recovery kit. Nothing that is there is ever overwritten. */
#ifndef AGENT_SETUP_INIT_H
#define AGENT_SETUP_INIT_H

#include "runtime/base/attr.h"

#include <stddef.h>

struct init_answers {
	const char *dir;       /* where the files go; made where it is missing */
	const char *data;      /* the data directory, as agent.yaml will say */
	const char *domain;    /* example.org */
	const char *host_name; /* mail.example.org */
	const char *user;      /* anna@example.org: the first one, an admin */
	int credential; /* the key reaches the agent as a systemd credential, not by its path */
};

enum {
	INIT_E_EXISTS = 1, /* a file is there already: `path` says which */
};

struct init_failure {
	char path[4096];
};

/* On an outcome or a fault, `failure->path` names the file. Where one is there already nothing
 * is written. What was written before a fault stays. */
MUST_USE int init_write(const struct init_answers *answers, struct init_failure *failure);

#endif

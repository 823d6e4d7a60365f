/* The child that fetches: libgit2 in a process of its own, with nothing of the mail in it.
 *
 * It may write its folder, read whom TLS trusts, and connect; no more (runtime/base/sandbox.h).
 * Its memory, time, files and what it takes from the other side are bounded, and it ends when
 * its socket does. Redirections are not followed; no hook, filter or submodule is looked at;
 * nothing is checked out. */
#ifndef AGENT_GIT_FETCH_CHILD_H
#define AGENT_GIT_FETCH_CHILD_H

#include "agent/git/fetch_wire.h"

enum {
	FETCH_SECONDS = 600,           /* the longest life of a child */
	FETCH_OBJECTS = 1000 * 1000,   /* in one fetch (attacks G03) */
	FETCH_BYTES = 256 << 20,       /* of a pack */
	FETCH_OBJECT_BYTES = 64 << 20, /* of one object, unpacked */
	FETCH_BLOB_MAX = 4 << 20,      /* of an object that is read: a file of a state */
};

/* Serves one request over `fd`, and returns when the other side has closed it. */
void fetch_child(int fd);

#endif

/* What ssh-keygen and git made (make-vectors), by file name. */
#ifndef TESTS_AGENT_GIT_VECTORS_H
#define TESTS_AGENT_GIT_VECTORS_H

#include "runtime/base/arena.h"

/* The folder: the test's first argument. */
extern const char *vectors;

/* The whole file; fails the test where it is not there. */
struct view vector(struct arena *arena, const char *name);
/* The blob of a file NAME.pub. */
struct view vector_key(struct arena *arena, const char *name);

#endif

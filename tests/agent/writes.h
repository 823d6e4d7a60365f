/* The writes of the databases, one of which may be the last: it is cut in half and ends the
 * process, or finds the disk full. Other moments count as writes where a test says so. */
#ifndef TESTS_AGENT_WRITES_H
#define TESTS_AGENT_WRITES_H

#include <stdatomic.h>
#include <stdbool.h>

enum {
	WRITES_KILLED = 99, /* the exit code */
};

extern atomic_long writes_left;         /* 0: nothing happens to them */
extern atomic_bool writes_find_no_room; /* from then on; else that one ends the process */

/* Once, before the first database is opened. */
void writes_watch(void);
/* For probe_boundary: the moments before and after a call count, and what is out is let
 * come to its end before the process does. */
void writes_boundary(int after);

#endif

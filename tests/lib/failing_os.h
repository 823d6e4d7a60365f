/* The real system, with a disk whose n-th call fails. Calls that change or flush
 * something count: open, write, sync, truncate, rename, unlink, sync of a directory. */
#ifndef TESTS_LIB_FAILING_OS_H
#define TESTS_LIB_FAILING_OS_H

#include "runtime/base/os.h"

#include <pthread.h>

struct failing_os {
	struct os os;
	pthread_mutex_t lock;
	long fail_at;   /* 1: the next call; 0: none */
	bool from_then; /* all later ones as well */
	int error;      /* negative errno */
	long calls;
	long syncs; /* sync_data that were asked for */
	/* Called, where it is set, at the start of each sync_data. */
	void (*before_sync)(void *arg);
	void *arg;
};

void failing_os_init(struct failing_os *f);
/* Counts from now. */
void failing_os_arm(struct failing_os *f, long fail_at, int error, bool from_then);

#endif

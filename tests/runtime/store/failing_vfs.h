/* A VFS over unix-excl whose disk fails at the n-th call that changes it. */
#ifndef TESTS_RUNTIME_STORE_FAILING_VFS_H
#define TESTS_RUNTIME_STORE_FAILING_VFS_H

#include <stdbool.h>

#define FAILING_VFS "failing"

enum failure {
	FAIL_WRITE, /* the call fails and does nothing */
	FAIL_TORN,  /* a write is done in half, then fails */
	FAIL_FULL,  /* no room */
	FAIL_DEAD,  /* this call and all later ones fail */
	FAIL_KILL,  /* the process ends here, as by SIGKILL */
};

/* Registers it at the first use; counts from here. nth == 0: none fails. */
void failing_vfs_arm(enum failure failure, unsigned nth);
/* Whether the n-th call came. */
bool failing_vfs_failed(void);

#endif

/* The data directory and its lock: one agent at a time.
 *
 * The lock is an open-file-description lock on DATA/lock: it dies with the process that
 * holds it, so there is nothing to force open. */
#ifndef AGENT_DATA_DIRECTORY_H
#define AGENT_DATA_DIRECTORY_H

#include "runtime/base/attr.h"

#include <stdbool.h>

enum {
	DATA_OK = 0,
	DATA_E_LOCKED = 1, /* another agent holds it */
};

/* Makes the directory where it is missing, and takes from others what they may do to it. */
MUST_USE int data_directory_make(const char *data);
/* Takes the lock. *fd_out is kept open for as long as the lock shall be held. */
MUST_USE int data_directory_lock(const char *data, int *fd_out);
/* The same without writing: where there is no directory or no lock file there is nothing
 * to lock, and *fd_out is -1. */
MUST_USE int data_directory_lock_unchanged(const char *data, int *fd_out);

/* Whether an agent holds the lock; asked, not taken. */
MUST_USE int data_directory_is_locked(const char *data, bool *out);

/* Copies control.db and its WAL, where they are, into a fresh private directory below the
 * system's temporary one. *path_out is malloc'd. */
MUST_USE int data_directory_copy(const char *data, char **path_out);
/* Removes such a copy, and frees the path. NULL is fine. */
void data_directory_copy_remove(char *path);

/* DATA/NAME, malloc'd. */
MUST_USE char *data_path(const char *data, const char *name);

#endif

/* What is below the engines: files, clocks and random bytes, behind one small table.
 *
 * The real program has one table, os_real(); tests and the simulator have others, whose
 * disk fails at the n-th call and whose time is virtual. SQLite is reached through its
 * VFS instead. All calls return 0 or a length, or a negative errno. EINTR is retried
 * here. Files are opened O_CLOEXEC and O_NOFOLLOW. */
#ifndef BASE_OS_H
#define BASE_OS_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#include <sys/types.h>

struct os {
	void *state;

	nstime (*now)(void *state);
	walltime (*wall)(void *state);
	void (*random)(void *state, void *out, size_t len);

	int (*open)(void *state, const char *path, int flags, mode_t mode);
	/* Whole or not: a short write is an error (-EIO, or -ENOSPC where the disk is
	 * full). */
	int (*write)(void *state, int fd, struct view bytes, off_t at);
	/* The bytes read: fewer than `len` only at the end of the file. */
	ssize_t (*read)(void *state, int fd, void *out, size_t len, off_t at);
	int (*sync_data)(void *state, int fd);
	int (*truncate)(void *state, int fd, off_t size);
	int (*rename)(void *state, const char *from, const char *to);
	int (*unlink)(void *state, const char *path);
	/* Adds the names of what is in a directory, each with a NUL behind it; no "." and
	 * "..". */
	int (*list)(void *state, const char *path, struct buf *out);
	/* fsync of the directory, so that a rename in it lasts. */
	int (*sync_dir)(void *state, const char *path);
	void (*close)(void *state, int fd);
};

const struct os *os_real(void);

/* Reads a whole file of at most `max` bytes into malloc'd memory with a NUL behind it.
 * -EFBIG where it is larger. */
MUST_USE int os_read_file(const struct os *os, const char *path, size_t max, char **out,
		size_t *len_out);

/* Replaces a file with mode `mode` durably: temporary file, fsync, rename, fsync of the
 * directory. */
MUST_USE int os_replace_file(
		const struct os *os, const char *path, struct view bytes, mode_t mode);

/* Makes a directory 0700 unless it is there. -ENOTDIR where something else is. */
MUST_USE int os_make_dir(const char *path);

#endif

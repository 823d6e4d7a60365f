#include "tests/agent/writes.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

atomic_long writes_left;
atomic_bool writes_find_no_room;

static atomic_int calls_out;
static atomic_bool ending;

/* The other threads go no further; what was sent has arrived. */
static void end(void)
{
	ending = true;
	while (calls_out)
		usleep(100);
	_exit(WRITES_KILLED);
}

static bool is_last(void)
{
	while (ending)
		pause();
	return writes_left && --writes_left == 0;
}

static ssize_t cut_write(int fd, const void *bytes, size_t len, off_t at)
{
	if (writes_left == 1 && writes_find_no_room) {
		errno = ENOSPC;
		return -1;
	}
	if (is_last()) {
		if (pwrite(fd, bytes, len / 2, at) < 0)
			_exit(1);
		end();
	}
	return pwrite(fd, bytes, len, at);
}

void writes_watch(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix-excl");

	assert_non_null(vfs);
	assert_int_equal(vfs->xSetSystemCall(
					 vfs, "pwrite", (sqlite3_syscall_ptr)cut_write),
			SQLITE_OK);
	assert_int_equal(vfs->xSetSystemCall(
					 vfs, "pwrite64", (sqlite3_syscall_ptr)cut_write),
			SQLITE_OK);
}

void writes_boundary(int after)
{
	if (after)
		calls_out--;
	if (!writes_find_no_room && is_last())
		end();
	if (!after)
		calls_out++;
}

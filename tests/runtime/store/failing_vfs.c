#include "tests/runtime/store/failing_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <unistd.h>

struct failing_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs *below;
static enum failure how;
static unsigned until, failed;

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct failing_file *)(void *)file)->real;
}

/* True where this call is to fail. */
static bool fails(void)
{
	if (failed && how == FAIL_DEAD)
		return true;
	if (until == 0 || --until > 0)
		return false;
	failed++;
	if (how == FAIL_KILL)
		_exit(9);
	return true;
}

static int failing_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	if (!fails())
		return real(f)->pMethods->xWrite(real(f), bytes, len, at);
	if (how == FAIL_TORN)
		real(f)->pMethods->xWrite(real(f), bytes, len / 2, at);
	return how == FAIL_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int failing_sync(sqlite3_file *f, int flags)
{
	return fails() ? SQLITE_IOERR_FSYNC : real(f)->pMethods->xSync(real(f), flags);
}

static int failing_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return fails() ? SQLITE_IOERR_TRUNCATE
		       : real(f)->pMethods->xTruncate(real(f), size);
}

static int failing_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int failing_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	return real(f)->pMethods->xRead(real(f), out, len, at);
}

static int failing_size(sqlite3_file *f, sqlite3_int64 *out)
{
	return real(f)->pMethods->xFileSize(real(f), out);
}

static int failing_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int failing_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int failing_reserved(sqlite3_file *f, int *out)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int failing_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int failing_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int failing_device(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int failing_shm_map(
		sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	return real(f)->pMethods->xShmMap(real(f), region, size, extend, out);
}

static int failing_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void failing_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int failing_shm_unmap(sqlite3_file *f, int delete)
{
	return real(f)->pMethods->xShmUnmap(real(f), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = failing_close,
	.xRead = failing_read,
	.xWrite = failing_write,
	.xTruncate = failing_truncate,
	.xSync = failing_sync,
	.xFileSize = failing_size,
	.xLock = failing_lock,
	.xUnlock = failing_unlock,
	.xCheckReservedLock = failing_reserved,
	.xFileControl = failing_control,
	.xSectorSize = failing_sector,
	.xDeviceCharacteristics = failing_device,
	.xShmMap = failing_shm_map,
	.xShmLock = failing_shm_lock,
	.xShmBarrier = failing_shm_barrier,
	.xShmUnmap = failing_shm_unmap,
};

static int failing_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
		int *flags_out)
{
	struct failing_file *f = (struct failing_file *)(void *)file;
	int r;

	(void)vfs;
	f->base.pMethods = NULL;
	f->real = (sqlite3_file *)(void *)(f + 1);
	if ((flags & SQLITE_OPEN_CREATE) && !(flags & SQLITE_OPEN_MAIN_DB) && fails())
		return SQLITE_CANTOPEN;
	r = below->xOpen(below, path, f->real, flags, flags_out);
	if (!r)
		f->base.pMethods = &methods;
	return r;
}

static int failing_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	(void)vfs;
	return fails() ? SQLITE_IOERR_DELETE : below->xDelete(below, path, sync);
}

void failing_vfs_arm(enum failure failure, unsigned nth)
{
	static sqlite3_vfs vfs;

	if (!below) {
		below = sqlite3_vfs_find("unix-excl");
		vfs = *below;
		vfs.pNext = NULL;
		vfs.zName = FAILING_VFS;
		vfs.szOsFile = (int)sizeof(struct failing_file) + below->szOsFile;
		vfs.xOpen = failing_open;
		vfs.xDelete = failing_delete;
		sqlite3_vfs_register(&vfs, 0);
	}
	how = failure;
	until = nth;
	failed = 0;
}

bool failing_vfs_failed(void)
{
	return failed > 0;
}

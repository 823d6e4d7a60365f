#include "runtime/store/frozen_file.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

struct frozen_file {
	sqlite3_filename path; /* SQLite's: it lives as long as the file is open */
	sqlite3_file *file;
	uint64_t size;
};

void frozen_file_close(struct frozen_file *f)
{
	if (!f)
		return;
	if (f->file->pMethods)
		f->file->pMethods->xClose(f->file);
	sqlite3_free_filename(f->path);
	free(f->file);
	free(f);
}

int frozen_file_open(const char *path, struct frozen_file **out)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix-excl");
	struct frozen_file *f;
	sqlite3_int64 size = 0;
	int code;

	if (!vfs)
		return fault(-ENOENT);
	if (access(path, F_OK))
		return errno == ENOENT ? FROZEN_E_ABSENT : fault(fault_errno());
	f = xcalloc(1, sizeof(*f));
	f->file = xcalloc(1, (size_t)vfs->szOsFile);
	f->path = sqlite3_create_filename(path, "", "", 0, NULL);
	code = vfs->xOpen(vfs, f->path, f->file,
			SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, NULL);
	if (!code)
		code = f->file->pMethods->xFileSize(f->file, &size);
	f->size = (uint64_t)size;
	if (code) {
		frozen_file_close(f);
		if (access(path, F_OK) && errno == ENOENT)
			return FROZEN_E_ABSENT;
		return fault(-EIO);
	}
	*out = f;
	return 0;
}

uint64_t frozen_file_size(const struct frozen_file *f)
{
	return f->size;
}

int frozen_file_read(struct frozen_file *f, uint64_t at, void *out, size_t len)
{
	int code = f->file->pMethods->xRead(f->file, out, (int)len, (sqlite3_int64)at);

	return code ? fault(-EIO) : 0;
}

#include "agent/database/data_directory.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LONGEST_PATH = 4096,
	COPY_STEP = 256 * 1024,
};

char *data_path(const char *data, const char *name)
{
	CLEANUP(buf_free) struct buf path = BUF_NULL(LONGEST_PATH);

	buf_addf(&path, "%s/%s", data, name);
	if (buf_failed(&path))
		die("the data directory's path is too long");
	return buf_take_z(&path);
}

/* -- the lock -- */

/* Takes the descriptor: it is closed where the lock is another's. */
static int lock(int fd, int *fd_out)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int r = 0;

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
		*fd_out = fd;
		return DATA_OK;
	}
	r = errno == EAGAIN || errno == EACCES ? DATA_E_LOCKED : fault_errno();
	close(fd);
	return r;
}

static int open_lock(const char *data, int flags)
{
	CLEANUP(freep) char *path = data_path(data, "lock");
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

	return fd < 0 ? fault_errno() : fd;
}

static int keep_private(const char *data)
{
	struct stat st;

	if (stat(data, &st))
		return fault_errno();
	if (!S_ISDIR(st.st_mode))
		return fault(-ENOTDIR);
	if ((st.st_mode & 077) == 0)
		return 0;
	return chmod(data, 0700) ? fault_errno() : 0;
}

int data_directory_make(const char *data)
{
	int r = os_make_dir(data);

	return r ? r : keep_private(data);
}

int data_directory_lock(const char *data, int *fd_out)
{
	int r = open_lock(data, O_CREAT);

	return r < 0 ? r : lock(r, fd_out);
}

int data_directory_lock_unchanged(const char *data, int *fd_out)
{
	int r = open_lock(data, 0);

	if (r == -ENOENT) {
		*fd_out = -1;
		return DATA_OK;
	}
	return r < 0 ? r : lock(r, fd_out);
}

int data_directory_is_locked(const char *data, bool *out)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_lock(data, 0), r;

	*out = false;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = fcntl(fd, F_OFD_GETLK, &whole) ? fault_errno() : 0;
	*out = r == 0 && whole.l_type != F_UNLCK;
	close(fd);
	return r;
}

/* -- a copy to read -- */

static int copy_bytes(int from, int to)
{
	CLEANUP(freep) char *step = xmalloc(COPY_STEP);
	ssize_t n;

	while ((n = read(from, step, COPY_STEP)) > 0)
		for (ssize_t done = 0; done < n;) {
			ssize_t m = write(to, step + done, (size_t)(n - done));

			if (m < 0)
				return fault_errno();
			done += m;
		}
	return n < 0 ? fault_errno() : 0;
}

/* Under its own name, whichever folder it lies in. */
static int copy_file(const char *data, const char *directory, const char *name)
{
	const char *slash = strrchr(name, '/');
	CLEANUP(freep) char *source = data_path(data, name);
	CLEANUP(freep) char *target = data_path(directory, slash ? slash + 1 : name);
	int from = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to, r;

	if (from < 0)
		return errno == ENOENT ? 0 : fault_errno();
	to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = to < 0 ? fault_errno() : copy_bytes(from, to);
	close(from);
	if (to >= 0)
		close(to);
	return r;
}

static const char *const copied[] = { "control.db", "control.db-wal", "accounts/deeds.db",
	"accounts/deeds.db-wal" };

/* control.db first would lose a checkpoint between the two; the lock rules that out. */
int data_directory_copy(const char *data, char **path_out)
{
	const char *temporary = getenv("TMPDIR");
	char *path = data_path(temporary ? temporary : "/tmp", "posthus-plan-XXXXXX");
	int r = 0;

	if (!mkdtemp(path)) {
		r = fault_errno();
		free(path);
		return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(copied) && r == 0; i++)
		r = copy_file(data, path, copied[i]);
	if (r) {
		data_directory_copy_remove(path);
		return r;
	}
	*path_out = path;
	return 0;
}

void data_directory_copy_remove(char *path)
{
	static const char *const names[] = { "control.db", "control.db-wal",
		"control.db-journal", "control.db-shm", "deeds.db", "deeds.db-wal",
		"deeds.db-journal", "deeds.db-shm" };

	if (!path)
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(freep) char *file = data_path(path, names[i]);

		unlink(file);
	}
	rmdir(path);
	free(path);
}

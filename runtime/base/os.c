#include "runtime/base/os.h"

#include "runtime/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static nstime real_now(void *state)
{
	(void)state;
	return clock_now();
}

static walltime real_wall(void *state)
{
	(void)state;
	return clock_wall();
}

static void real_random(void *state, void *out, size_t len)
{
	unsigned char *p = out;

	(void)state;
	while (len) {
		ssize_t got = getrandom(p, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("the system has no random bytes");
		p += got;
		len -= (size_t)got;
	}
}

static int real_open(void *state, const char *path, int flags, mode_t mode)
{
	int fd;

	(void)state;
	do
		fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? fault_errno() : fd;
}

static int real_write(void *state, int fd, struct view bytes, off_t at)
{
	(void)state;
	while (bytes.len) {
		ssize_t n = pwrite(fd, bytes.data, bytes.len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno();
		if (n == 0)
			return -EIO;
		bytes = view_from(bytes, (size_t)n);
		at += n;
	}
	return 0;
}

static ssize_t real_read(void *state, int fd, void *out, size_t len, off_t at)
{
	size_t done = 0;

	(void)state;
	while (done < len) {
		ssize_t n = pread(fd, (char *)out + done, len - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno();
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int real_sync_data(void *state, int fd)
{
	(void)state;
	return fdatasync(fd) ? fault_errno() : 0;
}

static int real_truncate(void *state, int fd, off_t size)
{
	(void)state;
	return ftruncate(fd, size) ? fault_errno() : 0;
}

static int real_rename(void *state, const char *from, const char *to)
{
	(void)state;
	return rename(from, to) ? fault_errno() : 0;
}

static int real_unlink(void *state, const char *path)
{
	(void)state;
	return unlink(path) ? fault_errno() : 0;
}

static int real_list(void *state, const char *path, struct buf *out)
{
	int fd = real_open(state, path, O_RDONLY | O_DIRECTORY, 0);
	struct dirent *entry;
	DIR *folder;
	int r;

	if (fd < 0)
		return fd;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return fault_errno();
	}
	while ((errno = 0, entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		buf_add(out, (struct view){ entry->d_name, strlen(entry->d_name) + 1 });
	}
	r = errno ? fault_errno() : 0;
	closedir(folder);
	return r;
}

static int real_sync_dir(void *state, const char *path)
{
	int fd = real_open(state, path, O_RDONLY | O_DIRECTORY, 0);
	int r;

	if (fd < 0)
		return fd;
	r = fsync(fd) ? fault_errno() : 0;
	close(fd);
	return r;
}

static void real_close(void *state, int fd)
{
	(void)state;
	close(fd);
}

const struct os *os_real(void)
{
	static const struct os real = {
		.now = real_now,
		.wall = real_wall,
		.random = real_random,
		.open = real_open,
		.write = real_write,
		.read = real_read,
		.sync_data = real_sync_data,
		.truncate = real_truncate,
		.rename = real_rename,
		.unlink = real_unlink,
		.list = real_list,
		.sync_dir = real_sync_dir,
		.close = real_close,
	};

	return &real;
}

int os_read_file(const struct os *os, const char *path, size_t max, char **out,
		size_t *len_out)
{
	int fd = os->open(os->state, path, O_RDONLY, 0);
	CLEANUP(freep) char *bytes = NULL;
	size_t capacity = 0, len = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		array_grow(&bytes, &capacity, len + 4096, 1);
		n = os->read(os->state, fd, bytes + len, capacity - len - 1, (off_t)len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 && len <= max);
	os->close(os->state, fd);
	if (n < 0)
		return (int)n;
	if (len > max)
		return -EFBIG;
	bytes[len] = '\0';
	*out = TAKE(bytes);
	*len_out = len;
	return 0;
}

static int sync_parent(const struct os *os, const char *path)
{
	size_t slash = view_find_last(view_z(path), '/');
	CLEANUP(freep) char *parent = NULL;

	if (slash == strlen(path))
		return os->sync_dir(os->state, ".");
	parent = xstrndup(path, slash ? slash : 1);
	return os->sync_dir(os->state, parent);
}

int os_replace_file(const struct os *os, const char *path, struct view bytes, mode_t mode)
{
	CLEANUP(freep) char *temporary = NULL;
	int fd, r;

	if (asprintf(&temporary, "%s.tmp", path) < 0)
		die("out of memory");
	fd = os->open(os->state, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
			mode);
	if (fd < 0)
		return fd;
	r = fchmod(fd, mode) ? fault_errno() : 0; /* whatever the umask is */
	if (!r)
		r = os->write(os->state, fd, bytes, 0);
	if (!r)
		r = os->sync_data(os->state, fd);
	os->close(os->state, fd);
	if (!r)
		r = os->rename(os->state, temporary, path);
	if (!r)
		return sync_parent(os, path);
	os->unlink(os->state, temporary);
	return r;
}

int os_make_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != EEXIST || stat(path, &st))
		return fault_errno();
	return S_ISDIR(st.st_mode) ? 0 : fault(-ENOTDIR);
}

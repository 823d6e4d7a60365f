/* A directory of the machine: a disk of its own, a mount. Each object is written beside its
 * place, flushed and renamed; the folder is flushed behind it. */
#include "agent/backup/target_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STALE_S = 86400, /* what a crash left half written goes then */
	NO_MODE_OF_OTHERS = 0600,
};

struct directory {
	int fd;
	char *path;
};

static struct directory *own(struct target *target)
{
	return target->own;
}

static int say(const struct target *target, int error, const char *doing,
		struct target_trouble *trouble)
{
	const struct directory *d = target->own;

	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return target_failed(trouble, "DiskFull",
				"%s has no room left (%s): free some, or let fewer "
				"copies "
				"stay by `keep`",
				d->path, strerror(error));
	case EACCES:
	case EPERM:
	case EROFS:
		target_failed(trouble, "Forbidden", "%s: %s: %s", d->path, doing,
				strerror(error));
		return TARGET_E_REFUSED;
	case ENOENT:
		target_failed(trouble, "PlaceMissing", "%s: %s: %s", d->path, doing,
				strerror(error));
		return TARGET_E_ABSENT;
	default:
		return target_failed(trouble, "ConnectionLost",
				"%s: %s: %s: look at the disk or the mount, and at the "
				"system's log",
				d->path, doing, strerror(error));
	}
}

/* A mount that went leaves an empty directory of another device, or none. */
static int still_there(struct target *target, struct target_trouble *trouble)
{
	const struct directory *d = own(target);
	struct stat held, named;

	if (fstat(d->fd, &held) == 0 && stat(d->path, &named) == 0 &&
			held.st_dev == named.st_dev && held.st_ino == named.st_ino)
		return TARGET_OK;
	return target_failed(trouble, "PlaceMissing",
			"%s is not the directory any more that it was when this began: "
			"nothing is written beside a mount that is gone",
			d->path);
}

static char *name_z(struct view name, char out[TARGET_NAME_MAX + 1])
{
	memcpy(out, name.data, name.len);
	out[name.len] = '\0';
	return out;
}

static bool folder_z(struct view name, char out[TARGET_NAME_MAX + 1])
{
	size_t slash = view_find(name, '/');

	if (slash == name.len)
		return false;
	name_z(view_sub(name, 0, slash), out);
	return true;
}

static int directory_open(struct target *target, struct target_trouble *trouble)
{
	struct directory *d = xcalloc(1, sizeof(*d));

	target->own = d;
	d->path = xstrndup(target->place->directory.data, target->place->directory.len);
	d->fd = open(d->path, O_DIRECTORY | O_CLOEXEC);
	if (d->fd >= 0)
		return TARGET_OK;
	if (errno == ENOENT)
		return target_failed(trouble, "PlaceMissing",
				"there is no directory %s: make it, or mount what "
				"belongs "
				"there",
				d->path);
	return say(target, errno, "open", trouble);
}

static void directory_close(struct target *target)
{
	struct directory *d = own(target);

	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d);
	target->own = NULL;
}

static int flush(int fd)
{
	return fsync(fd) == 0 ? 0 : errno;
}

/* Makes the folder of a name, durably, where it is not there. */
static int make_folder(const struct directory *d, struct view name)
{
	char folder[TARGET_NAME_MAX + 1];

	if (!folder_z(name, folder) || faccessat(d->fd, folder, F_OK, 0) == 0)
		return 0;
	if (mkdirat(d->fd, folder, 0700) && errno != EEXIST)
		return errno;
	return flush(d->fd);
}

static int flush_folder(const struct directory *d, struct view name)
{
	char folder[TARGET_NAME_MAX + 1];
	int fd, error;

	if (!folder_z(name, folder))
		return flush(d->fd);
	fd = openat(d->fd, folder, O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	error = flush(fd);
	close(fd);
	return error;
}

static int write_part(const struct directory *d, const char *part, struct view bytes)
{
	int fd = openat(d->fd, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			NO_MODE_OF_OTHERS);
	int error;

	if (fd < 0)
		return errno;
	error = -os_real()->write(NULL, fd, bytes, 0);
	if (!error)
		error = flush(fd);
	if (close(fd) && !error)
		error = errno;
	return error;
}

static int directory_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble)
{
	const struct directory *d = own(target);
	CLEANUP(buf_free) struct buf part = BUF_NULL(2 * TARGET_NAME_MAX);
	char place[TARGET_NAME_MAX + 1];
	int r = still_there(target, trouble), error;

	if (r)
		return r;
	target_part_name(name, &part);
	buf_add_byte(&part, '\0');
	error = make_folder(d, name);
	if (!error)
		error = write_part(d, part.data, bytes);
	if (!error && renameat(d->fd, part.data, d->fd, name_z(name, place)))
		error = errno;
	if (!error)
		error = flush_folder(d, name);
	if (error) {
		unlinkat(d->fd, part.data, 0);
		r = still_there(target, trouble);
		return r ? r : say(target, error, "write", trouble);
	}
	return still_there(target, trouble);
}

static int directory_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble)
{
	const struct directory *d = own(target);
	char place[TARGET_NAME_MAX + 1];
	int fd = openat(d->fd, name_z(name, place), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat stat;
	ssize_t got;
	char *room;

	if (fd < 0)
		return say(target, errno, "open", trouble);
	if (fstat(fd, &stat)) {
		close(fd);
		return say(target, errno, "read", trouble);
	}
	if (at > (uint64_t)stat.st_size)
		at = (uint64_t)stat.st_size;
	if (len > (uint64_t)stat.st_size - at)
		len = (uint64_t)stat.st_size - at;
	room = buf_room(out, len);
	if (!room) {
		close(fd);
		return target_failed(trouble, "Refused", "%.*s is larger than it may be",
				VIEW_ARG(name));
	}
	got = os_real()->read(NULL, fd, room, len, (off_t)at);
	close(fd);
	if (got < 0)
		return say(target, (int)-got, "read", trouble);
	buf_grown(out, (size_t)got);
	return TARGET_OK;
}

static int directory_remove(
		struct target *target, struct view name, struct target_trouble *trouble)
{
	const struct directory *d = own(target);
	char place[TARGET_NAME_MAX + 1];

	if (unlinkat(d->fd, name_z(name, place), 0))
		return say(target, errno, "remove", trouble);
	return TARGET_OK;
}

static int list_file(struct target *target, int fd, struct view folder, const char *file,
		struct target_listing *out, struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(2 * TARGET_NAME_MAX + NAME_MAX);
	struct stat stat;

	if (fstatat(fd, file, &stat, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? TARGET_OK : say(target, errno, "list", trouble);
	if (target_is_part(view_z(file))) {
		if (stat.st_mtime < clock_wall() - STALE_S)
			unlinkat(fd, file, 0);
		return TARGET_OK;
	}
	if (!S_ISREG(stat.st_mode) || *file == '.')
		return TARGET_OK;
	buf_add(&name, folder);
	buf_add_z(&name, file);
	return target_listing_add(out, buf_view(&name), (uint64_t)stat.st_size, trouble);
}

static int directory_list(struct target *target, struct view folder,
		struct target_listing *out, struct target_trouble *trouble)
{
	const struct directory *d = own(target);
	char place[TARGET_NAME_MAX + 1];
	int fd = openat(d->fd, folder_z(folder, place) ? place : ".",
			O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = still_there(target, trouble);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0 && errno == ENOENT)
		return r; /* none yet */
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return say(target, errno, "list", trouble);
	while (r == TARGET_OK && (errno = 0, entry = readdir(dir)))
		r = list_file(target, fd, folder, entry->d_name, out, trouble);
	if (r == TARGET_OK && errno)
		r = say(target, errno, "list", trouble);
	closedir(dir);
	return r;
}

const struct target_methods target_directory_methods = {
	.open = directory_open,
	.close = directory_close,
	.put = directory_put,
	.get = directory_get,
	.remove = directory_remove,
	.list = directory_list,
};

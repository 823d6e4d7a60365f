#include "agent/watch.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
	QUIET_SECONDS = 2
};

struct watch {
	int fd;
	const char *const *paths;
	size_t count;
	nstime quiet_at; /* NSTIME_NEVER: nothing has changed */
};

static const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE |
			       IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;

/* A file is watched by its directory: editors replace files by renaming. */
static int add_parent(struct watch *watch, const char *path)
{
	size_t slash = view_find_last(view_z(path), '/');
	CLEANUP(freep) char *parent = xstrndup(path, slash ? slash : 1);

	return inotify_add_watch(watch->fd, slash == strlen(path) ? "." : parent,
			       events) < 0
			       ? fault_errno()
			       : 0;
}

/* All directories below a path; those that are watched already stay so. */
static int add_tree(struct watch *watch, const char *path)
{
	char *roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int r = 0;

	if (!tree)
		return fault_errno();
	while (!r && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D &&
				inotify_add_watch(watch->fd, entry->fts_path, events) < 0)
			r = fault_errno();
		else if (entry->fts_info == FTS_F && entry->fts_level == 0)
			r = add_parent(watch, path);
	}
	fts_close(tree);
	return r;
}

static int add_paths(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		int r = add_tree(watch, watch->paths[i]);

		if (r)
			return r;
	}
	return 0;
}

int watch_open(const char *const *paths, size_t count, struct watch **out)
{
	CLEANUP(watch_freep) struct watch *watch = xcalloc(1, sizeof(*watch));
	int r;

	*watch = (struct watch){ -1, paths, count, NSTIME_NEVER };
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return fault_errno();
	r = add_paths(watch);
	if (r)
		return fault(r);
	*out = TAKE(watch);
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}

void watch_freep(struct watch **watch)
{
	watch_free(*watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

void watch_read(struct watch *watch, nstime now)
{
	char bytes[4096];
	bool changed = false;

	while (read(watch->fd, bytes, sizeof(bytes)) > 0)
		changed = true;
	if (!changed)
		return;
	watch->quiet_at = now + nstime_seconds(QUIET_SECONDS);
	/* A new directory is watched from now on; one that has gone is no loss. */
	(void)add_paths(watch);
}

nstime watch_deadline(const struct watch *watch)
{
	return watch->quiet_at;
}

bool watch_settled(struct watch *watch, nstime now)
{
	if (now < watch->quiet_at)
		return false;
	watch->quiet_at = NSTIME_NEVER;
	return true;
}

/* Every folder of a state is watched, and beside it the folder that holds each path that was
 * named: a file that is replaced by renaming, and a path that goes and comes back, are
 * noticed there. In such a folder only that one name counts. */
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

/* A path that was named, as the folder around it sees it. */
struct root {
	int parent; /* its watch; -1: there is no such folder */
	char *parent_path;
	char *name;
};

struct watch {
	int fd;
	const char *const *paths;
	struct root *roots; /* one a path */
	size_t count;
	int *folders; /* watches of all that is at and below the paths */
	size_t folder_count;
	size_t folder_capacity;
	nstime quiet_at; /* NSTIME_NEVER: nothing has changed */
};

static const uint32_t events = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO |
			       IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |
			       IN_ATTRIB;

/* -- what is watched -- */

static size_t find_folder(const struct watch *watch, int wd)
{
	size_t i = 0;

	while (i < watch->folder_count && watch->folders[i] != wd)
		i++;
	return i;
}

/* What has gone again in the meantime is no fault: its own folder says so. */
static int watch_path(const struct watch *watch, const char *path, int *wd_out)
{
	*wd_out = inotify_add_watch(watch->fd, path, events | IN_ONLYDIR);
	if (*wd_out >= 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return fault_errno();
}

static int add_folder(struct watch *watch, const char *path)
{
	int wd, r = watch_path(watch, path, &wd);

	if (r || wd < 0 || find_folder(watch, wd) < watch->folder_count)
		return r;
	array_grow(&watch->folders, &watch->folder_capacity, watch->folder_count + 1,
			sizeof(*watch->folders));
	watch->folders[watch->folder_count++] = wd;
	return 0;
}

/* All folders at and below a path; those that are watched already stay so. */
static int add_tree(struct watch *watch, const char *path)
{
	char *roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int r = 0;

	if (!tree)
		return fault_errno();
	while (!r && (entry = fts_read(tree))) {
		if (entry->fts_info != FTS_D)
			continue;
		if (entry->fts_level > 0 && entry->fts_name[0] == '.')
			fts_set(tree, entry, FTS_SKIP);
		else
			r = add_folder(watch, entry->fts_path);
	}
	fts_close(tree);
	return r;
}

static int add_paths(struct watch *watch)
{
	int r = 0;

	for (size_t i = 0; i < watch->count && !r; i++) {
		r = watch_path(watch, watch->roots[i].parent_path,
				&watch->roots[i].parent);
		if (!r)
			r = add_tree(watch, watch->paths[i]);
	}
	return r;
}

/* "state/mail.yaml" is mail.yaml in state, "state/" is state in the current folder. */
static void split_path(const char *path, struct root *out)
{
	struct view whole = view_z(path), parent = VIEW(".");
	size_t slash;

	while (whole.len > 1 && view_ends(whole, VIEW("/")))
		whole.len--;
	slash = view_find_last(whole, '/');
	if (slash < whole.len) {
		parent = view_sub(whole, 0, slash ? slash : 1);
		whole = view_from(whole, slash + 1);
	}
	out->parent_path = xstrndup(parent.data, parent.len);
	out->name = xstrndup(whole.data, whole.len);
}

int watch_open(const char *const *paths, size_t count, struct watch **out)
{
	CLEANUP(watch_freep) struct watch *watch = xcalloc(1, sizeof(*watch));
	int r;

	*watch = (struct watch){
		.fd = -1, .paths = paths, .count = count, .quiet_at = NSTIME_NEVER
	};
	watch->roots = xcalloc(count, sizeof(*watch->roots));
	for (size_t i = 0; i < count; i++)
		split_path(paths[i], &watch->roots[i]);
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
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->roots[i].parent_path);
		free(watch->roots[i].name);
	}
	free(watch->roots);
	free(watch->folders);
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

/* -- what happens -- */

/* A state's hidden files are no part of it: an editor's swap file, the insides of Git. */
static bool matters(struct watch *watch, const struct inotify_event *event)
{
	size_t folder = find_folder(watch, event->wd);

	if (event->mask & IN_Q_OVERFLOW)
		return true;
	if (folder < watch->folder_count && event->mask & IN_IGNORED) {
		watch->folders[folder] = watch->folders[--watch->folder_count];
		return true;
	}
	if (folder < watch->folder_count && (!event->len || event->name[0] != '.'))
		return true;
	for (size_t i = 0; i < watch->count && event->len; i++)
		if (watch->roots[i].parent == event->wd &&
				strcmp(watch->roots[i].name, event->name) == 0)
			return true;
	return false;
}

void watch_read(struct watch *watch, nstime now)
{
	_Alignas(struct inotify_event) char bytes[4096];
	bool changed = false;
	ssize_t n;

	while ((n = read(watch->fd, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *event = (const void *)at;

			changed |= matters(watch, event);
			at += sizeof(*event) + event->len;
		}
	}
	if (!changed)
		return;
	watch->quiet_at = now + nstime_seconds(QUIET_SECONDS);
	/* A new folder is watched from now on. Where no more can be watched, what was
	 * watched before still is. */
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

#include "schema/collect.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The walk is a list of paths still to be visited: a directory puts its entries in its
 * place, in the order of their names. */
struct walk {
	struct arena *arena;
	struct collection *out;
	char **paths; /* a stack; in the arena */
	size_t count;
	size_t capacity;
	size_t file_capacity;
	size_t visited;
	uint64_t total;
};

PRINTF_LIKE(3, 4)
static int stop(struct walk *w, enum diagnostic_name problem, const char *format, ...)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(16 * 1024);
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	w->out->problem = problem;
	w->out->message = arena_copy(w->arena, buf_view(&text));
	return COLLECT_E_PROBLEM;
}

static void push(struct walk *w, char *path)
{
	array_grow(&w->paths, &w->capacity, w->count + 1, sizeof(*w->paths));
	w->paths[w->count++] = path;
}

static bool is_yaml(struct view name)
{
	return view_ends(name, VIEW(".yaml")) || view_ends(name, VIEW(".yml"));
}

/* Backwards, so that the stack gives them forwards. */
static int by_name_backwards(const void *left, const void *right)
{
	return -strcmp(*(char *const *)left, *(char *const *)right);
}

static int visit_directory(struct walk *w, int fd, const char *path)
{
	struct view folder = view_z(path);
	size_t first = w->count;
	DIR *directory = fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		close(fd);
		return stop(w, UNREADABLE_FILE, "%s: %s", path, strerror(errno));
	}
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		push(w, arena_copy_z(w->arena,
					arena_printf(w->arena, "%.*s%s%s",
							VIEW_ARG(folder),
							view_ends(folder, VIEW("/"))
									? ""
									: "/",
							entry->d_name)));
		if (w->count > 10 * limit_value(LIMIT_STATE_FILES))
			break;
	}
	closedir(directory);
	qsort(w->paths + first, w->count - first, sizeof(*w->paths), by_name_backwards);
	return 0;
}

static int read_whole(struct walk *w, int fd, const char *path, size_t size)
{
	char *bytes = arena_alloc(w->arena, size + 1);
	struct source_file *file;
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, bytes + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return stop(w, UNREADABLE_FILE, "%s: %s", path, strerror(errno));
		if (n == 0)
			break;
		have += (size_t)n;
	}
	array_grow(&w->out->files, &w->file_capacity, w->out->count + 1, sizeof(*file));
	file = &w->out->files[w->out->count++];
	file->path = view_z(path);
	file->bytes = view_of(bytes, have);
	return 0;
}

static int visit_file(struct walk *w, int fd, const char *path, const struct stat *info)
{
	uint64_t size = (uint64_t)info->st_size;
	int r;

	w->total += size;
	if (size > limit_value(LIMIT_STATE_FILE))
		r = stop(w, FILE_TOO_LARGE,
				"%s has %llu bytes; a file of a state has at "
				"most %llu",
				path, (unsigned long long)size,
				(unsigned long long)limit_value(LIMIT_STATE_FILE));
	else if (w->total > limit_value(LIMIT_STATE_TOTAL))
		r = stop(w, STATE_TOO_LARGE,
				"with %s the files have %llu bytes; a state has at most "
				"%llu",
				path, (unsigned long long)w->total,
				(unsigned long long)limit_value(LIMIT_STATE_TOTAL));
	else if (w->out->count == limit_value(LIMIT_STATE_FILES))
		r = stop(w, TOO_MANY_FILES,
				"%s is one file too many; a state has at most "
				"%llu",
				path, (unsigned long long)limit_value(LIMIT_STATE_FILES));
	else
		r = read_whole(w, fd, path, (size_t)size);
	close(fd);
	return r;
}

/* What the user named is followed and must be readable; what a directory holds is taken
 * only where it is a YAML file or a directory. */
static int visit(struct walk *w, const char *path, bool named)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (named ? 0 : O_NOFOLLOW));
	struct stat info;

	if (fd < 0 && !named && (errno == ELOOP || !is_yaml(view_z(path))))
		return 0;
	if (fd < 0)
		return stop(w, UNREADABLE_FILE, "%s: %s", path, strerror(errno));
	if (fstat(fd, &info) < 0) {
		close(fd);
		return stop(w, UNREADABLE_FILE, "%s: %s", path, strerror(errno));
	}
	if (S_ISDIR(info.st_mode))
		return visit_directory(w, fd, path);
	if (S_ISREG(info.st_mode) && (named || is_yaml(view_z(path))))
		return visit_file(w, fd, path, &info);
	close(fd);
	return named ? stop(w, UNREADABLE_FILE, "%s is neither a file nor a directory",
				       path)
		     : 0;
}

int collect_files(struct arena *arena, const char *const *paths, size_t count,
		struct collection *out)
{
	struct walk w = { .arena = arena, .out = out };
	struct source_file *kept;
	int r = COLLECT_OK;

	*out = (struct collection){ 0 };
	for (size_t i = 0; i < count && !r; i++) {
		r = visit(&w, arena_copy_z(arena, view_z(paths[i])), true);
		while (w.count && !r)
			r = visit(&w, w.paths[--w.count], false);
	}
	free(w.paths);
	kept = arena_array(arena, out->count, sizeof(*kept));
	if (out->count)
		memcpy(kept, out->files, out->count * sizeof(*kept));
	free(out->files);
	out->files = kept;
	if (!r && out->count == 0)
		r = stop(&w, NO_FILES, "there is no *.yaml or *.yml file in %s",
				count ? paths[0] : "an empty list of paths");
	return r;
}

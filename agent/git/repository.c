#include "agent/git/repository.h"

#include "agent/git/fetch_child.h"
#include "agent/git/fetcher.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	MESSAGE_MAX = 1024
};

PRINTF_LIKE(3, 4)
static int failed(struct repository *r, const char *reason, const char *format, ...)
{
	va_list args;

	r->reason = reason;
	buf_clear(&r->message);
	va_start(args, format);
	buf_vaddf(&r->message, format, args);
	va_end(args);
	return REPOSITORY_E_FAILED;
}

static int frame_failed(struct repository *r, int outcome)
{
	switch (outcome) {
	case FRAME_E_LATE:
		return failed(r, "Timeout", "no answer came within %llu seconds",
				(unsigned long long)r->seconds);
	case FRAME_E_ENDED:
		if (clock_now() >= r->deadline - nstime_seconds(1))
			return frame_failed(r, FRAME_E_LATE);
		return failed(r, "ConnectionLost",
				"the child that fetches ended: its time, its memory or "
				"what "
				"it may do was not enough");
	default:
		return failed(r, "InternalError",
				"the child that fetches talks nonsense");
	}
}

/* -- fetching -- */

/* The words that a child may give; it is not trusted with others. */
static const char *reason_of(struct view word)
{
	static const char *const words[] = { "AuthFailed", "ConnectionFailed",
		"ConnectionLost", "InternalError", "NameNotFound", "PeerUntrusted",
		"RateLimited", "RefNotFound", "Refused", "ServerFailed", "SourceDamaged",
		"SourceTooLarge", "Timeout" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (view_eq(word, view_z(words[i])))
			return words[i];
	return "InternalError";
}

static int receive_tip(struct repository *r)
{
	enum fetch_frame frame;
	int outcome = frame_receive(r->fd, &frame, &r->bytes, r->deadline, r->stopping);
	struct view bytes = buf_view(&r->bytes);
	struct view reason;

	if (outcome)
		return frame_failed(r, outcome);
	if (frame == FRAME_TIP && bytes.len == OBJECT_ID_SIZE) {
		memcpy(r->tip.bytes, bytes.data, OBJECT_ID_SIZE);
		return REPOSITORY_OK;
	}
	if (frame != FRAME_FAILED)
		return frame_failed(r, FRAME_E_FORM);
	reason = view_cut(&bytes, '\n');
	return failed(r, reason_of(reason), "%.*s", VIEW_ARG(bytes));
}

int repository_fetch(const struct helper *fetcher, const struct fetch_request *request,
		const atomic_bool *stopping, struct repository *out)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(FRAME_MAX);
	int r;

	*out = (struct repository){
		.fd = -1,
		.deadline = clock_now() + nstime_seconds((int64_t)request->seconds + 1),
		.seconds = request->seconds,
		.stopping = stopping,
		.bytes = BUF_NULL(FRAME_MAX),
		.message = BUF_NULL(MESSAGE_MAX),
	};
	r = fetcher_child(fetcher, &out->fd);
	if (r)
		return failed(out, "InternalError", "no child can be made to fetch: %s",
				strerrordesc_np(-r));
	fetch_request_write(request, &text);
	r = frame_send(out->fd, FRAME_REQUEST, buf_view(&text), out->deadline, stopping);
	return r ? frame_failed(out, r) : receive_tip(out);
}

void repository_deinit(struct repository *r)
{
	if (r->fd >= 0)
		close(r->fd);
	buf_free(&r->bytes);
	buf_free(&r->message);
}

/* -- objects -- */

static struct view hex(const struct object_id *id, char text[OBJECT_ID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < OBJECT_ID_SIZE; i++) {
		text[2 * i] = digits[id->bytes[i] >> 4];
		text[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	return view_of(text, OBJECT_ID_TEXT);
}

int repository_read(struct repository *r, enum git_type type, const struct object_id *id,
		struct view *out)
{
	char text[OBJECT_ID_TEXT];
	struct object_id is;
	enum fetch_frame frame;
	int outcome = frame_send(r->fd, FRAME_READ, view_of(id->bytes, OBJECT_ID_SIZE),
			r->deadline, r->stopping);

	if (!outcome)
		outcome = frame_receive(
				r->fd, &frame, &r->bytes, r->deadline, r->stopping);
	if (outcome)
		return frame_failed(r, outcome);
	if (frame == FRAME_ABSENT)
		return REPOSITORY_E_ABSENT;
	if (frame == FRAME_TOO_LARGE)
		return failed(r, "SourceTooLarge", "the object %.*s is larger than 4 MiB",
				VIEW_ARG(hex(id, text)));
	*out = view_from(buf_view(&r->bytes), 1);
	object_id_of(type, *out, &is);
	if (frame != FRAME_OBJECT || r->bytes.len == 0 ||
			(enum git_type)r->bytes.data[0] != type || !object_id_eq(&is, id))
		return failed(r, "SourceDamaged",
				"the object %.*s is not what its name says",
				VIEW_ARG(hex(id, text)));
	return REPOSITORY_OK;
}

/* -- files: folders are read one after the other, in the order of their names -- */

struct folder {
	struct object_id tree;
	struct view path; /* empty: the root */
	unsigned depth;
};

struct walk {
	struct repository *repository;
	const struct view *folders;
	size_t folder_count;
	struct arena *arena;
	struct folder *todo; /* malloc'd: a stack */
	size_t todo_count, todo_capacity;
	struct source_file *files; /* malloc'd, until the end */
	size_t count, capacity;
	uint64_t total;
};

static void walk_deinit(struct walk *w)
{
	free(w->todo);
	free(w->files);
}

static void push(struct walk *w, const struct object_id *tree, struct view path,
		unsigned depth)
{
	array_grow(&w->todo, &w->todo_capacity, w->todo_count + 1, sizeof(*w->todo));
	w->todo[w->todo_count++] = (struct folder){ *tree, path, depth };
}

static bool is_below(struct view path, struct view folder)
{
	return view_starts(path, folder) &&
	       (path.len == folder.len || path.data[folder.len] == '/');
}

static struct view folder_name(struct view folder)
{
	while (folder.len && folder.data[folder.len - 1] == '/')
		folder = view_sub(folder, 0, folder.len - 1);
	while (view_starts(folder, VIEW("./")))
		folder = view_from(folder, 2);
	return view_eq(folder, VIEW(".")) ? VIEW_NULL : folder;
}

/* Below one of the folders, or on the way to one. */
static bool is_wanted(const struct walk *w, struct view path, bool folder)
{
	if (w->folder_count == 0)
		return true;
	for (size_t i = 0; i < w->folder_count; i++) {
		struct view wanted = folder_name(w->folders[i]);

		if (wanted.len == 0 || is_below(path, wanted) ||
				(folder && is_below(wanted, path)))
			return true;
	}
	return false;
}

static bool is_state_file(struct view name)
{
	return view_ends(name, VIEW(".yaml")) || view_ends(name, VIEW(".yml"));
}

static int add_file(struct walk *w, const struct git_entry *entry, struct view path)
{
	struct source_file *file;
	struct view bytes;
	int r;

	if (w->count == REPOSITORY_FILES_MAX)
		return failed(w->repository, "SourceTooLarge",
				"more than %d files; a state has at most so many",
				REPOSITORY_FILES_MAX);
	r = repository_read(w->repository, GIT_BLOB, &entry->id, &bytes);
	if (r == REPOSITORY_E_ABSENT)
		return failed(w->repository, "SourceDamaged", "%.*s is missing",
				VIEW_ARG(path));
	if (r)
		return r;
	w->total += bytes.len;
	if (w->total > limit_value(LIMIT_STATE_TOTAL))
		return failed(w->repository, "SourceTooLarge",
				"its files are larger than a state may be, %llu bytes",
				(unsigned long long)limit_value(LIMIT_STATE_TOTAL));
	array_grow(&w->files, &w->capacity, w->count + 1, sizeof(*w->files));
	file = &w->files[w->count++];
	file->path = path;
	file->bytes = arena_copy(w->arena, bytes);
	return REPOSITORY_OK;
}

static int add_entry(struct walk *w, const struct folder *folder,
		const struct git_entry *entry)
{
	struct view path = folder->path.len ? arena_printf(w->arena, "%.*s/%.*s",
							      VIEW_ARG(folder->path),
							      VIEW_ARG(entry->name))
					    : arena_copy(w->arena, entry->name);

	if (entry->name.data[0] == '.' || !is_wanted(w, path, entry->mode == GIT_FOLDER))
		return REPOSITORY_OK;
	switch (entry->mode) {
	case GIT_LINK:
	case GIT_MODULE:
		return failed(w->repository, "SourceHostile",
				"%.*s is a %s; a state is made of files alone",
				VIEW_ARG(path),
				entry->mode == GIT_LINK ? "symbolic link" : "submodule");
	case GIT_FOLDER:
		if (folder->depth + 1 > REPOSITORY_DEPTH_MAX)
			return failed(w->repository, "SourceTooLarge",
					"%.*s lies deeper than %d folders",
					VIEW_ARG(path), REPOSITORY_DEPTH_MAX);
		push(w, &entry->id, path, folder->depth + 1);
		return REPOSITORY_OK;
	case GIT_FILE:
		return is_state_file(entry->name) ? add_file(w, entry, path)
						  : REPOSITORY_OK;
	}
	return REPOSITORY_OK;
}

static int read_folder(struct walk *w, const struct folder *folder)
{
	struct view bytes, rest;
	int r = repository_read(w->repository, GIT_TREE, &folder->tree, &bytes);

	if (r == REPOSITORY_E_ABSENT)
		return failed(w->repository, "SourceDamaged",
				"the folder %.*s is missing", VIEW_ARG(folder->path));
	if (r)
		return r;
	/* Files are read into the same buffer. */
	rest = arena_copy(w->arena, bytes);
	while (r == REPOSITORY_OK && rest.len) {
		struct git_entry entry;
		const char *why;

		if (git_tree_next(&rest, &entry, &why))
			return failed(w->repository, "SourceHostile", "in /%.*s: %s",
					VIEW_ARG(folder->path), why);
		r = add_entry(w, folder, &entry);
	}
	return r;
}

static int by_path(const void *left, const void *right)
{
	return view_compare(((const struct source_file *)left)->path,
			((const struct source_file *)right)->path);
}

int repository_files(struct repository *repository, const struct object_id *tree,
		const struct view *folders, size_t folder_count, struct arena *arena,
		struct source_file **out, size_t *count_out)
{
	CLEANUP(walk_deinit)
	struct walk w = {
		.repository = repository,
		.folders = folders,
		.folder_count = folder_count,
		.arena = arena,
	};

	push(&w, tree, VIEW_NULL, 0);
	while (w.todo_count) {
		struct folder folder = w.todo[--w.todo_count];
		int r = read_folder(&w, &folder);

		if (r)
			return r;
	}
	if (w.count)
		qsort(w.files, w.count, sizeof(*w.files), by_path);
	*out = arena_array(arena, w.count, sizeof(**out));
	if (w.count)
		memcpy(*out, w.files, w.count * sizeof(*w.files));
	*count_out = w.count;
	return REPOSITORY_OK;
}

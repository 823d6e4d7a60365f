/* fetch_once URL REF FOLDER [identity=FILE] [known_hosts=FILE] [authority=FILE] [objects=N] [bytes=N] [seconds=N] [below=FOLDER]
 *
 * Fetches as the agent does, and prints the tip and the files of a state in it, or why not: for scripts that
 * bring up servers. */
#include "agent/git/fetch_child.h"
#include "agent/git/fetcher.h"
#include "agent/git/repository.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	TEXT_MAX = 256 * 1024
};

static struct view file(struct arena *arena, const char *path)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len = 0;

	if (os_read_file(os_real(), path, TEXT_MAX, &bytes, &len))
		die("%s cannot be read", path);
	return arena_copy(arena, view_of(bytes, len));
}

static void take(struct fetch_request *request, struct view *below, struct arena *arena,
		const char *argument)
{
	struct view value = view_z(argument);
	struct view name = view_cut(&value, '=');
	uint64_t number = 0;

	if (view_eq(name, VIEW("identity")))
		request->identity = file(arena, value.data);
	else if (view_eq(name, VIEW("known_hosts")))
		request->known_hosts = file(arena, value.data);
	else if (view_eq(name, VIEW("authority")))
		request->authority = file(arena, value.data);
	else if (view_eq(name, VIEW("below")))
		*below = value;
	else if (!view_to_u64(value, &number))
		die("%s?", argument);
	else if (view_eq(name, VIEW("objects")))
		request->objects = number;
	else if (view_eq(name, VIEW("seconds")))
		request->seconds = number;
	else
		request->bytes = number;
}

static int why_not(const struct repository *repository)
{
	printf("%s: %.*s\n", repository->reason,
			VIEW_ARG(buf_view(&repository->message)));
	return 1;
}

static int print_files(struct repository *repository, const struct view *below,
		struct arena *arena)
{
	struct source_file *files;
	struct git_commit commit;
	struct view bytes;
	const char *why;
	size_t count;

	if (repository_read(repository, GIT_COMMIT, &repository->tip, &bytes))
		return why_not(repository);
	if (git_commit_parse(arena_copy(arena, bytes), arena, &commit, &why)) {
		printf("%s\n", why);
		return 1;
	}
	if (repository_files(repository, &commit.tree, below, below->len ? 1 : 0, arena,
			    &files, &count))
		return why_not(repository);
	for (size_t i = 0; i < count; i++)
		printf("%.*s %zu\n", VIEW_ARG(files[i].path), files[i].bytes.len);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct fetch_request request = {
		.objects = FETCH_OBJECTS, .bytes = FETCH_BYTES, .seconds = 60
	};
	struct view below = VIEW_NULL;
	struct repository repository;
	struct helper fetcher;
	int r;

	if (argc < 4)
		die("fetch_once URL REF FOLDER [NAME=VALUE…]");
	if (fetcher_start(NULL, &fetcher))
		die("no helper");
	request.url = view_z(argv[1]);
	request.ref = view_z(argv[2]);
	request.folder = view_z(argv[3]);
	for (int i = 4; i < argc; i++)
		take(&request, &below, arena, argv[i]);
	if (repository_fetch(&fetcher, &request, NULL, &repository)) {
		r = why_not(&repository);
	} else {
		printf("tip %.*s\n", VIEW_ARG(object_id_text(&repository.tip, arena)));
		r = print_files(&repository, &below, arena);
	}
	repository_deinit(&repository);
	helper_stop(&fetcher);
	return r;
}

#include "agent/command/offline.h"

#include "schema/collect.h"

enum {
	OUTPUT_MAX = 64 * 1024 * 1024
};

static void say_unread(struct offline_state *state, const struct collection *files)
{
	struct checked *checked = &state->checked;

	checked->arena = arena_new();
	diagnostics_init(&checked->diagnostics, checked->arena,
			sources_new(checked->arena, NULL, 0));
	diagnostics_add_unplaced(&checked->diagnostics, files->problem, VIEW_NULL, "%.*s",
			VIEW_ARG(files->message));
	state->unread = true;
}

bool offline_read(const char *const *paths, size_t count, struct offline_state *out)
{
	struct collection files;

	*out = (struct offline_state){ .arena = arena_new() };
	if (collect_files(out->arena, paths, count, &files)) {
		say_unread(out, &files);
		return false;
	}
	return checker_check(files.files, files.count, NULL, &out->checked) == CHECK_OK;
}

void offline_deinit(struct offline_state *state)
{
	checked_deinit(&state->checked);
	arena_free(state->arena);
	*state = (struct offline_state){ 0 };
}

void offline_print(const struct diagnostics *d, FILE *to)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(OUTPUT_MAX);

	diagnostics_print(d, &text);
	if (text.len)
		fwrite(text.data, 1, text.len, to);
}

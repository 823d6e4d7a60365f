/* Files are formatted one by one: each as it is in itself, whatever the state says. */
#include "agent/command/command.h"

#include "agent/command/offline.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/os.h"
#include "schema/collect.h"
#include "schema/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATHS_MAX = 1000
};

struct work {
	struct arena *arena;
	struct diagnostics diagnostics;
	bool check;
	size_t changed;
	bool failed; /* a file could not be written */
};

/* The file itself, where its name is a link; its mode and owner stay. */
static int replace(const char *name, struct view text)
{
	CLEANUP(freep) char *path = realpath(name, NULL);
	struct stat st;
	int r;

	if (!path || stat(path, &st))
		return fault_errno();
	r = os_replace_file(os_real(), path, text, st.st_mode & 07777);
	if (r)
		return r;
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
			chown(path, st.st_uid, st.st_gid))
		return fault_errno();
	return chmod(path, st.st_mode & 07777) ? fault_errno() : 0;
}

static void take_changed(struct work *work, struct view path, struct view text)
{
	const char *name = arena_copy_z(work->arena, path);
	int r = work->check ? 0 : replace(name, text);

	work->changed++;
	if (r == 0) {
		puts(name);
		return;
	}
	work->failed = true;
	say_error(NULL, "%s cannot be written: %s", name, strerror(-r));
}

static void format(struct work *work, uint32_t number)
{
	const struct source_file *file = sources_file(work->diagnostics.sources, number);
	CLEANUP(buf_free) struct buf text = BUF_NULL(limit_value(LIMIT_STATE_FILE));
	int r = format_file(work->arena, number, &work->diagnostics, &text);

	if (r == FORMAT_E_UNSURE)
		say_error("it is left as it is; please report it with the file",
				"%.*s cannot be formatted without changing what it says",
				VIEW_ARG(file->path));
	work->failed |= r == FORMAT_E_UNSURE;
	if (r == FORMAT_OK && !view_eq(buf_view(&text), file->bytes))
		take_changed(work, file->path, buf_view(&text));
}

static enum exit_code format_all(struct work *work, const struct collection *files)
{
	struct diagnostics *d = &work->diagnostics;
	size_t errors;

	diagnostics_init(d, work->arena,
			sources_new(work->arena, files->files, files->count));
	for (size_t i = 0; i < files->count; i++)
		format(work, (uint32_t)i);
	diagnostics_sort(d);
	offline_print(d, stderr);
	errors = d->errors;
	diagnostics_deinit(d);
	if (errors)
		return EXIT_INVALID;
	if (work->failed)
		return EXIT_ERROR;
	return work->check && work->changed ? EXIT_CHANGES : EXIT_FINE;
}

static int run(const struct words *words)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct work work = { .arena = arena, .check = words_flag(words, "check") };
	struct collection files;
	const char *paths[PATHS_MAX];
	size_t count = 0;
	int r;

	for (; count < PATHS_MAX && words_operand(words, count); count++)
		paths[count] = words_operand(words, count);
	r = collect_files(arena, paths, count, &files);
	if (r) {
		if (r == COLLECT_E_PROBLEM)
			say_error(NULL, "%.*s", VIEW_ARG(files.message));
		else
			say_error(NULL, "%s cannot be read: %s", paths[0], strerror(-r));
		return EXIT_INVALID;
	}
	return (int)format_all(&work, &files);
}

static const struct option_row options[] = {
	{ "check", NULL, "change nothing; end with 2 where something would" },
};

const struct command command_fmt = {
	.name = "fmt",
	.operands = "PATH…",
	.least_operands = 1,
	.most_operands = PATHS_MAX,
	.summary = "Even out the layout of state files",
	.help = "Blanks in {flow: [style]}, quotes that nobody needs, blanks at line "
		"ends, tabs, "
		"the last line end.\n"
		"Prints the files that it changed. Comments stay, and so do indentation, "
		"block "
		"style, blank and\n"
		"long lines, and what flow style has on several lines. A file with "
		"errors is "
		"left alone: exit 3.",
	OPTIONS(options),
	.run = run,
};

/* The corpus of wrong states: what each prints is compared byte by byte.
 *
 * A case is a folder under bad/: state.yaml or state/, agent.yaml where the machine has
 * its say, and expect.txt. With POSTHUS_UPDATE=1 in the environment expect.txt is written
 * instead; read the difference before you commit it. */
#include "runtime/base/os.h"
#include "schema/checker.h"
#include "schema/collect.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	TEXT_MAX = 4 * 1024 * 1024
};

static bool exists(const char *path)
{
	return access(path, R_OK) == 0;
}

/* Every one says where, and what to write instead. */
static void print(const struct diagnostics *d, struct buf *out)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct diagnostic *item = &d->items[i];

		if (!item->placed || !item->help.len)
			fail_msg("%s of %.*s has no %s", diagnostic_row(item->name)->name,
					VIEW_ARG(item->path),
					item->placed ? "help" : "place");
	}
	diagnostics_print(d, out);
	assert_false(buf_failed(out));
}

/* agent.yaml of the case; false where it is wrong, which is then what the case shows. */
static bool read_agent(struct arena *arena, struct agent_file *agent, struct buf *out)
{
	const char *path = "agent.yaml";
	struct collection files;
	struct diagnostics d;
	int r;

	assert_int_equal(collect_files(arena, &path, 1, &files), COLLECT_OK);
	diagnostics_init(&d, arena, sources_new(arena, files.files, files.count));
	r = agent_file_read(&d, agent);
	print(&d, out);
	diagnostics_deinit(&d);
	return r == AGENT_FILE_OK;
}

static void check_state(
		struct arena *arena, const struct agent_file *agent, struct buf *out)
{
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	const struct check_options options = { .agent = agent };
	const char *path = exists("state") ? "state" : "state.yaml";
	struct collection files;
	int r;

	assert_int_equal(collect_files(arena, &path, 1, &files), COLLECT_OK);
	r = checker_check(files.files, files.count, &options, &checked);
	assert_int_equal(r, checked.diagnostics.errors ? CHECK_E_INVALID : CHECK_OK);
	assert_true((checked.desired == NULL) == (r == CHECK_E_INVALID));
	print(&checked.diagnostics, out);
	if (checked.desired)
		print(&checked.desired->not_served, out);
}

static void run_case(struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_file agent;
	bool has_agent = exists("agent.yaml");

	if (has_agent && !read_agent(arena, &agent, out))
		return;
	if (exists("state") || exists("state.yaml"))
		check_state(arena, has_agent ? &agent : NULL, out);
}

static bool compare_with_expected(const char *name, struct view got)
{
	char *expected = NULL;
	size_t len = 0;
	bool same;

	if (getenv("POSTHUS_UPDATE"))
		assert_int_equal(os_replace_file(os_real(), "expect.txt", got, 0644), 0);
	if (os_read_file(os_real(), "expect.txt", TEXT_MAX, &expected, &len) < 0)
		len = 0;
	same = view_eq(got, view_of(expected, len));
	free(expected);
	if (!same)
		fprintf(stderr, "%s prints:\n%.*s\n", name, VIEW_ARG(got));
	return same && got.len;
}

static void every_wrong_state_says_what_is_expected(void **state)
{
	struct dirent **names;
	int count, failed = 0;

	(void)state;
	assert_int_equal(chdir(CORPUS), 0);
	count = scandir(".", &names, NULL, alphasort);
	assert_true(count >= 200 + 2);
	for (int i = 0; i < count; i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);

		if (names[i]->d_name[0] != '.') {
			assert_int_equal(chdir(names[i]->d_name), 0);
			run_case(&out);
			failed += !compare_with_expected(
					names[i]->d_name, buf_view(&out));
			assert_int_equal(chdir(".."), 0);
		}
		free(names[i]);
	}
	free(names);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_state_says_what_is_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Plans as people read them. A case is a folder of tests/agent/plans: before.yaml is
 * applied where there is one, after.yaml is planned, plan.txt is what must be printed.
 * `test_plan FOLDER --write` writes plan.txt anew, for a person to read through. */
#include "tests/agent/house.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const char *folder;
static bool writes;

static bool read_text(const char *name, const char *file, struct buf *out)
{
	char path[1024], *bytes;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, name, file);
	if (os_read_file(os_real(), path, HOUSE_TEXT, &bytes, &len))
		return false;
	buf_add(out, view_of(bytes, len));
	free(bytes);
	return true;
}

static void write_text(const char *name, struct view text)
{
	char path[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/plan.txt", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fwrite(text.data, 1, text.len, file);
	fclose(file);
}

/* An approval covers uids, which are drawn anew in each run. */
static void mask_approval(struct buf *text)
{
	static const char word[] = "approve b2:";
	char *at = text->len ? memmem(text->data, text->len, word, strlen(word)) : NULL;

	for (at = at ? at + strlen(word) : NULL; at && *at != '\n'; at++)
		*at = 'x';
}

static void check_case(const char *name)
{
	CLEANUP(buf_free) struct buf before = BUF_NULL(HOUSE_TEXT), after = before;
	CLEANUP(buf_free) struct buf wanted = BUF_NULL(HOUSE_TEXT), printed = wanted;
	CLEANUP(agent_result_free) struct agent_result result = { 0 }, again = { 0 };
	struct house *house;
	void *state;

	house_setup(&state);
	house = state;
	if (read_text(name, "before.yaml", &before))
		house_must_apply(house, buf_view(&before));
	house->now += 86400;
	assert_true(read_text(name, "after.yaml", &after));
	house_plan(house, buf_view(&after), &result);
	house_print(&result, &printed);
	mask_approval(&printed);
	if (writes)
		write_text(name, buf_view(&printed));
	assert_true(read_text(name, "plan.txt", &wanted));
	if (!view_eq(buf_view(&wanted), buf_view(&printed)))
		fail_msg("%s: planned\n%.*s\nnot\n%.*s", name,
				VIEW_ARG(buf_view(&printed)),
				VIEW_ARG(buf_view(&wanted)));
	/* What was planned is what is done, and then there is nothing left to do. */
	house_apply(house, buf_view(&after), &again);
	if (result.plan && again.plan)
		assert_memory_equal(result.plan->digest, again.plan->digest, DIGEST_SIZE);
	house_teardown(&state);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void every_plan_reads_as_written(void **state)
{
	struct dirent **names;
	int count = scandir(folder, &names, not_hidden, alphasort);

	(void)state;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		check_case(names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_plan_reads_as_written),
	};

	if (argc < 2)
		return 1;
	folder = argv[1];
	writes = argc > 2 && strcmp(argv[2], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Changes of files as the kernel tells them, and a clock that the test moves. */
#include "agent/watch.h"
#include "runtime/base/error.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGIN nstime_seconds(1000)
#define QUIET nstime_seconds(2)

struct scene {
	char directory[64];
	struct watch *watch;
};

static int setup(void **state)
{
	struct scene *scene = xcalloc(1, sizeof(*scene));

	strcpy(scene->directory, "/tmp/posthus-watch-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	char command[128];

	watch_free(scene->watch);
	snprintf(command, sizeof(command), "rm -rf %s", scene->directory);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

/* A path below the test's folder; valid until 32 more were asked for. */
static const char *at(struct scene *scene, const char *name)
{
	static char paths[32][160];
	static size_t asked;
	char *path = paths[asked++ % ARRAY_LEN(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", scene->directory, name);
	return path;
}

static void put(struct scene *scene, const char *name, const char *text)
{
	FILE *file = fopen(at(scene, name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make(struct scene *scene, const char *name)
{
	assert_int_equal(mkdir(at(scene, name), 0755), 0);
}

static void open_watch(struct scene *scene, const char *const *paths, size_t count)
{
	assert_int_equal(watch_open(paths, count, &scene->watch), 0);
	assert_true(watch_deadline(scene->watch) == NSTIME_NEVER);
	assert_false(watch_settled(scene->watch, BEGIN));
}

/* Events of inotify are there when the call that caused them returns. */
static bool is_told(struct scene *scene)
{
	struct pollfd fd = { .fd = watch_fd(scene->watch), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/* What was done is noticed at `now`, and settles two seconds later, once. */
static void assert_noticed(struct scene *scene, nstime now)
{
	assert_true(is_told(scene));
	watch_read(scene->watch, now);
	assert_false(is_told(scene));
	assert_true(watch_deadline(scene->watch) == now + QUIET);
	assert_false(watch_settled(scene->watch, now + QUIET - 1));
	assert_true(watch_settled(scene->watch, now + QUIET));
	assert_false(watch_settled(scene->watch, now + QUIET));
	assert_true(watch_deadline(scene->watch) == NSTIME_NEVER);
}

static void assert_unnoticed(struct scene *scene)
{
	watch_read(scene->watch, BEGIN);
	assert_true(watch_deadline(scene->watch) == NSTIME_NEVER);
}

static void a_written_file_settles_after_two_quiet_seconds(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "a.yaml") };

	put(scene, "a.yaml", "1");
	open_watch(scene, paths, 1);
	assert_false(is_told(scene));
	put(scene, "a.yaml", "2");
	assert_noticed(scene, BEGIN);
	put(scene, "a.yaml", "3");
	assert_noticed(scene, BEGIN + nstime_seconds(60));
}

static void each_change_begins_the_quiet_time_again(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "a.yaml") };
	int fd;

	put(scene, "a.yaml", "1");
	open_watch(scene, paths, 1);
	fd = open(at(scene, "a.yaml"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "2", 1), 1);
	watch_read(scene->watch, BEGIN);
	/* half saved: it is open and written to */
	assert_int_equal(write(fd, "3", 1), 1);
	watch_read(scene->watch, BEGIN + nstime_seconds(1));
	assert_false(watch_settled(scene->watch, BEGIN + QUIET));
	assert_true(watch_deadline(scene->watch) == BEGIN + nstime_seconds(3));
	close(fd);
	assert_noticed(scene, BEGIN + nstime_seconds(2));
}

static void editors_replace_files_by_renaming(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "a.yaml") };

	put(scene, "a.yaml", "1");
	open_watch(scene, paths, 1);
	for (int round = 0; round < 3; round++) {
		put(scene, "a.yaml.tmp", "2");
		assert_unnoticed(scene);
		assert_int_equal(rename(at(scene, "a.yaml.tmp"), at(scene, "a.yaml")), 0);
		assert_noticed(scene, BEGIN);
	}
}

static void a_new_folder_is_watched_with_what_comes_below(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "state") };

	make(scene, "state");
	open_watch(scene, paths, 1);
	make(scene, "state/users");
	assert_noticed(scene, BEGIN);
	put(scene, "state/users/a.yaml", "1");
	assert_noticed(scene, BEGIN);
	make(scene, "state/users/more");
	make(scene, "state/users/more/still");
	assert_noticed(scene, BEGIN);
	put(scene, "state/users/more/still/b.yaml", "1");
	assert_noticed(scene, BEGIN);
}

static void what_is_removed_is_noticed(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "state"), at(scene, "a.yaml") };

	make(scene, "state");
	make(scene, "state/users");
	put(scene, "state/users/a.yaml", "1");
	put(scene, "a.yaml", "1");
	open_watch(scene, paths, 2);
	assert_int_equal(unlink(at(scene, "state/users/a.yaml")), 0);
	assert_noticed(scene, BEGIN);
	assert_int_equal(rmdir(at(scene, "state/users")), 0);
	assert_noticed(scene, BEGIN);
	assert_int_equal(unlink(at(scene, "a.yaml")), 0);
	assert_noticed(scene, BEGIN);
}

static void a_path_may_go_and_come_back(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "state/"), at(scene, "a.yaml") };

	open_watch(scene, paths, 2);
	for (int round = 0; round < 3; round++) {
		make(scene, "state");
		assert_noticed(scene, BEGIN);
		put(scene, "state/b.yaml", "1");
		assert_noticed(scene, BEGIN);
		put(scene, "a.yaml", "1");
		assert_noticed(scene, BEGIN);
		assert_int_equal(unlink(at(scene, "state/b.yaml")), 0);
		assert_int_equal(rmdir(at(scene, "state")), 0);
		assert_int_equal(unlink(at(scene, "a.yaml")), 0);
		assert_noticed(scene, BEGIN);
	}
}

/* A log that grows beside the state must not keep it from being quiet. */
static void neighbours_and_hidden_files_do_not_count(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "a.yaml"), at(scene, "state") };

	make(scene, "state");
	make(scene, "state/.git");
	put(scene, "a.yaml", "1");
	open_watch(scene, paths, 2);
	put(scene, "other.log", "1");
	put(scene, "a.yaml~", "1");
	put(scene, "state/.b.yaml.swp", "1");
	put(scene, "state/.git/HEAD", "1");
	assert_unnoticed(scene);
	put(scene, "state/b.yaml", "1");
	assert_noticed(scene, BEGIN);
}

static void a_file_within_a_watched_folder_hides_none_of_it(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "state/a.yaml"), at(scene, "state") };

	make(scene, "state");
	open_watch(scene, paths, 2);
	put(scene, "state/b.yaml", "1");
	assert_noticed(scene, BEGIN);
	put(scene, "state/a.yaml", "1");
	assert_noticed(scene, BEGIN);
}

static void a_named_link_is_followed_and_its_change_is_seen(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "state") };

	make(scene, "one");
	make(scene, "two");
	assert_int_equal(symlink("one", at(scene, "state")), 0);
	open_watch(scene, paths, 1);
	put(scene, "one/a.yaml", "1");
	assert_noticed(scene, BEGIN);
	assert_int_equal(symlink("two", at(scene, "next")), 0);
	assert_int_equal(rename(at(scene, "next"), at(scene, "state")), 0);
	assert_noticed(scene, BEGIN);
	put(scene, "two/a.yaml", "1");
	assert_noticed(scene, BEGIN);
}

static void nothing_to_watch_is_no_fault(void **state)
{
	struct scene *scene = *state;
	const char *paths[] = { at(scene, "no/such/path.yaml") };

	open_watch(scene, paths, 1);
	assert_unnoticed(scene);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_written_file_settles_after_two_quiet_seconds),
		CASE(each_change_begins_the_quiet_time_again),
		CASE(editors_replace_files_by_renaming),
		CASE(a_new_folder_is_watched_with_what_comes_below),
		CASE(what_is_removed_is_noticed),
		CASE(a_path_may_go_and_come_back),
		CASE(neighbours_and_hidden_files_do_not_count),
		CASE(a_file_within_a_watched_folder_hides_none_of_it),
		CASE(a_named_link_is_followed_and_its_change_is_seen),
		CASE(nothing_to_watch_is_no_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

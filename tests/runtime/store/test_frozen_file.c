#include "runtime/store/frozen_file.h"

#include "tests/runtime/store/database_test.h"

#include <sys/wait.h>

/* Reads the file as a copy does, in pieces, and puts it where another database was. */
static void copy_frozen(const char *from, const char *to)
{
	CLEANUP(freep) char *bytes = NULL;
	struct frozen_file *file = NULL;
	uint64_t size;

	assert_int_equal(frozen_file_open(path_of(from), &file), 0);
	size = frozen_file_size(file);
	bytes = xmalloc(size + 1);
	for (uint64_t at = 0; at < size; at += 1000)
		assert_int_equal(frozen_file_read(file, at, bytes + at,
						 size - at < 1000 ? size - at : 1000),
				0);
	assert_int_not_equal(frozen_file_read(file, size, bytes + size, 1), 0);
	frozen_file_close(file);
	write_bytes(to, bytes, size);
}

static int64_t rows_of(const char *name)
{
	CLEANUP(database_closep) struct database *db = NULL;

	if (open_rows(name, &db) || check(db))
		return -1;
	return count_rows(db);
}

static void a_frozen_file_is_the_state_of_then(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 100, 5000), 0);
	assert_int_equal(database_freeze(db), 0);
	/* far more than a WAL holds before a commit would move it */
	for (int i = 0; i < 30; i++)
		assert_int_equal(add_rows(db, 100, 5000), 0);
	copy_frozen("a.db", "b.db");
	assert_int_equal(count_rows(db), 3100);
	assert_int_equal(rows_of("b.db"), 100);
	database_thaw(db);
	assert_int_equal(add_rows(db, 1, 1), 0);
	unlink(path_of("b.db"));
	unlink(path_of("b.db-wal"));
	copy_frozen("a.db", "b.db");
	assert_int_equal(rows_of("b.db"), 3101);
	assert_int_equal(check(db), 0);
}

static void a_close_and_an_opening_leave_it_frozen(void **state)
{
	const struct database_options frozen = { .schema = &rows, .frozen = true };
	CLEANUP(database_closep) struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 10, 100), 0);
	assert_int_equal(database_freeze(db), 0);
	assert_int_equal(add_rows(db, 10, 100), 0);
	database_close(db);
	db = NULL;
	assert_true(size_of_file("a.db-wal") > 0);
	assert_int_equal(database_open(path_of("a.db"), &test_key, &frozen, &db), 0);
	assert_int_equal(add_rows(db, 2000, 5000), 0);
	database_close(db);
	db = NULL;
	copy_frozen("a.db", "b.db");
	assert_int_equal(rows_of("b.db"), 10);
	assert_int_equal(rows_of("a.db"), 2020);
	assert_int_equal(size_of_file("a.db-wal"), 0);
}

static void a_copy_drops_no_lock(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 1, 1), 0);
	copy_frozen("a.db", "b.db");
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "second", path_of("a.db"), (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), DATABASE_E_BUSY);
}

static void what_is_absent_is_an_outcome(void **state)
{
	struct frozen_file *file = NULL;

	(void)state;
	assert_int_equal(frozen_file_open(path_of("a.db"), &file), FROZEN_E_ABSENT);
	assert_null(file);
	frozen_file_close(NULL);
}

static int second_process(const char *path)
{
	const struct database_options options = { .create = false };
	struct database *db = NULL;
	int r = database_open(path, &test_key, &options, &db);

	database_close(db);
	return r;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_frozen_file_is_the_state_of_then, empty_folder),
		cmocka_unit_test_setup(
				a_close_and_an_opening_leave_it_frozen, empty_folder),
		cmocka_unit_test_setup(a_copy_drops_no_lock, empty_folder),
		cmocka_unit_test_setup(what_is_absent_is_an_outcome, empty_folder),
	};
	int failed;

	if (argc > 1)
		return second_process(argv[1]);
	make_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return failed;
}

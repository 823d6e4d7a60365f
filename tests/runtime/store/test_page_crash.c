/* Disks that fail and processes that are killed: whatever happens, the file opens again,
 * is whole, and holds every commit that was reported. */
#include "tests/runtime/store/database_test.h"
#include "tests/runtime/store/failing_vfs.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum {
	ROWS_BEFORE = 60,
	ROWS_A_COMMIT = 20,
	KILLS = 40,
};

static int64_t rows_after(void)
{
	CLEANUP(database_closep) struct database *db = NULL;

	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(check(db), 0);
	return count_rows(db);
}

/* -- the n-th call fails -- */

/* Opens, commits, checkpoints, commits, closes. Returns the commits that succeeded. */
static int work(int *attempted)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database_options options = {
		.create = true, .schema = &rows, .cache_kib = 64, .below = FAILING_VFS
	};
	int committed = 0;

	*attempted = 0;
	if (database_open(path_of("a.db"), &test_key, &options, &db))
		return 0;
	for (int i = 0; i < 3; i++) {
		++*attempted;
		if (add_rows(db, ROWS_A_COMMIT, 900))
			break;
		committed++;
		if (i == 1 && database_checkpoint(db))
			break;
	}
	return committed;
}

static char *make_base(size_t *len)
{
	struct database *db = NULL;

	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, ROWS_BEFORE, 900), 0);
	database_close(db);
	return read_bytes("a.db", len);
}

static void fail_each_call(enum failure failure)
{
	CLEANUP(freep) char *base = NULL;
	bool failed = true;
	size_t base_len;
	unsigned n;

	base = make_base(&base_len);
	for (n = 1; failed; n++) {
		int64_t count, at_least, at_most;
		int committed, attempted;

		empty_folder(NULL);
		write_bytes("a.db", base, base_len);
		failing_vfs_arm(failure, n);
		committed = work(&attempted);
		failed = failing_vfs_failed();
		failing_vfs_arm(failure, 0);
		count = rows_after();
		at_least = ROWS_BEFORE + committed * ROWS_A_COMMIT;
		at_most = ROWS_BEFORE + attempted * ROWS_A_COMMIT;
		if (count < at_least || count > at_most || count % ROWS_A_COMMIT)
			fail_msg("call %u failed: %lld rows, %lld were committed", n,
					(long long)count, (long long)at_least);
	}
	print_message("%u calls\n", n - 2);
	assert_true(n > 20);
}

static void a_failed_write_loses_no_commit(void **state)
{
	(void)state;
	fail_each_call(FAIL_WRITE);
}

static void a_torn_write_loses_no_commit(void **state)
{
	(void)state;
	fail_each_call(FAIL_TORN);
}

static void a_full_disk_loses_no_commit(void **state)
{
	(void)state;
	fail_each_call(FAIL_FULL);
}

static void a_dead_disk_loses_no_commit(void **state)
{
	(void)state;
	fail_each_call(FAIL_DEAD);
}

static void a_full_disk_is_said_and_survived(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database_options options = {
		.create = true, .schema = &rows, .below = FAILING_VFS
	};

	(void)state;
	failing_vfs_arm(FAIL_FULL, 0);
	assert_int_equal(database_open(path_of("a.db"), &test_key, &options, &db), 0);
	assert_int_equal(add_rows(db, 5, 100), 0);
	failing_vfs_arm(FAIL_FULL, 1);
	assert_int_equal(add_rows(db, 5, 100), DATABASE_E_FULL);
	assert_int_equal(count_rows(db), 5);
	assert_int_equal(add_rows(db, 5, 100), 0);
	assert_int_equal(count_rows(db), 10);
}

static void a_failed_copy_leaves_the_target_as_it_was(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database_options options = {
		.create = true, .schema = &rows, .below = FAILING_VFS
	};
	bool failed = true;

	(void)state;
	failing_vfs_arm(FAIL_WRITE, 0);
	assert_int_equal(database_open(path_of("a.db"), &test_key, &options, &db), 0);
	assert_int_equal(add_rows(db, 50, 100), 0);
	assert_int_equal(database_checkpoint(db), 0);
	for (unsigned n = 1; failed; n++) {
		size_t len;
		CLEANUP(freep) char *bytes = NULL;
		int r;

		write_bytes("b.db", "as it was", 9);
		failing_vfs_arm(FAIL_WRITE, n);
		r = database_rekey_into(db, path_of("b.db"), &other_key);
		failed = failing_vfs_failed();
		bytes = read_bytes("b.db", &len);
		if (r)
			assert_true(view_eq(view_of(bytes, len), VIEW("as it was")));
		else
			assert_true(len > 8192);
		assert_int_equal(access(path_of("b.db.new"), F_OK), -1);
	}
}

/* -- the process is killed -- */

/* What the child reports stands in memory that both see. */
static void write_until_killed(volatile int64_t *committed)
{
	struct database_options options = {
		.create = true, .schema = &rows, .cache_kib = 64
	};
	struct database *db = NULL;

	if (database_open(path_of("a.db"), &test_key, &options, &db) ||
			database_run(db, "PRAGMA wal_autocheckpoint = 15"))
		_exit(1);
	for (int i = 0;; i++) {
		if (add_rows(db, ROWS_A_COMMIT, (size_t)(i % 7) * 150))
			_exit(1);
		*committed += ROWS_A_COMMIT;
		if (i % 5 == 4 && database_run(db, "UPDATE row SET text = text || '.'"
						   " WHERE id % 3 = 0"))
			_exit(1);
	}
}

static void kill_once(volatile int64_t *committed, long microseconds)
{
	struct timespec while_it_works = { 0, microseconds * 1000 };
	int status;
	pid_t pid = fork();

	if (pid == 0)
		write_until_killed(committed);
	nanosleep(&while_it_works, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void forty_kills_lose_no_commit(void **state)
{
	volatile int64_t *committed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t before = 0;
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < KILLS; i++) {
		int64_t count;

		*committed = 0;
		kill_once(committed, 5000 + rand() % 100000);
		count = rows_after();
		if (count < before + *committed ||
				count > before + *committed + ROWS_A_COMMIT)
			fail_msg("round %d: %lld rows, %lld were committed", i,
					(long long)count,
					(long long)(before + *committed));
		before = count;
	}
	print_message("%lld rows survived\n", (long long)before);
	assert_true(before > 0);
	assert_no_marker();
	munmap((void *)(uintptr_t)committed, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, empty_folder)
		TEST(a_full_disk_is_said_and_survived),
		TEST(a_failed_copy_leaves_the_target_as_it_was),
		TEST(a_failed_write_loses_no_commit),
		TEST(a_torn_write_loses_no_commit),
		TEST(a_full_disk_loses_no_commit),
		TEST(a_dead_disk_loses_no_commit),
		TEST(forty_kills_lose_no_commit),
	};
	int failed;

	make_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return failed;
}

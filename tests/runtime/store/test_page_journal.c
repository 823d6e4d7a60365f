/* The rollback journal. Our own databases use it for the moment in which they are made;
 * other programs' files may come with a hot one. */
#include "tests/runtime/store/database_test.h"

#include <signal.h>
#include <sys/wait.h>

static const struct database_options as_it_is = { .create = false };

static void must(int r)
{
	if (r)
		_exit(1);
}

/* Ends in mid-transaction, with pages already changed in the main file. The cache of a
 * few pages makes the journal one of several segments. */
static void leave_hot_journal(uint32_t page_size)
{
	struct database_options options = { .create = true,
		.schema = &rows,
		.page_size = page_size,
		.cache_kib = 10 * page_size / 1024 };
	struct database *db = NULL;

	must(database_open(path_of("a.db"), &test_key, &options, &db));
	must(add_rows(db, 400, 300));
	must(database_run(db, "PRAGMA journal_mode = DELETE; BEGIN"));
	must(database_run(db, "UPDATE row SET text = text || '!'"));
	must(database_run(db, "UPDATE row SET text = text || '?' WHERE id % 2"));
	kill(getpid(), SIGKILL);
}

static void be_killed(uint32_t page_size)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		leave_hot_journal(page_size);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(size_of_file("a.db-journal") > page_size);
}

static size_t segments(void)
{
	static const char magic[] = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
	size_t len, count = 0;
	CLEANUP(freep) char *bytes = read_bytes("a.db-journal", &len);

	for (size_t at = 0; at + 8 <= len; at += 512)
		count += memcmp(bytes + at, magic, 8) == 0;
	return count;
}

static void assert_rolled_back(void)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_open(path_of("a.db"), &test_key, &as_it_is, &db), 0);
	assert_int_equal(check(db), 0);
	assert_int_equal(count_rows(db), 400);
	assert_int_equal(database_prepare(db,
					 "SELECT count(*) FROM row WHERE text LIKE '%!%'"
					 " OR text LIKE '%?%'",
					 &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_int_equal(column_u64(s, 0), 0);
}

/* Pitfall 8: with pages of 512 bytes a journal's header is as long as a page. */
static void a_hot_journal_is_rolled_back(void **state)
{
	static const uint32_t sizes[] = { 512, 1024, 4096, 8192, 65536 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		empty_folder(state);
		be_killed(sizes[i]);
		if (sizes[i] < 8192)
			assert_true(segments() > 1);
		assert_no_marker();
		assert_rolled_back();
	}
}

/* A rollback that left something out would be worse than none. */
static void a_damaged_journal_is_refused_and_kept(void **state)
{
	struct database *db = NULL;
	size_t size;

	(void)state;
	be_killed(1024);
	size = size_of_file("a.db-journal");
	flip("a.db-journal", 512 + 4 + 700);
	assert_int_equal(database_open(path_of("a.db"), &test_key, &as_it_is, &db),
			DATABASE_E_DAMAGED);
	assert_int_equal(size_of_file("a.db-journal"), size);
	flip("a.db-journal", 512 + 4 + 700);
	assert_rolled_back();
}

/* Savepoints and statements that fail read the journal back while it is written. */
static void a_live_transaction_rolls_back_in_part(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database_options options = {
		.create = true, .schema = &rows, .page_size = 512, .cache_kib = 10
	};

	(void)state;
	assert_int_equal(database_open(path_of("a.db"), &test_key, &options, &db), 0);
	assert_int_equal(add_rows(db, 300, 300), 0);
	assert_int_equal(database_run(db, "PRAGMA journal_mode = DELETE; BEGIN;"
					  "UPDATE row SET text = text || '!' WHERE id < "
					  "200;"
					  "SAVEPOINT s;"
					  "UPDATE row SET text = text || '?';"
					  "DELETE FROM row WHERE id > 10;"
					  "ROLLBACK TO s; COMMIT"),
			0);
	assert_int_equal(count_rows(db), 300);
	assert_int_equal(check(db), 0);
	assert_int_equal(database_run(db, "BEGIN; DELETE FROM row; ROLLBACK"), 0);
	assert_int_equal(count_rows(db), 300);
	assert_int_equal(check(db), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, empty_folder)
		TEST(a_hot_journal_is_rolled_back),
		TEST(a_damaged_journal_is_refused_and_kept),
		TEST(a_live_transaction_rolls_back_in_part),
	};
	int failed;

	make_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return failed;
}

#include "tests/runtime/store/database_test.h"

#include <errno.h>
#include <sys/wait.h>

static const struct database_options as_it_is = { .create = false };

static void a_new_database_is_private_and_opens_again(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(stat(path_of("a.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(path_of("a.db-wal"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(path_of("a.db-shm"), F_OK), -1);
	assert_int_equal(add_rows(db, 10, 100), 0);
	database_close(db);
	db = NULL;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(count_rows(db), 10);
	assert_int_equal(check(db), 0);
}

static void what_is_absent_is_not_made_unasked(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(database_open(path_of("a.db"), &test_key, &as_it_is, &db),
			DATABASE_E_ABSENT);
	assert_int_equal(access(path_of("a.db"), F_OK), -1);
	assert_null(db);
}

static void another_key_opens_nothing(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 100, 100), 0);
	database_close(db);
	db = NULL;
	assert_int_equal(database_open(path_of("a.db"), &other_key, &as_it_is, &db),
			DATABASE_E_WRONG_KEY);
	assert_null(db);
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(count_rows(db), 100);
	database_close(db);
}

static void two_keys_for_one_path_are_a_mistake(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database *second = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_open(path_of("a.db"), &other_key, &as_it_is, &second),
			-EEXIST);
	assert_int_equal(
			database_open(path_of("a.db"), &test_key, &as_it_is, &second), 0);
	database_close(second);
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	database_close(db);
	db = NULL;
	assert_int_equal(symlink("a.db", path_of("link.db")), 0);
	assert_int_equal(open_rows("link.db", &db), -ELOOP);
	assert_null(db);
}

static void a_second_process_is_kept_out(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 1, 1), 0);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "second", path_of("a.db"), (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), DATABASE_E_BUSY);
}

static void an_emptied_file_is_damage_not_a_new_one(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	database_close(db);
	db = NULL;
	assert_int_equal(truncate(path_of("a.db"), 0), 0);
	assert_int_equal(database_open(path_of("a.db"), &test_key, &as_it_is, &db),
			DATABASE_E_DAMAGED);
}

static void a_wal_whose_file_is_gone_is_kept(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 1, 1), 0);
	copy_file("a.db-wal", "b.db-wal");
	database_close(db);
	db = NULL;
	assert_int_equal(open_rows("b.db", &db), DATABASE_E_DAMAGED);
	assert_true(size_of_file("b.db-wal") > 0);
	assert_int_equal(access(path_of("b.db"), F_OK), -1);
}

/* -- schema -- */

static const char *const three_steps[] = {
	("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
	 "CREATE INDEX row_text ON row (text);"),
	"ALTER TABLE row ADD COLUMN size INTEGER NOT NULL DEFAULT 7",
	"CREATE TABLE broken (",
};

static int open_steps(uint32_t kind, size_t count, struct database **out)
{
	struct database_schema schema = { kind, three_steps, count };
	struct database_options options = { .schema = &schema };

	return database_open(path_of("a.db"), &test_key, &options, out);
}

static void a_schema_moves_forward_only(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 3, 1), 0);
	database_close(db);
	assert_int_equal(open_steps(rows.application_id, 2, &db), 0);
	assert_int_equal(database_run(db, "UPDATE row SET size = 8 WHERE size = 7"), 0);
	assert_int_equal(database_changes(db), 3);
	database_close(db);
	db = NULL;
	assert_int_equal(open_steps(rows.application_id, 1, &db), DATABASE_E_NEWER);
	assert_int_equal(open_steps(99, 2, &db), DATABASE_E_FOREIGN);
	assert_null(db);
}

static void a_failed_step_leaves_the_old_schema(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 3, 1), 0);
	database_close(db);
	db = NULL;
	assert_int_equal(open_steps(rows.application_id, 3, &db), -EINVAL);
	assert_null(db);
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_run(db, "UPDATE row SET size = 8"), -EINVAL);
	assert_int_equal(count_rows(db), 3);
	database_close(db);
}

/* -- statements and transactions -- */

static void what_is_bound_comes_back(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_prepare(db, "SELECT ?1, ?2, ?3, ?4, ?5, ?6", &s), 0);
	bind_u64(s, 1, INT64_MAX);
	bind_i64(s, 2, -5);
	bind_text(s, 3, VIEW("a\0b"));
	bind_blob(s, 4, VIEW_NULL);
	bind_null(s, 5);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_true(column_u64(s, 0) == INT64_MAX);
	assert_true(column_i64(s, 1) == -5);
	assert_true(column_u64(s, 1) == 0);
	assert_true(view_eq(column_view(s, 2), VIEW("a\0b")));
	assert_false(column_is_null(s, 3));
	assert_int_equal(column_view(s, 3).len, 0);
	assert_true(column_is_null(s, 4));
	assert_true(column_is_null(s, 5));
	assert_int_equal(statement_step(s), DATABASE_OK);
	bind_u64(s, 99, 1); /* there is no such parameter */
	assert_int_equal(statement_run(s), -EINVAL);
}

static void a_statement_can_be_used_within_itself(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	int pairs = 0;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 3, 1), 0);
	for (int round = 0; round < 2; round++) {
		CLEANUP(statement_done) struct statement *outer = NULL;

		assert_int_equal(database_prepare(db, "SELECT id FROM row", &outer), 0);
		while (statement_step(outer) == DATABASE_ROW) {
			CLEANUP(statement_done) struct statement *inner = NULL;

			assert_int_equal(database_prepare(db, "SELECT id FROM row",
							 &inner),
					0);
			assert_ptr_not_equal(inner, outer);
			while (statement_step(inner) == DATABASE_ROW)
				pairs++;
		}
	}
	assert_int_equal(pairs, 18);
}

static void what_is_not_committed_is_not_there(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	{
		CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;

		assert_int_equal(transaction_begin(db, &t), 0);
		assert_int_equal(database_run(db, "INSERT INTO row VALUES (7, 'x')"), 0);
		assert_int_equal(database_last_id(db), 7);
		assert_int_equal(count_rows(db), 1);
	}
	assert_int_equal(count_rows(db), 0);
	assert_int_equal(database_run(db, "INSERT INTO row VALUES (7, NULL)"),
			DATABASE_E_CONSTRAINT);
	assert_int_equal(database_run(db, "INSERT INTO nowhere VALUES (1)"), -EINVAL);
	assert_non_null(strstr(database_message(db), "nowhere"));
}

static void the_schema_of_a_file_is_not_trusted(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_run(db, "PRAGMA writable_schema = ON;"
					  "UPDATE sqlite_schema SET sql = ''"),
			-EINVAL);
	assert_int_equal(database_run(db, "SELECT \"not a column\""), -EINVAL);
}

/* -- the whole file -- */

static void a_copy_under_another_key_holds_the_same(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database *copy = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 500, 300), 0);
	assert_int_equal(database_rekey_into(db, path_of("b.db"), &other_key), 0);
	assert_int_equal(access(path_of("b.db.new"), F_OK), -1);
	assert_int_equal(stat(path_of("b.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(database_open(path_of("b.db"), &test_key, &as_it_is, &copy),
			DATABASE_E_WRONG_KEY);
	assert_int_equal(database_open(path_of("b.db"), &other_key, &as_it_is, &copy), 0);
	assert_int_equal(count_rows(copy), 500);
	assert_int_equal(check(copy), 0);
	database_close(copy);
	assert_int_equal(count_rows(db), 500);
	assert_no_marker();
}

/* Pitfall 11: the new file takes the old one's place, and no old WAL comes with it. */
static void a_rekeyed_database_takes_the_old_ones_place(void **state)
{
	struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(add_rows(db, 500, 300), 0);
	assert_int_equal(database_rekey_into(db, path_of("a.db"), &other_key), 0);
	database_close(db);
	db = NULL;
	assert_int_equal(open_rows("a.db", &db), DATABASE_E_WRONG_KEY);
	assert_int_equal(database_open(path_of("a.db"), &other_key, &as_it_is, &db), 0);
	assert_int_equal(count_rows(db), 500);
	assert_int_equal(check(db), 0);
	database_close(db);
}

static void a_left_over_of_a_cut_off_rekey_is_no_obstacle(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	write_bytes("b.db.new", "half of it", 10);
	assert_int_equal(database_rekey_into(db, path_of("b.db"), &other_key), 0);
}

static int open_as_second_process(const char *path)
{
	struct database *db = NULL;
	int r = database_open(path, &test_key, &as_it_is, &db);

	return r < 0 ? 126 : r;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, empty_folder)
		TEST(a_new_database_is_private_and_opens_again),
		TEST(what_is_absent_is_not_made_unasked),
		TEST(another_key_opens_nothing),
		TEST(two_keys_for_one_path_are_a_mistake),
		TEST(a_symbolic_link_is_not_followed),
		TEST(a_second_process_is_kept_out),
		TEST(an_emptied_file_is_damage_not_a_new_one),
		TEST(a_wal_whose_file_is_gone_is_kept),
		TEST(a_schema_moves_forward_only),
		TEST(a_failed_step_leaves_the_old_schema),
		TEST(what_is_bound_comes_back),
		TEST(a_statement_can_be_used_within_itself),
		TEST(what_is_not_committed_is_not_there),
		TEST(the_schema_of_a_file_is_not_trusted),
		TEST(a_copy_under_another_key_holds_the_same),
		TEST(a_rekeyed_database_takes_the_old_ones_place),
		TEST(a_left_over_of_a_cut_off_rekey_is_no_obstacle),
	};
	int failed;

	if (argc == 2)
		return open_as_second_process(argv[1]);
	make_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return failed;
}

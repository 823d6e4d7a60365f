/* The page VFS's main file: what is served, what is refused, and what is never written.
 * The numbers are those of the pitfalls in docs/store-format.md. */
#include "runtime/store/page_vfs.h"
#include "tests/runtime/store/database_test.h"

#include <sys/wait.h>

static const struct database_options as_it_is = { .create = false };

static int reopen(const char *name, struct database **out)
{
	return database_open(path_of(name), &test_key, &as_it_is, out);
}

static void make_rows(const char *name, int count, size_t size)
{
	struct database *db = NULL;

	assert_int_equal(open_rows(name, &db), 0);
	assert_int_equal(add_rows(db, count, size), 0);
	database_close(db);
	assert_int_equal(access(path_of("a.db-wal"), F_OK), -1);
}

/* Opens a file that may be damaged and reads all of it. */
static int open_and_check(const char *name)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(buf_free) struct buf report = BUF_NULL(65536);
	int r = reopen(name, &db);

	return r ? r : database_integrity_check(db, &report);
}

static void a_flipped_byte_on_any_page_is_found(void **state)
{
	size_t size, flipped = 0;

	(void)state;
	make_rows("a.db", 400, 200);
	size = size_of_file("a.db");
	for (size_t page = 0; page < size; page += 8192) {
		static const size_t places[] = { 0, 16, 17, 20, 24, 100, 4000, 8160, 8176,
			8191 };

		for (size_t i = 0; i < ARRAY_LEN(places); i++) {
			int r;

			copy_file("a.db", "b.db");
			flip("b.db", page + places[i]);
			r = open_and_check("b.db");
			if (r != DATABASE_E_DAMAGED)
				fail_msg("page %zu, byte %zu: %d", page / 8192 + 1,
						places[i], r);
			flipped++;
		}
	}
	assert_true(flipped >= 100);
	assert_int_equal(open_and_check("a.db"), 0);
}

static void K01_a_page_that_changed_places_is_found(void **state)
{
	size_t len;
	CLEANUP(freep) char *bytes = NULL;
	char page[8192];

	(void)state;
	make_rows("a.db", 400, 200);
	bytes = read_bytes("a.db", &len);
	memcpy(page, bytes + 3 * 8192, 8192);
	memcpy(bytes + 3 * 8192, bytes + 4 * 8192, 8192);
	memcpy(bytes + 4 * 8192, page, 8192);
	write_bytes("b.db", bytes, len);
	assert_int_equal(open_and_check("b.db"), DATABASE_E_DAMAGED);
}

static void a_file_cut_short_is_found(void **state)
{
	size_t size;

	(void)state;
	make_rows("a.db", 400, 200);
	size = size_of_file("a.db");
	for (size_t cut = 1; cut < size; cut += cut < 9000 ? 997 : 40001) {
		int r;

		copy_file("a.db", "b.db");
		assert_int_equal(truncate(path_of("b.db"), (off_t)(size - cut)), 0);
		r = open_and_check("b.db");
		if (r != DATABASE_E_DAMAGED && r != DATABASE_E_WRONG_KEY)
			fail_msg("%zu bytes cut: %d", cut, r);
	}
}

/* Pitfall 4. Our own files have no holes: WAL writes every page, and what is freed is
 * overwritten. */
static void pitfall_4_a_hole_is_not_an_empty_page(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) char *bytes = NULL;
	size_t len;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_prepare(db, "PRAGMA secure_delete", &s), 0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_int_equal(column_u64(s, 0), 1);
	statement_done(&s);
	assert_int_equal(add_rows(db, 400, 200), 0);
	assert_int_equal(database_run(db, "BEGIN; DELETE FROM row; COMMIT"), 0);
	assert_int_equal(check(db), 0); /* with a free list: each of its pages opens */
	database_close(db);
	db = NULL;
	bytes = read_bytes("a.db", &len);
	memset(bytes + 5 * 8192, 0, 8192);
	write_bytes("b.db", bytes, len);
	assert_int_equal(open_and_check("b.db"), DATABASE_E_DAMAGED);
}

/* Pitfall 5. */
static void pitfall_5_a_new_page_size_in_place_fails_and_harms_nothing(void **state)
{
	struct database *db = NULL;

	(void)state;
	make_rows("a.db", 400, 200);
	assert_int_equal(reopen("a.db", &db), 0);
	assert_int_equal(database_run(db, "PRAGMA journal_mode = DELETE"), 0);
	assert_true(database_run(db, "PRAGMA page_size = 4096; VACUUM") < 0);
	assert_int_equal(count_rows(db), 400);
	database_close(db);
	db = NULL;
	assert_int_equal(reopen("a.db", &db), 0);
	assert_int_equal(count_rows(db), 400);
	assert_int_equal(check(db), 0);
	database_close(db);
}

static void pitfall_6_nothing_is_mapped(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_prepare(db, "PRAGMA mmap_size = 1000000", &s), 0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_int_equal(column_u64(s, 0), 0);
	statement_done(&s);
	assert_int_equal(add_rows(db, 100, 100), 0);
	assert_int_equal(count_rows(db), 100);
}

/* Pitfall 9: the WAL of each connection belongs to its own file and key. */
static void pitfall_9_each_wal_finds_its_main_file(void **state)
{
	CLEANUP(database_closep) struct database *one = NULL, *two = NULL, *second = NULL;
	struct database_options options = { .create = true, .schema = &rows };

	(void)state;
	assert_int_equal(open_rows("a.db", &one), 0);
	assert_int_equal(database_open(path_of("b.db"), &other_key, &options, &two), 0);
	assert_int_equal(reopen("a.db", &second), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(add_rows(one, 3, 500), 0);
		assert_int_equal(add_rows(two, 2, 500), 0);
		assert_int_equal(add_rows(second, 1, 500), 0);
	}
	assert_int_equal(count_rows(one), 40);
	assert_int_equal(count_rows(two), 20);
	copy_file("a.db", "c.db");
	copy_file("a.db-wal", "c.db-wal");
	assert_int_equal(open_and_check("c.db"), 0);
	assert_int_equal(check(one), 0);
	assert_int_equal(check(two), 0);
	assert_no_marker();
}

static size_t files_in_folder(void)
{
	DIR *open = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(open);
	while ((entry = readdir(open)))
		count += entry->d_name[0] != '.';
	closedir(open);
	return count;
}

/* Pitfall 10: all that would spill stays in memory, and where SQLite is told to spill,
 * it is refused. */
static void pitfall_10_no_temporary_file_is_opened(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	struct database_options options = {
		.create = true, .schema = &rows, .cache_kib = 64
	};
	static const char spill[] =
			"CREATE TEMP TABLE sorted AS "
			"SELECT r.text || s.text AS t FROM row r, row s ORDER BY t DESC;"
			"DROP TABLE sorted";

	(void)state;
	assert_int_equal(database_open(path_of("a.db"), &test_key, &options, &db), 0);
	assert_int_equal(add_rows(db, 100, 400), 0);
	assert_int_equal(database_run(db, spill), 0);
	assert_int_equal(database_run(db, "UPDATE row SET text = text || '!'"), 0);
	assert_int_equal(database_run(db, "VACUUM"), 0);
	assert_int_equal(files_in_folder(), 2);
	assert_int_equal(database_run(db, "PRAGMA temp_store = FILE"), 0);
	assert_true(database_run(db, spill) < 0);
	assert_int_equal(files_in_folder(), 2);
	assert_int_equal(check(db), 0);
}

static void run_once(const char *sql)
{
	struct database *db = NULL;

	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_run(db, sql), 0);
	database_close(db);
}

/* Pitfall 12: a limit of the format, stated so that nobody relies on more. What guards
 * against it is a counter outside the file. */
static void pitfall_12_an_older_page_of_the_file_is_not_noticed(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(freep) char *old = NULL, *new = NULL;
	size_t old_len, len, replayed = 0;

	(void)state;
	run_once("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('old')");
	old = read_bytes("a.db", &old_len);
	run_once("UPDATE note SET text = 'new'");
	new = read_bytes("a.db", &len);
	assert_int_equal(old_len, len);
	for (size_t at = 8192; at < len; at += 8192) {
		replayed += memcmp(new + at, old + at, 8192) != 0;
		memcpy(new + at, old + at, 8192);
	}
	assert_int_equal(replayed, 1);
	write_bytes("b.db", new, len);
	assert_int_equal(open_and_check("b.db"), 0);
	assert_int_equal(reopen("b.db", &db), 0);
	assert_int_equal(database_prepare(db, "SELECT text FROM note", &s), 0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_view(column_view(s, 0), "old");
}

/* Pitfall 12, the other half: so every file has a key of its own. */
static void K01_a_page_of_another_file_does_not_open(void **state)
{
	struct database_options options = { .create = true, .schema = &rows };
	CLEANUP(freep) char *ours = NULL, *theirs = NULL;
	struct database *db = NULL;
	size_t len, their_len;

	(void)state;
	make_rows("a.db", 400, 200);
	assert_int_equal(database_open(path_of("b.db"), &other_key, &options, &db), 0);
	assert_int_equal(add_rows(db, 400, 200), 0);
	database_close(db);
	ours = read_bytes("a.db", &len);
	theirs = read_bytes("b.db", &their_len);
	assert_int_equal(len, their_len);
	memcpy(ours + 3 * 8192, theirs + 3 * 8192, 8192);
	write_bytes("c.db", ours, len);
	assert_int_equal(open_and_check("c.db"), DATABASE_E_DAMAGED);
}

static void every_page_size_works(void **state)
{
	(void)state;
	for (uint32_t size = 512; size <= 65536; size *= 2) {
		struct database_options options = {
			.create = true, .schema = &rows, .page_size = size
		};
		struct database *db = NULL;

		assert_int_equal(database_open(path_of("a.db"), &test_key, &options, &db),
				0);
		assert_int_equal(add_rows(db, 300, 300), 0);
		assert_int_equal(check(db), 0);
		database_close(db);
		assert_int_equal(size_of_file("a.db") % size, 0);
		assert_int_equal(open_and_check("a.db"), 0);
		assert_no_marker();
		unlink(path_of("a.db"));
	}
}

static void full_text_search_works_and_shows_nothing(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	CLEANUP(statement_done) struct statement *s = NULL;

	(void)state;
	assert_int_equal(open_rows("a.db", &db), 0);
	assert_int_equal(database_run(db, "CREATE VIRTUAL TABLE t USING fts5(body);"
					  "INSERT INTO t VALUES ('" MARKER " one');"
					  "INSERT INTO t VALUES ('marker two')"),
			0);
	assert_int_equal(database_prepare(db, "SELECT count(*) FROM t WHERE t MATCH ?1",
					 &s),
			0);
	bind_text(s, 1, VIEW("mark*"));
	assert_int_equal(statement_step(s), DATABASE_ROW);
	assert_int_equal(column_u64(s, 0), 2);
	assert_no_marker();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, empty_folder)
		TEST(a_flipped_byte_on_any_page_is_found),
		TEST(K01_a_page_that_changed_places_is_found),
		TEST(a_file_cut_short_is_found),
		TEST(pitfall_4_a_hole_is_not_an_empty_page),
		TEST(pitfall_5_a_new_page_size_in_place_fails_and_harms_nothing),
		TEST(pitfall_6_nothing_is_mapped),
		TEST(pitfall_9_each_wal_finds_its_main_file),
		TEST(pitfall_10_no_temporary_file_is_opened),
		TEST(pitfall_12_an_older_page_of_the_file_is_not_noticed),
		TEST(K01_a_page_of_another_file_does_not_open),
		TEST(every_page_size_works),
		TEST(full_text_search_works_and_shows_nothing),
	};
	int failed;

	make_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return failed;
}

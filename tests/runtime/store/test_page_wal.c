/* The WAL: what a crash leaves is recovered to the last commit, what was altered is
 * never served, and damage is told from a crash. The chain on the disk is read here by
 * the format's own words, apart from the code that writes it. */
#include "runtime/store/wal_format.h"
#include "tests/runtime/store/database_test.h"

#include <signal.h>
#include <sys/wait.h>

enum {
	PAGE = 8192,
	FRAME = WAL_FRAME + PAGE,
};

static const struct database_options as_it_is = { .create = false };

static int reopen(const char *name, struct database **out)
{
	return database_open(path_of(name), &test_key, &as_it_is, out);
}

/* -1 - outcome where it does not open or is not whole. */
static int64_t rows_in(const char *name)
{
	CLEANUP(database_closep) struct database *db = NULL;
	int r = reopen(name, &db);

	if (!r)
		r = check(db);
	return r ? -1 - (int64_t)r : count_rows(db);
}

/* Runs in a child that is killed when it has done its work. */
static void in_killed_child(void (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		work();
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* -- writers that leave a WAL behind -- */

static void must(int r)
{
	if (r)
		_exit(1);
}

static void ten_commits(void)
{
	struct database *db = NULL;

	must(open_rows("a.db", &db));
	must(database_checkpoint(db));
	for (int i = 0; i < 10; i++)
		must(add_rows(db, 5, 300));
}

/* A cache of a few pages: within one transaction pages go to the WAL and are changed
 * again, so that SQLite overwrites frames and rewrites the checksums behind them. */
static void an_overwriting_commit(void)
{
	struct database_options options = {
		.create = true, .schema = &rows, .cache_kib = 80
	};
	struct database *db = NULL;

	must(database_open(path_of("a.db"), &test_key, &options, &db));
	must(add_rows(db, 400, 300));
	must(database_checkpoint(db));
	must(database_run(db, "BEGIN"));
	for (int i = 0; i < 5; i++)
		must(database_run(db, "UPDATE row SET text = text || '!'"));
	must(database_run(db, "COMMIT"));
	must(database_run(db, "UPDATE row SET text = text || '?' WHERE id < 9"));
}

static void an_unfinished_transaction(void)
{
	struct database_options options = {
		.create = true, .schema = &rows, .cache_kib = 80
	};
	struct database *db = NULL;

	must(database_open(path_of("a.db"), &test_key, &options, &db));
	must(add_rows(db, 100, 300));
	must(database_run(db, "BEGIN; UPDATE row SET text = text || '!'"));
	must(database_run(db, "DELETE FROM row WHERE id > 50"));
}

static void a_restarted_wal(void)
{
	struct database *db = NULL;

	ten_commits();
	must(open_rows("a.db", &db));
	must(database_run(db, "PRAGMA wal_checkpoint(RESTART)"));
	must(add_rows(db, 1, 300));
}

static void two_connections(void)
{
	struct database *one = NULL, *two = NULL;

	must(open_rows("a.db", &one));
	must(open_rows("a.db", &two));
	for (int i = 0; i < 10; i++) {
		must(add_rows(one, 3, 300));
		must(add_rows(two, 2, 300));
		if (i == 5)
			must(database_run(one, "PRAGMA wal_checkpoint(RESTART)"));
	}
}

/* -- recovery -- */

/* How many frames stand in an unbroken chain from the WAL's header on, over what is on
 * the disk. */
static size_t chained_frames(const char *name)
{
	CLEANUP(freep) char *bytes = NULL;
	struct wal_header header;
	struct wal_sum sum;
	size_t len, count = 0;

	bytes = read_bytes(name, &len);
	assert_true(wal_header_parse((unsigned char *)bytes, &header));
	sum = header.sum;
	for (size_t at = WAL_HEADER; at + FRAME <= len; at += FRAME, count++) {
		unsigned char *frame = (unsigned char *)bytes + at;

		sum = wal_frame_sum(
				sum, header.big_endian, frame, frame + WAL_FRAME, PAGE);
		if (!wal_sum_eq(sum, wal_frame_parse(frame).sum))
			break;
	}
	return count;
}

/* Pitfall 1. */
static void pitfall_1_a_killed_writers_commits_are_recovered(void **state)
{
	(void)state;
	in_killed_child(ten_commits);
	assert_no_marker();
	assert_true(chained_frames("a.db-wal") >= 10);
	assert_int_equal(rows_in("a.db"), 50);
	assert_int_equal(rows_in("a.db"), 50);
}

static void pitfall_1_overwritten_frames_are_chained_again(void **state)
{
	struct database *db = NULL;

	(void)state;
	in_killed_child(an_overwriting_commit);
	assert_no_marker();
	assert_int_equal(chained_frames("a.db-wal"),
			(size_of_file("a.db-wal") - WAL_HEADER) / FRAME);
	assert_int_equal(rows_in("a.db"), 400);
	assert_int_equal(reopen("a.db", &db), 0);
	assert_int_equal(database_run(db, "DELETE FROM row WHERE text LIKE '%!!!!!'"
					  " OR text LIKE '%!!!!!?'"),
			0);
	assert_int_equal(count_rows(db), 0);
	database_close(db);
}

static void pitfall_1_what_was_not_committed_is_not_recovered(void **state)
{
	(void)state;
	in_killed_child(an_unfinished_transaction);
	assert_no_marker();
	assert_int_equal(rows_in("a.db"), 100);
}

static void a_restarted_wal_is_recovered(void **state)
{
	(void)state;
	in_killed_child(a_restarted_wal);
	assert_int_equal(rows_in("a.db"), 51);
}

static void connections_that_take_turns_keep_one_chain(void **state)
{
	(void)state;
	in_killed_child(two_connections);
	assert_int_equal(rows_in("a.db"), 50);
}

/* A checkpoint that was cut off may have torn any page that it moved, page 1 too. */
static void a_page_torn_by_a_checkpoint_is_healed_from_the_wal(void **state)
{
	CLEANUP(freep) char *wal = NULL, *main = NULL;
	size_t wal_len, main_len;
	bool first = false;

	(void)state;
	in_killed_child(ten_commits);
	wal = read_bytes("a.db-wal", &wal_len);
	main = read_bytes("a.db", &main_len);
	for (size_t at = WAL_HEADER; at + FRAME <= wal_len; at += FRAME) {
		uint32_t number = wal_frame_parse((unsigned char *)wal + at).page;

		first |= number == 1;
		if (number * PAGE <= main_len)
			memset(main + (number - 1) * PAGE + PAGE / 2, 'z', PAGE / 2);
	}
	assert_true(first);
	write_bytes("b.db", main, main_len);
	copy_file("a.db-wal", "b.db-wal");
	assert_int_equal(rows_in("b.db"), 50);
}

/* -- damage -- */

static void assert_kept(const char *name, const char *was, size_t was_len)
{
	size_t len;
	CLEANUP(freep) char *is = read_bytes(name, &len);

	assert_int_equal(len, was_len);
	assert_memory_equal(is, was, len);
}

/* Where the frames of the last two commits begin: behind that, damage and a torn tail
 * look alike. */
static size_t last_commits_begin(const char *wal, size_t len)
{
	size_t commits[1000], count = 0;

	for (size_t at = WAL_HEADER; at + FRAME <= len; at += FRAME)
		if (wal_frame_parse((const unsigned char *)wal + at).commit)
			commits[count++] = at + FRAME;
	assert_true(count > 3);
	return commits[count - 3];
}

/* Pitfall 2. */
static void pitfall_2_damage_before_later_commits_is_an_alarm(void **state)
{
	static const size_t places[] = { 0, 3, 5, 8, 12, 16, 20, 24, 100, 4000, 8190,
		8215 };
	CLEANUP(freep) char *wal = NULL;
	size_t len, end;

	(void)state;
	in_killed_child(ten_commits);
	wal = read_bytes("a.db-wal", &len);
	end = last_commits_begin(wal, len);
	for (size_t at = WAL_HEADER; at < end; at += FRAME) {
		for (size_t i = 0; i < ARRAY_LEN(places); i++) {
			struct database *db = NULL;
			int r;

			copy_file("a.db", "b.db");
			wal[at + places[i]] ^= 1;
			write_bytes("b.db-wal", wal, len);
			r = reopen("b.db", &db);
			if (r != DATABASE_E_DAMAGED)
				fail_msg("frame at %zu, byte %zu: %d", at, places[i], r);
			assert_kept("b.db-wal", wal, len);
			wal[at + places[i]] ^= 1;
		}
	}
	for (size_t at = 0; at < WAL_HEADER; at++) {
		struct database *db = NULL;

		copy_file("a.db", "b.db");
		wal[at] ^= 1;
		write_bytes("b.db-wal", wal, len);
		assert_int_equal(reopen("b.db", &db), DATABASE_E_DAMAGED);
		assert_kept("b.db-wal", wal, len);
		wal[at] ^= 1;
	}
}

/* Wherever the bit is: the file is refused, or it holds what it held after some commit.
 */
static void a_flipped_bit_in_the_wal_is_never_served(void **state)
{
	CLEANUP(freep) char *wal = NULL;
	size_t len;

	(void)state;
	in_killed_child(ten_commits);
	wal = read_bytes("a.db-wal", &len);
	for (size_t at = 1; at < len; at += len / 60) {
		int64_t count;

		copy_file("a.db", "b.db");
		wal[at] ^= 0x10;
		write_bytes("b.db-wal", wal, len);
		count = rows_in("b.db");
		assert_true(count == -1 - DATABASE_E_DAMAGED ||
				(count >= 0 && count <= 50 && count % 5 == 0));
		unlink(path_of("b.db-wal"));
		wal[at] ^= 0x10;
	}
}

/* As a crash leaves it: cut anywhere, or the last transaction's pages partly on the disk.
 * No alarm, and every earlier commit is there. */
static void a_torn_tail_is_a_crash(void **state)
{
	CLEANUP(freep) char *wal = NULL;
	size_t len, frames;

	(void)state;
	in_killed_child(ten_commits);
	wal = read_bytes("a.db-wal", &len);
	frames = (len - WAL_HEADER) / FRAME;
	for (size_t i = 0; i <= frames; i++) {
		int64_t count;

		copy_file("a.db", "b.db");
		write_bytes("b.db-wal", wal, WAL_HEADER + i * FRAME + (i * 997) % FRAME);
		if (i == frames)
			write_bytes("b.db-wal", wal, len);
		count = rows_in("b.db");
		if (count < 0 || count % 5)
			fail_msg("%zu frames: %lld", i, (long long)count);
		unlink(path_of("b.db-wal"));
	}
	for (size_t at = len - 2 * PAGE; at < len; at += 512) {
		copy_file("a.db", "b.db");
		memset(wal + at, 0, 512);
		write_bytes("b.db-wal", wal, len);
		assert_true(rows_in("b.db") >= 40);
		unlink(path_of("b.db-wal"));
	}
}

/* A whole frame whose checksum was made right again, by someone without the key. */
static void a_forged_frame_with_a_good_chain_is_refused(void **state)
{
	CLEANUP(freep) char *wal = NULL;
	struct database *db = NULL;
	struct wal_header header;
	struct wal_sum sum;
	size_t len;

	(void)state;
	in_killed_child(ten_commits);
	wal = read_bytes("a.db-wal", &len);
	wal[WAL_HEADER + WAL_FRAME + 1000] ^= 1;
	assert_true(wal_header_parse((unsigned char *)wal, &header));
	sum = header.sum;
	for (size_t at = WAL_HEADER; at + FRAME <= len; at += FRAME) {
		unsigned char *frame = (unsigned char *)wal + at;

		sum = wal_frame_sum(
				sum, header.big_endian, frame, frame + WAL_FRAME, PAGE);
		wal_frame_set_sum(frame, sum);
	}
	copy_file("a.db", "b.db");
	write_bytes("b.db-wal", wal, len);
	assert_int_equal(reopen("b.db", &db), DATABASE_E_DAMAGED);
	assert_kept("b.db-wal", wal, len);
}

static void a_wrong_key_is_told_from_damage(void **state)
{
	struct database *db = NULL;

	(void)state;
	in_killed_child(ten_commits);
	assert_int_equal(database_open(path_of("a.db"), &other_key, &as_it_is, &db),
			DATABASE_E_WRONG_KEY);
	assert_int_equal(rows_in("a.db"), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, empty_folder)
		TEST(pitfall_1_a_killed_writers_commits_are_recovered),
		TEST(pitfall_1_overwritten_frames_are_chained_again),
		TEST(pitfall_1_what_was_not_committed_is_not_recovered),
		TEST(a_restarted_wal_is_recovered),
		TEST(connections_that_take_turns_keep_one_chain),
		TEST(a_page_torn_by_a_checkpoint_is_healed_from_the_wal),
		TEST(pitfall_2_damage_before_later_commits_is_an_alarm),
		TEST(a_flipped_bit_in_the_wal_is_never_served),
		TEST(a_torn_tail_is_a_crash),
		TEST(a_forged_frame_with_a_good_chain_is_refused),
		TEST(a_wrong_key_is_told_from_damage),
	};
	int failed;

	make_folder();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder();
	return failed;
}

/* A file that is older than is known, or gone: noticed, left alone, and taken up only where
 * somebody says so. */
#include "tests/runtime/store/account_test.h"

#include "runtime/base/os.h"
#include "runtime/store/database.h"

#include <errno.h>

#define TEXT "Subject: x\r\n\r\ny\r\n"

struct bytes {
	char *data;
	size_t len;
};

static void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
}

static struct bytes read_file(void)
{
	struct bytes bytes = { NULL, 0 };

	assert_int_equal(os_read_file(os_real(), account_path(), 1 << 28, &bytes.data,
					 &bytes.len),
			0);
	return bytes;
}

static void write_file(const struct bytes *bytes)
{
	FILE *file = fopen(account_path(), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, file), bytes->len);
	assert_int_equal(fclose(file), 0);
}

static int open_known(const struct account_mark *known, enum account_accept accept,
		struct account_store **out)
{
	const struct account_store_options options = {
		.path = account_path(),
		.key = &account_key,
		.quota = QUOTA,
		.now = NOW,
		.known = *known,
		.accept = accept,
	};

	return account_store_open(&options, out);
}

static uint64_t commits(struct account_store *store)
{
	return account_store_mark(store)->commits;
}

/* Closes it, and leaves the file as it was before a message more was put in. */
static struct account_mark go_back(struct account_store *store)
{
	CLEANUP(bytes_free) struct bytes copy = { 0 };
	struct account_mark known;
	int64_t id;

	put(store, "INBOX", TEXT, 0, "");
	account_store_close(store);
	copy = read_file();
	store = open_account();
	put(store, "INBOX", TEXT, 0, "");
	put(store, "INBOX", TEXT, 0, "");
	assert_int_equal(mailbox_create(store, VIEW("Later"), &id), STORE_OK);
	known = *account_store_mark(store);
	account_store_close(store);
	write_file(&copy);
	return known;
}

static void I17_every_commit_counts_and_nothing_else(void **state)
{
	struct account_store *store = *state;
	struct flags_change seen = { .action = FLAGS_ADD,
		.flags = { FLAG_SEEN, VIEW("") },
		.unchanged_since = UINT64_MAX };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	uint64_t before = commits(store);
	struct flags_stored stored;

	assert_true(before > 0);
	put(store, "INBOX", TEXT, 0, "");
	assert_true(commits(store) == before + 1);
	assert_int_equal(mailbox_subscribe(store, VIEW("Elsewhere"), true), STORE_OK);
	assert_true(commits(store) == before + 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(flags_store(store, mailbox_of(store, "INBOX"), &every,
						 &seen, arena, &stored),
				STORE_OK);
	assert_true(commits(store) == before + 3);
	assert_int_equal(mailbox_create(store, VIEW("INBOX"), &(int64_t){ 0 }),
			STORE_E_EXISTS);
	assert_true(commits(store) == before + 3);
	*state = store = reopen(store);
	assert_true(commits(store) == before + 3);
}

static void I17_an_older_copy_is_noticed_and_left_alone(void **state)
{
	struct account_mark known = go_back(*state);
	CLEANUP(bytes_free) struct bytes before = read_file();
	CLEANUP(bytes_free) struct bytes after = { 0 };
	struct account_store *store = NULL;

	assert_int_equal(open_known(&known, ACCEPT_KNOWN, &store), STORE_E_OLDER);
	assert_null(store);
	after = read_file();
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	*state = open_account();
}

static void I17_a_file_as_far_as_is_known_or_further_is_opened(void **state)
{
	struct account_store *store = *state;
	struct account_mark known = *account_store_mark(store);

	account_store_close(store);
	store = NULL;
	assert_int_equal(open_known(&known, ACCEPT_KNOWN, &store), STORE_OK);
	put(store, "INBOX", TEXT, 0, "");
	account_store_close(store);
	store = NULL;
	assert_int_equal(open_known(&known, ACCEPT_KNOWN, &store), STORE_OK);
	assert_true(commits(store) == known.commits + 1);
	*state = store;
}

static void I17_what_was_accepted_gives_nothing_out_again(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct account_mark known = go_back(*state);
	struct account_store *store = NULL;
	struct mailbox_entry *entries;
	uint64_t last = known.uidvalidity;
	size_t count;
	int64_t id;

	assert_int_equal(open_known(&known, ACCEPT_FILE, &store), STORE_OK);
	assert_int_equal(account_store_check(store), STORE_OK);
	assert_true(commits(store) > known.commits);
	assert_true(account_store_modseq(store) > known.modseq);
	assert_int_equal(mailbox_list(store, arena, &entries, &count), STORE_OK);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++) {
		assert_true(entries[i].status.uidvalidity > known.uidvalidity);
		assert_true(entries[i].status.uidnext > known.uidnext);
		assert_true(entries[i].status.modseq > known.modseq);
		for (size_t k = 0; k < i; k++)
			assert_true(entries[i].status.uidvalidity !=
					entries[k].status.uidvalidity);
		if (entries[i].status.uidvalidity > last)
			last = entries[i].status.uidvalidity;
	}
	assert_true(put(store, "INBOX", TEXT, 0, "") > known.uidnext);
	assert_int_equal(row_of(store, "INBOX", 1).uid, 1);
	assert_int_equal(mailbox_create(store, VIEW("Later"), &id), STORE_OK);
	assert_true(account_store_mark(store)->uidvalidity > last);
	known = *account_store_mark(store);
	account_store_close(store);
	store = NULL;
	assert_int_equal(open_known(&known, ACCEPT_KNOWN, &store), STORE_OK);
	*state = store;
}

/* As where the whole data directory was put back: nothing remembers anything newer. */
static void I17_a_file_that_nobody_knows_to_be_old_can_be_renewed(void **state)
{
	struct account_store *store = *state;
	const struct account_mark nothing = { 0 };
	struct account_mark before;

	put(store, "INBOX", TEXT, 0, "");
	before = *account_store_mark(store);
	account_store_close(store);
	store = NULL;
	assert_int_equal(open_known(&nothing, ACCEPT_FILE, &store), STORE_OK);
	assert_true(account_store_mark(store)->uidvalidity > before.uidvalidity);
	assert_true(put(store, "INBOX", TEXT, 0, "") > before.uidnext);
	*state = store;
}

static void K01_a_file_that_is_gone_is_not_made_anew(void **state)
{
	struct account_mark known = *account_store_mark(*state);
	struct account_store *store = NULL;

	account_store_close(*state);
	remove_account();
	assert_int_equal(open_known(&known, ACCEPT_KNOWN, &store), STORE_E_GONE);
	assert_int_equal(open_known(&known, ACCEPT_FILE, &store), STORE_E_GONE);
	assert_int_equal(access(account_path(), F_OK), -1);
	assert_int_equal(errno, ENOENT);
	*state = open_account();
}

static void K01_a_file_that_was_emptied_is_damaged(void **state)
{
	struct account_mark known = *account_store_mark(*state);
	struct account_store *store = NULL;

	account_store_close(*state);
	assert_int_equal(truncate(account_path(), 0), 0);
	assert_int_equal(open_known(&known, ACCEPT_KNOWN, &store), STORE_E_DAMAGED);
	assert_int_equal(open_known(&known, ACCEPT_FILE, &store), STORE_E_DAMAGED);
	*state = open_account();
}

static void I17_an_empty_file_is_begun_only_where_none_is_there(void **state)
{
	struct account_mark known = *account_store_mark(*state);
	struct account_store *store = NULL;

	account_store_close(*state);
	assert_int_equal(open_known(&known, ACCEPT_EMPTY, &store), STORE_E_EXISTS);
	remove_account();
	assert_int_equal(open_known(&known, ACCEPT_EMPTY, &store), STORE_OK);
	assert_true(commits(store) > known.commits);
	assert_true(account_store_mark(store)->uidvalidity > known.uidvalidity);
	assert_true(put(store, "INBOX", TEXT, 0, "") > known.uidnext);
	*state = store;
}

/* Of a version that did not count. */
static void an_account_of_before_is_counted_from_now_on(void **state)
{
	CLEANUP(database_closep) struct database *db = NULL;
	const struct database_options options = { 0 };
	struct account_store *store = *state;

	put(store, "INBOX", TEXT, 0, "");
	account_store_close(store);
	assert_int_equal(database_open(account_path(), &account_key, &options, &db), 0);
	assert_int_equal(database_run(db, "ALTER TABLE account DROP COLUMN commits;"
					  "PRAGMA user_version = 1"),
			0);
	database_close(TAKE(db));
	*state = store = open_account();
	assert_true(commits(store) == 0);
	put(store, "INBOX", TEXT, 0, "");
	assert_true(commits(store) == 1);
	assert_int_equal(row_of(store, "INBOX", 1).uid, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(I17_every_commit_counts_and_nothing_else),
		account_test(I17_an_older_copy_is_noticed_and_left_alone),
		account_test(I17_a_file_as_far_as_is_known_or_further_is_opened),
		account_test(I17_what_was_accepted_gives_nothing_out_again),
		account_test(I17_a_file_that_nobody_knows_to_be_old_can_be_renewed),
		account_test(K01_a_file_that_is_gone_is_not_made_anew),
		account_test(K01_a_file_that_was_emptied_is_damaged),
		account_test(I17_an_empty_file_is_begun_only_where_none_is_there),
		account_test(an_account_of_before_is_counted_from_now_on),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

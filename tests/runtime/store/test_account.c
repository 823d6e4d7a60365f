#include "tests/runtime/store/account_test.h"

#include "runtime/base/os.h"

#include <fcntl.h>

#define MARKER "MARKER-that-nobody-may-read-9f3a"

static void a_new_account_has_its_folders(void **state)
{
	/* clang-format off */
	static const struct { const char *name; enum special_use use; } expected[] = {
		{ "Archive", SPECIAL_ARCHIVE },
		{ "Drafts",  SPECIAL_DRAFTS },
		{ "INBOX",   SPECIAL_NONE },
		{ "Junk",    SPECIAL_JUNK },
		{ "Sent",    SPECIAL_SENT },
		{ "Trash",   SPECIAL_TRASH },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct mailbox_entry *entries;
	size_t count;

	assert_int_equal(mailbox_list(*state, arena, &entries, &count), STORE_OK);
	assert_int_equal(count, ARRAY_LEN(expected));
	for (size_t i = 0; i < count; i++) {
		assert_view(entries[i].name, expected[i].name);
		assert_int_equal(entries[i].special_use, expected[i].use);
		assert_true(entries[i].exists && entries[i].id > 0);
		assert_true(entries[i].status.uidvalidity > NOW);
		assert_int_equal(entries[i].status.uidnext, 1);
		for (size_t k = 0; k < i; k++)
			assert_true(entries[i].status.uidvalidity !=
					entries[k].status.uidvalidity);
	}
}

static void what_was_answered_is_there_when_it_is_opened_again(void **state)
{
	struct account_store *store = *state;
	uint64_t modseq;
	struct quota quota;

	put(store, "INBOX", "Subject: one\r\n\r\nbody\r\n", FLAG_SEEN, "$work");
	put(store, "Sent", "Subject: two\r\n\r\nbody\r\n", 0, "");
	modseq = account_store_modseq(store);
	*state = store = reopen(store);
	assert_true(account_store_modseq(store) == modseq);
	assert_int_equal(row_of(store, "INBOX", 1).flags,
			FLAG_SEEN | flags_keyword_mask(store, VIEW("$WORK")));
	assert_true(flags_keyword_mask(store, VIEW("$work")) != 0);
	quota_read(store, &quota);
	assert_int_equal(quota.messages, 2);
	assert_int_equal(quota.used, 2 * strlen("Subject: one\r\n\r\nbody\r\n"));
	assert_int_equal(quota.limit, QUOTA);
}

static void K01_another_key_does_not_open_it(void **state)
{
	struct key other = { "another key" };
	struct account_store_options options = {
		.path = account_path(), .key = &other, .quota = QUOTA, .now = NOW
	};
	struct account_store *store = NULL;

	account_store_close(*state);
	assert_int_equal(account_store_open(&options, &store), STORE_E_DAMAGED);
	assert_null(store);
	*state = open_account();
}

static bool file_has(const char *path, const char *text)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len;

	if (os_read_file(os_real(), path, 1 << 28, &bytes, &len))
		return false;
	return memmem(bytes, len, text, strlen(text)) != NULL;
}

static void no_word_of_a_message_is_on_the_disk(void **state)
{
	struct account_store *store = *state;
	char wal[120];

	snprintf(wal, sizeof(wal), "%s-wal", account_path());
	put(store, "INBOX", "Subject: " MARKER "\r\n\r\n" MARKER "\r\n", 0, "");
	assert_false(file_has(account_path(), MARKER));
	assert_false(file_has(wal, MARKER));
	assert_false(file_has(account_path(), "INBOX"));
	assert_false(file_has(wal, "INBOX"));
	account_store_close(store);
	assert_false(file_has(account_path(), MARKER));
	*state = open_account();
}

static void K01_a_flipped_byte_is_noticed(void **state)
{
	struct account_store *store = *state;
	int noticed = 0, fd;
	off_t size;

	for (int i = 0; i < 50; i++)
		put(store, "INBOX", "Subject: x\r\n\r\nsome text to fill pages\r\n", 0,
				"");
	account_store_close(store);
	fd = open(account_path(), O_RDWR);
	assert_true(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	for (off_t at = 100; at < size; at += size / 20) {
		char byte;
		int r;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		store = NULL;
		r = try_open(&store);
		if (!r)
			r = account_store_check(store);
		noticed += r == STORE_E_DAMAGED;
		assert_int_equal(r, STORE_E_DAMAGED);
		account_store_close(store);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	assert_true(noticed >= 20);
	*state = open_account();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(a_new_account_has_its_folders),
		account_test(what_was_answered_is_there_when_it_is_opened_again),
		account_test(K01_another_key_does_not_open_it),
		account_test(no_word_of_a_message_is_on_the_disk),
		account_test(K01_a_flipped_byte_is_noticed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

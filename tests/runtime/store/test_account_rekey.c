/* An account under another key: killed at each call that changes the disk, it opens under the
 * one key or the other, with all that was in it, and goes on. */
#include "tests/runtime/store/account_test.h"
#include "tests/runtime/store/failing_vfs.h"

#include <sys/wait.h>

static const struct key other_key = { "another key of the same account." };

enum {
	MESSAGES = 12,
	KILLED = 9,
};

static int open_with(const struct key *key, const char *below, struct account_store **out)
{
	const struct account_store_options options = { .path = account_path(),
		.key = key,
		.quota = QUOTA,
		.now = NOW,
		.below = below };

	return account_store_open(&options, out);
}

/* Which does not compress. */
static void make_text(char *out, size_t size, unsigned seed)
{
	size_t len = (size_t)snprintf(out, size, "Subject: %u\r\n\r\n", seed);

	for (; len + 3 < size; len++) {
		seed = seed * 1103515245 + 12345;
		out[len] = (char)('0' + (seed >> 16) % 64);
	}
	memcpy(out + len, "\r\n", 3);
}

static void fill(void)
{
	struct account_store *store = open_account();
	char text[9000];

	for (unsigned i = 0; i < MESSAGES; i++) {
		make_text(text, sizeof(text), i);
		put(store, "INBOX", text, i & 1, "");
	}
	account_store_close(store);
}

static void assert_whole(struct account_store *store)
{
	struct quota quota;

	assert_int_equal(account_store_check(store), STORE_OK);
	quota_read(store, &quota);
	assert_int_equal(quota.messages, MESSAGES);
}

/* Which of the two opens it: the other one must not. */
static bool is_rekeyed(void)
{
	CLEANUP(account_store_closep) struct account_store *old = NULL;
	CLEANUP(account_store_closep) struct account_store *new = NULL;
	int r = open_with(&account_key, NULL, &old);

	if (r == STORE_OK)
		assert_whole(old);
	else
		assert_int_equal(r, STORE_E_DAMAGED);
	account_store_close(TAKE(old));
	assert_int_equal(open_with(&other_key, NULL, &new),
			r == STORE_OK ? STORE_E_DAMAGED : STORE_OK);
	if (new)
		assert_whole(new);
	return r != STORE_OK;
}

static int rekey(const char *below)
{
	CLEANUP(account_store_closep) struct account_store *store = NULL;
	int r = open_with(&account_key, below, &store);

	return r ? r : account_store_rekey(store, account_path(), &other_key);
}

/* True where it ended before the call came. */
static bool killed_at(unsigned nth)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		failing_vfs_arm(FAIL_KILL, nth);
		_exit(rekey(FAILING_VFS) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
	return WEXITSTATUS(status) == 0;
}

static void remove_all(void)
{
	static const char *const endings[] = { ".new", ".new-wal", ".new-journal" };

	remove_account();
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		char path[120];

		snprintf(path, sizeof(path), "%s%s", account_path(), endings[i]);
		unlink(path);
	}
}

static void it_opens_under_the_new_key_alone(void **state)
{
	(void)state;
	fill();
	assert_false(is_rekeyed());
	assert_int_equal(rekey(NULL), STORE_OK);
	assert_true(is_rekeyed());
	remove_all();
}

static void killed_at_every_call_it_is_whole_and_goes_on(void **state)
{
	unsigned before = 0, after = 0;
	bool ended = false;

	(void)state;
	for (unsigned nth = 1; !ended; nth++) {
		bool rekeyed;
		char copy[120];

		fill();
		ended = killed_at(nth);
		rekeyed = is_rekeyed();
		before += !rekeyed;
		after += rekeyed;
		if (!rekeyed)
			assert_int_equal(rekey(NULL), STORE_OK);
		assert_true(is_rekeyed());
		snprintf(copy, sizeof(copy), "%s.new", account_path());
		assert_int_not_equal(access(copy, F_OK), 0);
		remove_all();
	}
	assert_int_equal(after, 1); /* the one that was not killed */
	assert_true(before > 20);
}

/* The copy has its place, and the connection to what was there is still open. */
static void killed_after_the_rename_it_has_the_new_key(void **state)
{
	struct account_store *store;
	int status = 0;
	pid_t child;

	(void)state;
	fill();
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (open_with(&account_key, NULL, &store) ||
				account_store_rekey(store, account_path(), &other_key))
			_exit(1);
		_exit(KILLED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), KILLED);
	assert_true(is_rekeyed());
	remove_all();
}

/* A disk that fails is told, and the file stays as it was. */
static void a_failing_disk_leaves_the_old_key(void **state)
{
	static const enum failure how[] = { FAIL_WRITE, FAIL_FULL, FAIL_DEAD };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(how); i++)
		for (unsigned nth = 5; nth < 40; nth += 7) {
			fill();
			failing_vfs_arm(how[i], nth);
			assert_int_not_equal(rekey(FAILING_VFS), STORE_OK);
			failing_vfs_arm(FAIL_WRITE, 0);
			assert_false(is_rekeyed());
			remove_all();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_opens_under_the_new_key_alone),
		cmocka_unit_test(killed_at_every_call_it_is_whole_and_goes_on),
		cmocka_unit_test(killed_after_the_rename_it_has_the_new_key),
		cmocka_unit_test(a_failing_disk_leaves_the_old_key),
	};

	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

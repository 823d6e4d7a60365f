/* Every call of the disk below an account file fails in turn, in four ways. A call that
 * answered 0 lasts; one that did not has changed nothing; the file passes its check. */
#include "tests/runtime/store/account_test.h"
#include "tests/runtime/store/failing_vfs.h"

enum {
	STEPS = 8,
	SEVERAL = 3,
};

static int open_failing(struct account_store **out)
{
	struct account_store_options options = { .path = account_path(),
		.key = &account_key,
		.quota = QUOTA,
		.now = NOW,
		.below = FAILING_VFS };

	return account_store_open(&options, out);
}

/* Three messages at once; the first two wait in the file. */
static int append_several(struct account_store *store, int64_t mailbox)
{
	struct append *appends[SEVERAL] = { NULL };
	struct append_options options[SEVERAL];
	struct append_result results[SEVERAL];
	int r = 0;

	for (int i = 0; i < SEVERAL && !r; i++) {
		options[i] = (struct append_options){ .mailbox = mailbox };
		r = append_begin(store, &appends[i]);
		if (!r)
			r = append_chunk(appends[i], VIEW("Subject: y\r\n\r\nz\r\n"));
		if (!r && i == 1)
			r = append_settle(appends, 2);
	}
	if (!r)
		r = append_commit_all(appends, options, SEVERAL, results);
	for (int i = 0; i < SEVERAL; i++)
		append_abort(appends[i]);
	return r;
}

/* The n-th step of a small life of an account. */
static int step(struct account_store *store, int n, int64_t inbox, int64_t trash)
{
	static char large[600000];
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct flags_change deleted = { .action = FLAGS_ADD,
		.flags = { FLAG_DELETED, VIEW("kw") },
		.unchanged_since = UINT64_MAX };
	struct append_result appended;
	struct flags_stored stored;
	struct copy_result copied;
	struct expunge_result gone;
	struct uid_set first = one(1);
	int64_t id;
	int r;

	switch (n) {
	case 0:
	case 1:
		r = try_append(store, inbox, VIEW("Subject: x\r\n\r\nbody\r\n"),
				(struct flag_list){ 0 }, &appended);
		break;
	case 2:
		r = try_append(store, inbox, view_of(large, sizeof(large)),
				(struct flag_list){ 0 }, &appended);
		break;
	case 3:
		r = flags_store(store, inbox, &first, &deleted, arena, &stored);
		break;
	case 4:
		r = message_copy(store, inbox, &first, trash, &copied);
		if (!r)
			copy_result_free(&copied);
		break;
	case 5:
		r = message_expunge(store, inbox, NULL, &gone);
		if (!r)
			uid_set_free(&gone.expunged);
		break;
	case 6:
		r = append_several(store, inbox);
		break;
	default:
		r = mailbox_create(store, VIEW("new"), &id);
	}
	uid_set_free(&first);
	return r;
}

/* What a client would see: messages and MODSEQ of the two mailboxes, and their number. */
struct picture {
	uint32_t messages[2], uidnext[2], deleted[2];
	uint64_t modseq, used;
	size_t mailboxes;
};

static struct picture look(struct account_store *store)
{
	static const char *const names[] = { "INBOX", "Trash" };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct picture p;
	struct mailbox_entry *entries;
	struct quota quota;

	memset(&p, 0, sizeof(p));
	for (int i = 0; i < 2; i++) {
		struct mailbox_status status;

		assert_int_equal(mailbox_status(store, mailbox_of(store, names[i]),
						 &status),
				STORE_OK);
		p.messages[i] = status.messages;
		p.uidnext[i] = status.uidnext;
		p.deleted[i] = status.deleted;
	}
	quota_read(store, &quota);
	p.used = quota.used;
	p.modseq = account_store_modseq(store);
	assert_int_equal(mailbox_list(store, arena, &entries, &p.mailboxes), STORE_OK);
	return p;
}

/* Runs the steps with the n-th call failing; false where no call was left to fail. */
static bool run(enum failure kind, unsigned nth)
{
	struct picture before, after;
	struct account_store *store = NULL;
	int64_t inbox, trash;
	bool failed = false;

	remove_account();
	failing_vfs_arm(kind, 0);
	assert_int_equal(open_failing(&store), STORE_OK);
	inbox = mailbox_of(store, "INBOX");
	trash = mailbox_of(store, "Trash");
	before = look(store);
	failing_vfs_arm(kind, nth);
	for (int n = 0; n < STEPS && !failed; n++) {
		int r = step(store, n, inbox, trash);

		failed = failing_vfs_failed();
		if (!r && !failed)
			before = look(store);
		else if (!r)
			after = look(store); /* it did not need that call */
		if (failed)
			after = r ? before : after;
	}
	failing_vfs_arm(kind, 0);
	account_store_close(store);
	if (!failed)
		return false;
	store = open_account();
	assert_int_equal(account_store_check(store), STORE_OK);
	before = look(store);
	/* A large append draws no MODSEQ before its commit, a refused one none at all. */
	assert_memory_equal(&before, &after, sizeof(after));
	account_store_close(store);
	return true;
}

static void whatever_call_fails_what_was_answered_lasts(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (int kind = FAIL_WRITE; kind <= FAIL_DEAD; kind++)
		for (unsigned nth = 1; run((enum failure)kind, nth); nth++)
			failures++;
	assert_true(failures > 50);
}

static void a_full_disk_at_the_first_opening_leaves_it_openable(void **state)
{
	struct account_store *store = NULL;
	int r = STORE_E_FULL;

	(void)state;
	for (unsigned nth = 1; r; nth++) {
		remove_account();
		failing_vfs_arm(FAIL_FULL, nth);
		r = open_failing(&store);
		failing_vfs_arm(FAIL_FULL, 0);
		if (r)
			assert_int_equal(open_failing(&store), STORE_OK);
		assert_int_equal(account_store_check(store), STORE_OK);
		account_store_close(store);
		store = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_call_fails_what_was_answered_lasts),
		cmocka_unit_test(a_full_disk_at_the_first_opening_leaves_it_openable),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

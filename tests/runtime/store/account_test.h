/* What the tests of the account store share: an account in a folder of its own, and
 * messages in it. */
#ifndef TESTS_RUNTIME_STORE_ACCOUNT_TEST_H
#define TESTS_RUNTIME_STORE_ACCOUNT_TEST_H

#include "runtime/base/error.h"
#include "runtime/crypto/key.h"
#include "runtime/store/change_feed.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"
#include "runtime/store/quota.h"
#include "runtime/store/search.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct key account_key = { "the key of the account in tests" };
static char folder[] = "/tmp/posthus-test-account.XXXXXX";

enum {
	NOW = 1795505623,
	QUOTA = 100 * 1024 * 1024,
};

UNUSED static const char *account_path(void)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/account.db", folder);
	return path;
}

UNUSED static int try_open(struct account_store **out)
{
	struct account_store_options options = {
		.path = account_path(), .key = &account_key, .quota = QUOTA, .now = NOW
	};

	return account_store_open(&options, out);
}

UNUSED static struct account_store *open_account(void)
{
	struct account_store *store = NULL;

	assert_int_equal(try_open(&store), STORE_OK);
	return store;
}

UNUSED static void remove_account(void)
{
	static const char *const endings[] = { "", "-wal", "-journal", "-shm" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		char path[120];

		snprintf(path, sizeof(path), "%s%s", account_path(), endings[i]);
		unlink(path);
	}
}

/* It passes its own check after it was opened again. */
UNUSED static struct account_store *reopen(struct account_store *store)
{
	account_store_close(store);
	store = open_account();
	assert_int_equal(account_store_check(store), STORE_OK);
	return store;
}

UNUSED static int64_t mailbox_of(struct account_store *store, const char *name)
{
	int64_t id = 0;

	assert_int_equal(mailbox_find(store, view_z(name), &id), STORE_OK);
	assert_true(id > 0);
	return id;
}

UNUSED static int try_append(struct account_store *store, int64_t mailbox,
		struct view text, struct flag_list flags, struct append_result *out)
{
	struct append_options options = {
		.mailbox = mailbox, .flags = flags, .internal_date = NOW
	};
	struct append *a;
	int r = append_begin(store, &a);

	if (!r)
		r = append_chunk(a, text);
	if (!r)
		r = append_commit(&a, &options, out);
	if (r)
		append_abort(a);
	return r;
}

/* Its UID. */
UNUSED static uint32_t put(struct account_store *store, const char *mailbox,
		const char *text, uint64_t flags, const char *keywords)
{
	struct append_result result = { 0 };

	assert_int_equal(try_append(store, mailbox_of(store, mailbox), view_z(text),
					 (struct flag_list){ flags, view_z(keywords) },
					 &result),
			STORE_OK);
	assert_true(result.uid > 0);
	return result.uid;
}

static const struct uid_range every_range[] = { { 1, UINT32_MAX } };
static const struct uid_set every = { (struct uid_range *)every_range, 1, 1 };

/* "1:3,5" */
UNUSED static const char *set_text(const struct uid_set *set)
{
	static char text[4][400];
	static unsigned next;
	char *out = text[next++ % 4];
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < set->count; i++) {
		struct uid_range r = set->ranges[i];

		len += (size_t)snprintf(out + len, sizeof(text[0]) - len,
				r.first == r.last ? "%s%u" : "%s%u:%u", i ? "," : "",
				r.first, r.last);
	}
	return out;
}

UNUSED static struct uid_set one(uint32_t uid)
{
	struct uid_set set = UID_SET_NULL;

	uid_set_add(&set, uid, uid);
	return set;
}

/* The row of one message; its texts live until the next call. */
UNUSED static struct message_row row_of(
		struct account_store *store, const char *mailbox, uint32_t uid)
{
	static struct arena *arena;
	struct message_page page = { 0 };
	struct uid_set set = one(uid);

	arena_free(arena);
	arena = arena_new();
	assert_int_equal(message_list(store, mailbox_of(store, mailbox), &set, 1, 0,
					 MESSAGE_WANT_ENVELOPE | MESSAGE_WANT_BODY |
							 MESSAGE_WANT_BODYSTRUCTURE,
					 (struct message_budget){ 10, 1 << 20 }, arena,
					 &page),
			STORE_OK);
	assert_int_equal(page.count, 1);
	uid_set_free(&set);
	return page.rows[0];
}

UNUSED static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

UNUSED static int remove_folder(void **state)
{
	(void)state;
	remove_account();
	return rmdir(folder);
}

UNUSED static int fresh(void **state)
{
	remove_account();
	*state = open_account();
	return 0;
}

UNUSED static int closed(void **state)
{
	int r = account_store_check(*state);

	account_store_close(*state);
	return r;
}

#define account_test(test) cmocka_unit_test_setup_teardown(test, fresh, closed)

#endif

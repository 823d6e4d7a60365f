#include "runtime/base/limit.h"
#include "tests/runtime/store/account_test.h"

#define TEXT "Subject: x\r\n\r\n"

static int change(struct account_store *store, const struct uid_set *uids,
		enum flags_action action, uint64_t system, const char *keywords,
		uint64_t unchanged_since, struct arena *arena, struct flags_stored *out)
{
	struct flags_change c = { .action = action,
		.flags = { system, view_z(keywords) },
		.unchanged_since = unchanged_since };

	return flags_store(store, mailbox_of(store, "INBOX"), uids, &c, arena, out);
}

static const char *keywords_of(struct account_store *store, uint32_t uid)
{
	static char text[4000];
	CLEANUP(buf_free) struct buf b = BUF_NULL(sizeof(text) - 1);

	flags_keywords(store, row_of(store, "INBOX", uid).flags, &b);
	memcpy(text, b.data ? b.data : "", b.len);
	text[b.len] = '\0';
	return text;
}

static void flags_are_added_removed_and_replaced(void **state)
{
	struct account_store *store = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct flags_stored out;
	uint64_t last;

	put(store, "INBOX", TEXT, FLAG_SEEN, "");
	put(store, "INBOX", TEXT, 0, "Work");
	assert_int_equal(change(store, &every, FLAGS_ADD, FLAG_FLAGGED, "work  $new",
					 UINT64_MAX, arena, &out),
			0);
	assert_int_equal(out.count, 2);
	assert_true(out.rows[0].changed && out.rows[1].changed);
	assert_true(out.rows[0].modseq == out.rows[1].modseq);
	assert_true(out.modseq == out.rows[0].modseq && out.modseq > out.modseq_before);
	assert_string_equal(keywords_of(store, 1), "Work $new");
	assert_int_equal(row_of(store, "INBOX", 1).flags & FLAGS_SYSTEM,
			FLAG_SEEN | FLAG_FLAGGED);
	/* Again: nothing changes, no number is drawn. */
	last = account_store_modseq(store);
	assert_int_equal(change(store, &every, FLAGS_ADD, FLAG_FLAGGED, "WORK",
					 UINT64_MAX, arena, &out),
			0);
	assert_int_equal(out.count, 2);
	assert_false(out.rows[0].changed || out.rows[1].changed);
	assert_true(out.modseq == out.modseq_before);
	assert_true(account_store_modseq(store) == last);
	assert_int_equal(change(store, &every, FLAGS_REMOVE, FLAG_SEEN, "unheard-of work",
					 UINT64_MAX, arena, &out),
			0);
	assert_string_equal(keywords_of(store, 2), "$new");
	assert_int_equal(flags_keyword_mask(store, VIEW("unheard-of")), 0);
	assert_int_equal(change(store, &every, FLAGS_REPLACE, FLAG_DRAFT, "", UINT64_MAX,
					 arena, &out),
			0);
	assert_int_equal(row_of(store, "INBOX", 1).flags, FLAG_DRAFT);
	assert_string_equal(keywords_of(store, 2), "");
	*state = reopen(store);
}

static void what_changed_since_is_left_alone(void **state)
{
	struct account_store *store = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct uid_set second = one(2);
	struct flags_stored out;
	uint64_t known;

	for (int i = 0; i < 3; i++)
		put(store, "INBOX", TEXT, 0, "");
	known = account_store_modseq(store);
	assert_int_equal(change(store, &second, FLAGS_ADD, FLAG_SEEN, "", UINT64_MAX,
					 arena, &out),
			0);
	assert_int_equal(change(store, &every, FLAGS_ADD, FLAG_FLAGGED, "", known, arena,
					 &out),
			0);
	assert_string_equal(set_text(&out.modified), "2");
	assert_int_equal(out.count, 2);
	assert_int_equal(out.rows[0].uid, 1);
	assert_int_equal(out.rows[1].uid, 3);
	assert_int_equal(row_of(store, "INBOX", 2).flags, FLAG_SEEN);
	uid_set_free(&out.modified);
	uid_set_free(&second);
	assert_int_equal(flags_store(store, 999, &every,
					 &(struct flags_change){ .action = FLAGS_ADD },
					 arena, &out),
			STORE_E_ABSENT);
}

static void keywords_have_a_limit_and_unused_ones_make_room(void **state)
{
	struct account_store *store = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct flags_stored out;
	struct expunge_result gone;
	char name[32];
	size_t limit = (size_t)limit_value(LIMIT_STORE_KEYWORDS);

	assert_int_equal(limit, FLAG_KEYWORD_END - FLAG_KEYWORD_FIRST);
	put(store, "INBOX", TEXT, 0, "");
	for (size_t i = 0; i < limit; i++) {
		snprintf(name, sizeof(name), "k%zu", i);
		assert_int_equal(change(store, &every, FLAGS_ADD, 0, name, UINT64_MAX,
						 arena, &out),
				0);
	}
	assert_int_equal(change(store, &every, FLAGS_ADD, 0, "one-more", UINT64_MAX,
					 arena, &out),
			STORE_E_LIMIT);
	assert_int_equal(flags_keyword_mask(store, VIEW("one-more")), 0);
	assert_true(flags_keyword_mask(store, VIEW("k0")) != 0);
	assert_int_equal(change(store, &every, FLAGS_REMOVE, FLAG_DELETED, "k7 k9",
					 UINT64_MAX, arena, &out),
			0);
	assert_int_equal(change(store, &every, FLAGS_ADD, FLAG_DELETED, "one-more",
					 UINT64_MAX, arena, &out),
			0);
	assert_int_equal(flags_keyword_mask(store, VIEW("k7")), 0);
	assert_non_null(strstr(keywords_of(store, 1), "one-more"));
	assert_null(strstr(keywords_of(store, 1), "k7"));
	assert_non_null(strstr(keywords_of(store, 1), "k54"));
	/* In one command they are all or none. */
	assert_int_equal(change(store, &every, FLAGS_ADD, 0, "n1 n2 n3", UINT64_MAX,
					 arena, &out),
			STORE_E_LIMIT);
	assert_int_equal(flags_keyword_mask(store, VIEW("n1")), 0);
	*state = store = reopen(store);
	assert_int_equal(message_expunge(store, mailbox_of(store, "INBOX"), NULL, &gone),
			0);
	uid_set_free(&gone.expunged);
	put(store, "INBOX", TEXT, 0, "n1 n2 n3");
	assert_int_equal(strlen(keywords_of(store, 2)), strlen("n1 n2 n3"));
	assert_non_null(strstr(keywords_of(store, 2), "n1"));
	assert_non_null(strstr(keywords_of(store, 2), "n2"));
	assert_non_null(strstr(keywords_of(store, 2), "n3"));
	*state = reopen(store);
}

static void counters_follow_the_flags(void **state)
{
	struct account_store *store = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct flags_stored out;
	struct mailbox_status status;

	put(store, "INBOX", TEXT, 0, "");
	put(store, "INBOX", TEXT, FLAG_SEEN, "");
	assert_int_equal(change(store, &every, FLAGS_ADD, FLAG_SEEN | FLAG_DELETED, "",
					 UINT64_MAX, arena, &out),
			0);
	assert_int_equal(mailbox_status(store, mailbox_of(store, "INBOX"), &status), 0);
	assert_int_equal(status.unseen, 0);
	assert_int_equal(status.deleted, 2);
	assert_int_equal(status.messages, 2);
	assert_true(status.modseq == out.modseq);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(flags_are_added_removed_and_replaced),
		account_test(what_changed_since_is_left_alone),
		account_test(keywords_have_a_limit_and_unused_ones_make_room),
		account_test(counters_follow_the_flags),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

#include "tests/runtime/store/account_test.h"

#include "runtime/mail/header.h"

#define PLAIN "From: Ann <ann@example.net>\r\nSubject: hello\r\n\r\nbody\r\n"

static const char multipart[] = "From: Ann <ann@example.net>\r\n"
				"Content-Type: multipart/mixed; boundary=b\r\n"
				"\r\n"
				"--b\r\n"
				"Content-Type: text/plain\r\n"
				"\r\n"
				"first\r\n"
				"--b\r\n"
				"Content-Type: message/rfc822\r\n"
				"\r\n"
				"Subject: inner\r\n"
				"\r\n"
				"deep\r\n"
				"--b--\r\n";

/* The bytes of a section, until the next call; NULL: there is none. */
static const char *section(struct account_store *store, uint32_t uid, const char *name)
{
	static char text[2000];
	CLEANUP(buf_free) struct buf b = BUF_NULL(sizeof(text) - 1);
	struct section_range range;
	int64_t content = row_of(store, "INBOX", uid).content;
	int r = message_section(store, content, view_z(name), &range);

	if (r == STORE_E_ABSENT)
		return NULL;
	assert_int_equal(r, STORE_OK);
	assert_int_equal(message_read(store, content, range.offset, range.len, &b), 0);
	assert_int_equal(b.len, range.len);
	memcpy(text, b.len ? b.data : "", b.len);
	text[b.len] = '\0';
	return text;
}

static void a_message_is_told_as_imap_wants_it(void **state)
{
	uint32_t uid = put(*state, "INBOX", PLAIN, 0, "");
	struct message_row row = row_of(*state, "INBOX", uid);

	assert_int_equal(uid, 1);
	assert_int_equal(row.size, strlen(PLAIN));
	assert_int_equal(row.internal_date, NOW);
	assert_view(row.envelope,
			"(NIL \"hello\" ((\"Ann\" NIL \"ann\" \"example.net\"))"
			" ((\"Ann\" NIL \"ann\" \"example.net\"))"
			" ((\"Ann\" NIL \"ann\" \"example.net\")) NIL NIL NIL NIL NIL)");
	assert_true(view_starts(row.body, VIEW("(\"text\" \"plain\"")) ||
			view_starts(row.body, VIEW("(\"TEXT\" \"PLAIN\"")));
	assert_true(row.bodystructure.len > row.body.len);
}

static void sections_are_read_where_they_lie(void **state)
{
	uint32_t uid = put(*state, "INBOX", multipart, 0, "");

	assert_string_equal(section(*state, uid, ""), multipart);
	assert_string_equal(section(*state, uid, "1"), "first");
	assert_string_equal(section(*state, uid, "1.MIME"),
			"Content-Type: text/plain\r\n\r\n");
	assert_string_equal(section(*state, uid, "2.HEADER"), "Subject: inner\r\n\r\n");
	assert_string_equal(section(*state, uid, "2.TEXT"), "deep");
	assert_string_equal(section(*state, uid, "2.1"), "deep");
	assert_null(section(*state, uid, "3"));
	assert_null(section(*state, uid, "1.HEADER"));
}

static void any_part_of_a_large_message_can_be_read(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 4096, 4097, 65535, 65536, 65537,
		262144, 300000, 1000000 };
	struct account_store *store = *state;

	srand(3);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t size = sizes[i];
		CLEANUP(freep) char *text = xmalloc(size + 1);
		struct append_options options = { .mailbox = mailbox_of(store, "INBOX"),
			.internal_date = NOW };
		struct append_result result;
		struct append *a;
		int64_t content;

		/* Half of it compresses, half does not. */
		for (size_t at = 0; at < size; at++)
			text[at] = (char)(at / 10000 % 2 ? 'a' : rand());
		if (size > 200)
			memcpy(text, "Subject: x\r\n\r\n", 14);
		assert_int_equal(append_begin(store, &a), STORE_OK);
		for (size_t at = 0; at < size;) {
			size_t len = 1 + (size_t)rand() % 70000;

			assert_int_equal(append_chunk(a, view_sub(view_of(text, size), at,
									 len)),
					STORE_OK);
			at += len;
		}
		assert_int_equal(append_commit(&a, &options, &result), STORE_OK);
		assert_null(a);
		content = row_of(store, "INBOX", result.uid).content;
		for (int round = 0; round < 30; round++) {
			size_t at = round ? (size_t)rand() % (size + 2) : 0;
			size_t len = round ? (size_t)rand() % (size + 2) : size + 1;
			struct view wanted = view_sub(view_of(text, size), at, len);
			CLEANUP(buf_free) struct buf b = BUF_NULL(size + 1);

			assert_int_equal(message_read(store, content, at, len, &b), 0);
			assert_true(view_eq(buf_view(&b), wanted));
		}
	}
	*state = reopen(store);
}

static void an_abandoned_append_leaves_nothing(void **state)
{
	struct account_store *store = *state;
	CLEANUP(freep) char *text = xcalloc(1, 900000);
	struct append *a;
	struct append *b;

	assert_int_equal(append_begin(store, &a), STORE_OK);
	assert_int_equal(append_begin(store, &b), STORE_OK);
	assert_int_equal(append_chunk(a, view_of(text, 900000)), STORE_OK);
	assert_int_equal(append_chunk(b, view_of(text, 900000)), STORE_OK);
	put(store, "INBOX", PLAIN, 0, "");
	append_abort(a);
	append_abort(b);
	append_abort(NULL);
	*state = store = reopen(store);
	assert_int_equal(row_of(store, "INBOX", 1).size, strlen(PLAIN));
}

static void an_append_that_is_refused_can_be_tried_again(void **state)
{
	struct account_store *store = *state;
	CLEANUP(freep) char *text = xcalloc(1, 400000);
	struct append_options options = { .mailbox = 12345, .internal_date = NOW };
	struct append_result result;
	struct append *a;

	assert_int_equal(append_begin(store, &a), STORE_OK);
	assert_int_equal(append_chunk(a, view_of(text, 400000)), STORE_OK);
	assert_int_equal(append_commit(&a, &options, &result), STORE_E_ABSENT);
	assert_non_null(a);
	options.mailbox = mailbox_of(store, "INBOX");
	account_store_set_quota(store, 399999);
	assert_int_equal(append_commit(&a, &options, &result), STORE_E_QUOTA);
	account_store_set_quota(store, QUOTA);
	assert_int_equal(append_commit(&a, &options, &result), STORE_OK);
	assert_int_equal(row_of(store, "INBOX", result.uid).size, 400000);
	*state = reopen(store);
}

static void the_quota_is_exact(void **state)
{
	struct account_store *store = *state;
	int64_t inbox = mailbox_of(store, "INBOX");
	struct append_result result;
	struct copy_result copied;
	struct quota quota;
	struct flag_list none = { 0 };

	account_store_set_quota(store, 100);
	assert_int_equal(try_append(store, inbox, view_of("0123456789", 10), none,
					 &result),
			0);
	assert_int_equal(append_check(store, inbox, 90), STORE_OK);
	assert_int_equal(append_check(store, inbox, 91), STORE_E_QUOTA);
	assert_int_equal(append_check(store, 9999, 1), STORE_E_ABSENT);
	for (int i = 0; i < 4; i++) { /* 10, 20, 40, 80 */
		int r = message_copy(store, inbox, &every, inbox, &copied);

		assert_int_equal(r, i < 3 ? STORE_OK : STORE_E_QUOTA);
		if (!r)
			copy_result_free(&copied);
	}
	quota_read(store, &quota);
	assert_int_equal(quota.used, 80);
	assert_int_equal(quota.messages, 8);
	assert_int_equal(try_append(store, inbox, view_of("0123456789012345678901", 21),
					 none, &result),
			STORE_E_QUOTA);
	assert_int_equal(mailbox_delete(store, VIEW("Trash")), STORE_OK);
	*state = reopen(store);
}

static void copies_share_their_content(void **state)
{
	struct account_store *store = *state;
	int64_t inbox = mailbox_of(store, "INBOX"), sent = mailbox_of(store, "Sent");
	struct flags_change deleted = { .action = FLAGS_ADD,
		.flags = { .system = FLAG_DELETED },
		.unchanged_since = UINT64_MAX };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct copy_result copied;
	struct flags_stored stored;
	struct expunge_result gone;
	struct message_row original, copy;
	struct uid_set some = UID_SET_NULL;

	for (int i = 0; i < 4; i++)
		put(store, "INBOX", PLAIN, i % 2 ? FLAG_SEEN : 0, "$kw");
	put(store, "Sent", PLAIN, 0, "");
	uid_set_add(&some, 2, 2);
	uid_set_add(&some, 4, 90);
	assert_int_equal(message_copy(store, inbox, &some, sent, &copied), STORE_OK);
	assert_string_equal(set_text(&copied.from), "2,4");
	assert_string_equal(set_text(&copied.to), "2:3");
	original = row_of(store, "INBOX", 4);
	copy = row_of(store, "Sent", 3);
	assert_int_equal(copy.content, original.content);
	assert_int_equal(copy.flags, original.flags);
	assert_int_equal(copy.internal_date, original.internal_date);
	assert_true(copy.modseq > original.modseq);
	copy_result_free(&copied);
	assert_int_equal(flags_store(store, inbox, &every, &deleted, arena, &stored), 0);
	assert_int_equal(message_expunge(store, inbox, &some, &gone), STORE_OK);
	assert_string_equal(set_text(&gone.expunged), "2,4");
	assert_true(gone.modseq > gone.modseq_before);
	uid_set_free(&gone.expunged);
	assert_int_equal(row_of(store, "Sent", 3).content, original.content);
	assert_int_equal(
			message_copy(store, inbox, &every, 777, &copied), STORE_E_ABSENT);
	uid_set_free(&some);
	*state = reopen(store);
}

static void a_move_is_one_change(void **state)
{
	struct account_store *store = *state;
	int64_t inbox = mailbox_of(store, "INBOX"), junk = mailbox_of(store, "Junk");
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct copy_result moved;
	struct changes changes = { 0 };
	struct quota quota;
	uint64_t before;

	put(store, "INBOX", PLAIN, 0, "");
	put(store, "INBOX", PLAIN, FLAG_FLAGGED, "");
	before = account_store_modseq(store);
	account_store_set_quota(store, 1); /* a move needs no room */
	assert_int_equal(message_move(store, inbox, &every, junk, &moved), STORE_OK);
	assert_string_equal(set_text(&moved.from), "1:2");
	assert_string_equal(set_text(&moved.to), "1:2");
	assert_true(moved.modseq > moved.modseq_before);
	copy_result_free(&moved);
	assert_int_equal(changes_read(store, inbox, before, arena, &changes), 0);
	assert_string_equal(set_text(&changes.vanished), "1:2");
	assert_int_equal(changes.count, 0);
	uid_set_free(&changes.vanished);
	assert_int_equal(row_of(store, "Junk", 2).flags, FLAG_FLAGGED);
	quota_read(store, &quota);
	assert_int_equal(quota.messages, 2);
	/* Into the mailbox where they are: new UIDs. */
	assert_int_equal(message_move(store, junk, &every, junk, &moved), STORE_OK);
	assert_string_equal(set_text(&moved.from), "1:2");
	assert_string_equal(set_text(&moved.to), "3:4");
	copy_result_free(&moved);
	/* None: nothing changes. */
	before = account_store_modseq(store);
	assert_int_equal(message_move(store, inbox, &every, junk, &moved), STORE_OK);
	assert_int_equal(account_store_modseq(store), before);
	copy_result_free(&moved);
	*state = reopen(store);
}

static void a_listing_keeps_to_its_budget(void **state)
{
	struct account_store *store = *state;
	int64_t inbox = mailbox_of(store, "INBOX");
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct message_page page;
	struct uid_set odd = UID_SET_NULL;
	uint32_t from = 1, seen = 0;

	for (int i = 0; i < 20; i++)
		put(store, "INBOX", PLAIN, 0, "");
	for (uint32_t uid = 1; uid < 30; uid += 2)
		uid_set_add(&odd, uid, uid);
	do {
		assert_int_equal(message_list(store, inbox, &odd, from, 0, 0,
						 (struct message_budget){ 3, 1000 },
						 arena, &page),
				STORE_OK);
		assert_true(page.count && page.count <= 3);
		for (size_t i = 0; i < page.count; i++) {
			assert_int_equal(page.rows[i].uid, seen ? seen + 2 : 1);
			seen = page.rows[i].uid;
			assert_int_equal(page.rows[i].envelope.len, 0);
		}
		from = page.next;
	} while (from);
	assert_int_equal(seen, 19);
	/* One row at least, however small the budget of bytes. */
	assert_int_equal(message_list(store, inbox, &every, 5, 0, MESSAGE_WANT_ENVELOPE,
					 (struct message_budget){ 100, 1 }, arena, &page),
			STORE_OK);
	assert_int_equal(page.count, 1);
	assert_int_equal(page.rows[0].uid, 5);
	assert_int_equal(page.next, 6);
	/* Only what changed. */
	assert_int_equal(message_list(store, inbox, &every, 1, page.rows[0].modseq, 0,
					 (struct message_budget){ 100, 1 }, arena, &page),
			STORE_OK);
	assert_int_equal(page.count, 15);
	assert_int_equal(page.next, 0);
	uid_set_free(&odd);
}

static void an_intake_is_filed_once(void **state)
{
	struct account_store *store = *state;
	struct append_options options = { .mailbox = mailbox_of(store, "INBOX"),
		.internal_date = NOW,
		.intake = 500,
		.recipient = VIEW("a@example.org"),
		.ignore_quota = true };
	struct append_result result;
	struct mailbox_status status;

	account_store_set_quota(store, 1);
	for (int round = 0; round < 3; round++) {
		struct append *a[3];

		for (int i = 0; i < 3; i++) {
			assert_int_equal(append_begin(store, &a[i]), STORE_OK);
			assert_int_equal(append_chunk(a[i], view_z(PLAIN)), STORE_OK);
		}
		assert_int_equal(append_batch_begin(store), STORE_OK);
		options.intake = 500;
		options.recipient = VIEW("a@example.org");
		assert_int_equal(append_commit(&a[0], &options, &result), STORE_OK);
		assert_int_equal(result.uid, round ? 0 : 1);
		options.recipient = VIEW("b@example.org");
		assert_int_equal(append_commit(&a[1], &options, &result), STORE_OK);
		assert_int_equal(result.uid, round ? 0 : 2);
		options.intake = 501 + (uint64_t)round;
		assert_int_equal(append_commit(&a[2], &options, &result), STORE_OK);
		assert_int_equal(result.uid, 3 + round);
		assert_int_equal(append_batch_commit(store, 500), STORE_OK);
		*state = store = reopen(store);
		account_store_set_quota(store, 1);
	}
	assert_int_equal(mailbox_status(store, options.mailbox, &status), STORE_OK);
	assert_int_equal(status.messages, 5);
}

static void an_aborted_batch_leaves_nothing(void **state)
{
	struct account_store *store = *state;
	struct append_options options = { .mailbox = mailbox_of(store, "INBOX"),
		.internal_date = NOW,
		.flags = { 0, VIEW("newkeyword") } };
	struct append_result result;
	uint64_t modseq = account_store_modseq(store);
	struct append *a;

	assert_int_equal(append_begin(store, &a), STORE_OK);
	assert_int_equal(append_chunk(a, view_z(PLAIN)), STORE_OK);
	assert_int_equal(append_batch_begin(store), STORE_OK);
	assert_int_equal(append_commit(&a, &options, &result), STORE_OK);
	append_batch_abort(store);
	assert_int_equal(account_store_modseq(store), modseq);
	assert_int_equal(flags_keyword_mask(store, VIEW("newkeyword")), 0);
	*state = store = reopen(store);
	assert_int_equal(put(store, "INBOX", PLAIN, 0, ""), 1);
}

static void a_content_that_went_is_absent(void **state)
{
	struct account_store *store = *state;
	CLEANUP(buf_free) struct buf b = BUF_NULL(1000);
	struct expunge_result gone;
	struct section_range range;
	int64_t content;

	put(store, "INBOX", PLAIN, FLAG_DELETED, "");
	content = row_of(store, "INBOX", 1).content;
	assert_int_equal(message_expunge(store, mailbox_of(store, "INBOX"), NULL, &gone),
			0);
	uid_set_free(&gone.expunged);
	assert_int_equal(message_read(store, content, 0, 10, &b), STORE_E_ABSENT);
	assert_int_equal(message_section(store, content, VIEW(""), &range),
			STORE_E_ABSENT);
	put(store, "INBOX", PLAIN, 0, "");
	assert_true(row_of(store, "INBOX", 2).content > content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(a_message_is_told_as_imap_wants_it),
		account_test(sections_are_read_where_they_lie),
		account_test(any_part_of_a_large_message_can_be_read),
		account_test(an_abandoned_append_leaves_nothing),
		account_test(an_append_that_is_refused_can_be_tried_again),
		account_test(the_quota_is_exact),
		account_test(copies_share_their_content),
		account_test(a_move_is_one_change),
		account_test(a_listing_keeps_to_its_budget),
		account_test(an_intake_is_filed_once),
		account_test(an_aborted_batch_leaves_nothing),
		account_test(a_content_that_went_is_absent),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

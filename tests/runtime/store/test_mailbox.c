#include "runtime/base/limit.h"
#include "tests/runtime/store/account_test.h"

static int create(struct account_store *store, const char *name)
{
	int64_t id;

	return mailbox_create(store, view_z(name), &id);
}

static int rename_to(struct account_store *store, const char *from, const char *to)
{
	return mailbox_rename(store, view_z(from), view_z(to));
}

/* The names of the list: "a a/b- c*", '-' behind a bare level, '*' behind what is only
 * subscribed to, '+' behind what has children. */
static const char *names(struct account_store *store)
{
	static char text[1000];
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct mailbox_entry *entries;
	size_t count, len = 0;

	assert_int_equal(mailbox_list(store, arena, &entries, &count), STORE_OK);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (entries[i].special_use)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s%s%s%s%s",
				len ? " " : "", VIEW_ARG(entries[i].name),
				entries[i].exists && !entries[i].id ? "-" : "",
				entries[i].exists ? "" : "*",
				entries[i].has_children ? "+" : "",
				entries[i].subscribed ? "!" : "");
	}
	return text;
}

static void levels_above_a_mailbox_are_bare(void **state)
{
	struct account_store *store = *state;
	int64_t id;

	assert_int_equal(create(store, "a/b/c"), STORE_OK);
	assert_string_equal(names(store), "INBOX a-+ a/b-+ a/b/c");
	assert_int_equal(mailbox_find(store, VIEW("a/b"), &id), STORE_E_ABSENT);
	assert_int_equal(create(store, "a/b/"), STORE_OK);
	assert_string_equal(names(store), "INBOX a-+ a/b+ a/b/c");
	assert_int_equal(mailbox_delete(store, VIEW("a/b")), STORE_OK);
	assert_string_equal(names(store), "INBOX a-+ a/b-+ a/b/c");
	assert_int_equal(mailbox_delete(store, VIEW("a/b")), STORE_E_ABSENT);
	assert_int_equal(mailbox_delete(store, VIEW("a/b/c")), STORE_OK);
	assert_string_equal(names(store), "INBOX");
}

static void names_are_judged(void **state)
{
	static const char *const wrong[] = { "", "/", "a//b", "/a", "a\tb", "a*", "a%b",
		"\xff", "a\x7f" };
	struct account_store *store = *state;
	char name[1200];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(create(store, wrong[i]), STORE_E_NAME);
	memset(name, 'n', sizeof(name));
	name[limit_value(LIMIT_IMAP_MAILBOX_NAME) + 1] = '\0';
	assert_int_equal(create(store, name), STORE_E_NAME);
	name[limit_value(LIMIT_IMAP_MAILBOX_NAME)] = '\0';
	assert_int_equal(create(store, name), STORE_OK);
	assert_int_equal(mailbox_delete(store, view_z(name)), STORE_OK);
	assert_int_equal(create(store, "inbox"), STORE_E_EXISTS);
	assert_int_equal(create(store, "iNbOx/Gr\xc3\xbc\xc3\x9f"
				       "e"),
			STORE_OK);
	assert_string_equal(names(store), "INBOX+ INBOX/Gr\xc3\xbc\xc3\x9f"
					  "e");
	assert_int_equal(create(store, "INBOX/Gr\xc3\xbc\xc3\x9f"
				       "e"),
			STORE_E_EXISTS);
	assert_int_equal(create(store, "inboxes"), STORE_OK);
	assert_int_equal(mailbox_of(store, "inBOX"), mailbox_of(store, "INBOX"));
}

static void a_mailbox_made_anew_has_another_uidvalidity_and_id(void **state)
{
	struct account_store *store = *state;
	struct mailbox_status before, after;
	int64_t id, again;

	assert_int_equal(mailbox_create(store, VIEW("a"), &id), STORE_OK);
	put(store, "a", "Subject: x\r\n\r\n", 0, "");
	assert_int_equal(mailbox_status(store, id, &before), STORE_OK);
	assert_int_equal(before.messages, 1);
	assert_int_equal(mailbox_delete(store, VIEW("a")), STORE_OK);
	assert_int_equal(mailbox_status(store, id, &after), STORE_E_ABSENT);
	assert_int_equal(mailbox_create(store, VIEW("a"), &again), STORE_OK);
	assert_int_equal(mailbox_status(store, again, &after), STORE_OK);
	assert_true(again > id);
	assert_true(after.uidvalidity > before.uidvalidity);
	assert_true(after.modseq > before.modseq);
	assert_int_equal(after.messages, 0);
	assert_int_equal(after.uidnext, 1);
}

static void rename_takes_the_children_along(void **state)
{
	struct account_store *store = *state;
	int64_t id;

	create(store, "a");
	create(store, "a/b");
	create(store, "a/b/c");
	create(store, "ab");
	create(store, "a0");
	id = mailbox_of(store, "a/b/c");
	assert_int_equal(rename_to(store, "a", "x/y"), STORE_OK);
	assert_string_equal(names(store), "INBOX a0 ab x-+ x/y+ x/y/b+ x/y/b/c");
	assert_int_equal(mailbox_of(store, "x/y/b/c"), id);
	assert_int_equal(rename_to(store, "x", "z"), STORE_OK); /* a bare level */
	assert_string_equal(names(store), "INBOX a0 ab z-+ z/y+ z/y/b+ z/y/b/c");
	assert_int_equal(rename_to(store, "nothing", "n"), STORE_E_ABSENT);
	assert_int_equal(rename_to(store, "ab", "a0"), STORE_E_EXISTS);
	assert_int_equal(rename_to(store, "z/y", "z/y/q"), STORE_E_NAME);
	assert_int_equal(rename_to(store, "z/y", "b//c"), STORE_E_NAME);
	assert_int_equal(create(store, "ab/b"), STORE_OK);
	assert_int_equal(mailbox_delete(store, VIEW("ab")), STORE_OK);
	assert_int_equal(rename_to(store, "z/y", "ab"), STORE_E_EXISTS);
	assert_int_equal(rename_to(store, "ab", "inbox"), STORE_E_EXISTS);
}

static void rename_of_inbox_moves_its_messages(void **state)
{
	struct account_store *store = *state;
	struct changes changes = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct mailbox_status inbox, target;

	create(store, "INBOX/child");
	put(store, "INBOX", "Subject: 1\r\n\r\n", FLAG_SEEN, "");
	put(store, "INBOX", "Subject: 2\r\n\r\n", 0, "");
	assert_int_equal(mailbox_status(store, mailbox_of(store, "INBOX"), &inbox), 0);
	assert_int_equal(rename_to(store, "INBOX", "old"), STORE_OK);
	assert_int_equal(mailbox_status(store, mailbox_of(store, "old"), &target), 0);
	assert_int_equal(target.messages, 2);
	assert_int_equal(target.unseen, 1);
	assert_int_equal(target.uidnext, 3);
	assert_string_equal(names(store), "INBOX+ INBOX/child old");
	assert_int_equal(changes_read(store, inbox.id, inbox.modseq, arena, &changes), 0);
	assert_string_equal(set_text(&changes.vanished), "1:2");
	assert_int_equal(changes.status.messages, 0);
	assert_int_equal(changes.status.uidnext, 3);
	assert_int_equal(changes.status.uidvalidity, inbox.uidvalidity);
	uid_set_free(&changes.vanished);
	assert_int_equal(mailbox_delete(store, VIEW("inbox")), STORE_E_INBOX);
}

static void subscriptions_are_of_names(void **state)
{
	struct account_store *store = *state;

	create(store, "a");
	assert_int_equal(mailbox_subscribe(store, VIEW("a"), true), STORE_OK);
	assert_int_equal(mailbox_subscribe(store, VIEW("a"), true), STORE_OK);
	assert_int_equal(mailbox_subscribe(store, VIEW("gone/b"), true), STORE_OK);
	assert_string_equal(names(store), "INBOX a! gone/b*!");
	assert_int_equal(mailbox_delete(store, VIEW("a")), STORE_OK);
	assert_string_equal(names(store), "INBOX a*! gone/b*!");
	assert_int_equal(mailbox_subscribe(store, VIEW("gone/b"), false), STORE_OK);
	assert_int_equal(mailbox_subscribe(store, VIEW("gone/b"), false), STORE_OK);
	assert_string_equal(names(store), "INBOX a*!");
	assert_int_equal(mailbox_subscribe(store, VIEW("x//y"), true), STORE_E_NAME);
}

/* What a view says, and where it begins to be unseen. */
static const char *view_text(struct account_store *store, uint32_t *first_unseen)
{
	struct mailbox_view view = { 0 };
	static char text[100];

	assert_int_equal(mailbox_open(store, mailbox_of(store, "INBOX"), &view), 0);
	snprintf(text, sizeof(text), "%s", set_text(&view.uids));
	*first_unseen = view.first_unseen;
	mailbox_view_free(&view);
	return text;
}

static void expunge(struct account_store *store, uint32_t uid)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(uid_set_free) struct uid_set set = one(uid);
	struct flags_change deleted = { .flags = { FLAG_DELETED, VIEW_NULL },
		.unchanged_since = UINT64_MAX };
	struct expunge_result gone = { 0 };
	struct flags_stored stored = { 0 };
	int64_t inbox = mailbox_of(store, "INBOX");

	assert_int_equal(flags_store(store, inbox, &set, &deleted, arena, &stored), 0);
	uid_set_free(&stored.modified);
	assert_int_equal(message_expunge(store, inbox, &set, &gone), 0);
	uid_set_free(&gone.expunged);
}

static void a_view_is_right_with_gaps_and_without(void **state)
{
	struct account_store *store = *state;
	uint32_t unseen;

	assert_string_equal(view_text(store, &unseen), "");
	assert_int_equal(unseen, 0);
	for (int i = 0; i < 6; i++)
		put(store, "INBOX", "a: b\r\n\r\n", i < 3 ? FLAG_SEEN : 0, "");
	put(store, "Sent", "a: b\r\n\r\n", 0, "");
	assert_string_equal(view_text(store, &unseen), "1:6");
	assert_int_equal(unseen, 4);
	expunge(store, 1);
	expunge(store, 6);
	assert_string_equal(view_text(store, &unseen), "2:5");
	expunge(store, 4);
	assert_string_equal(view_text(store, &unseen), "2:3,5");
	assert_int_equal(unseen, 5);
	expunge(store, 5);
	assert_string_equal(view_text(store, &unseen), "2:3");
	assert_int_equal(unseen, 0);
	expunge(store, 2);
	expunge(store, 3);
	assert_string_equal(view_text(store, &unseen), "");
}

static void a_view_shows_what_is_there(void **state)
{
	struct account_store *store = *state;
	struct mailbox_view view = { 0 };
	struct expunge_result gone = { 0 };

	put(store, "INBOX", "a: b\r\n\r\n", FLAG_SEEN, "");
	put(store, "INBOX", "a: b\r\n\r\n", FLAG_SEEN | FLAG_DELETED, "");
	put(store, "INBOX", "a: b\r\n\r\n", 0, "");
	put(store, "INBOX", "a: b\r\n\r\n", 0, "");
	assert_int_equal(message_expunge(store, mailbox_of(store, "INBOX"), NULL, &gone),
			STORE_OK);
	uid_set_free(&gone.expunged);
	assert_int_equal(mailbox_open(store, mailbox_of(store, "INBOX"), &view), 0);
	assert_string_equal(set_text(&view.uids), "1,3:4");
	assert_int_equal(view.first_unseen, 3);
	assert_int_equal(view.status.uidnext, 5);
	assert_int_equal(view.status.messages, 3);
	assert_int_equal(view.status.unseen, 2);
	mailbox_view_free(&view);
	assert_int_equal(mailbox_open(store, 9999, &view), STORE_E_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(levels_above_a_mailbox_are_bare),
		account_test(names_are_judged),
		account_test(a_mailbox_made_anew_has_another_uidvalidity_and_id),
		account_test(rename_takes_the_children_along),
		account_test(rename_of_inbox_moves_its_messages),
		account_test(subscriptions_are_of_names),
		account_test(a_view_shows_what_is_there),
		account_test(a_view_is_right_with_gaps_and_without),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* IMAP sessions on a real account store, without sockets: engine and performer, driven by
 * hand. */
#include "runtime/base/base64.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/imap/imap_server.h"
#include "runtime/service/imap_perform.h"
#include "tests/runtime/store/account_test.h"

enum {
	SESSIONS = 2,
	SAID_MAX = 1 << 26,
};

#define MESSAGE                                                                          \
	"From: Ann <ann@example.net>\r\n"                                                \
	"To: Bob <bob@example.org>\r\n"                                                  \
	"Subject: =?utf-8?q?K=C3=A4se?=\r\n"                                             \
	"Date: Tue, 3 Mar 2026 23:30:00 -0500\r\n"                                       \
	"\r\n"                                                                           \
	"needle\r\n"

struct talk {
	struct engine *engine;
	struct imap_performer performer;
	struct buf said;
};

static struct account_store *store;
static struct talk talks[SESSIONS];

/* As sessions_changed does: to every session but the one that did it. */
static void tell_others(const struct talk *from)
{
	for (size_t i = 0; i < from->performer.changed_count; i++)
		for (size_t k = 0; k < SESSIONS; k++)
			if (&talks[k] != from)
				engine_event(talks[k].engine, ENGINE_CHANGED,
						from->performer.changed[i], 0);
}

static void perform(struct talk *t, struct op *op)
{
	if (op->kind != IMAP_OP_LOGIN) {
		do {
			assert_true(imap_perform(&t->performer, store,
						    (struct imap_op *)op) >= 0);
			tell_others(t);
		} while (t->performer.again);
	}
	engine_answer(t->engine, op, 0);
}

static void settle(struct talk *t)
{
	bool moved;

	do {
		struct view out = engine_output(t->engine);
		struct op *op = engine_next_op(t->engine);

		moved = out.len || op;
		buf_add(&t->said, out);
		engine_sent(t->engine, out.len);
		if (op)
			perform(t, op);
	} while (moved);
}

/* What the session answers to these bytes, until the next call. */
static struct view say(struct talk *t, struct view bytes)
{
	buf_clear(&t->said);
	while (bytes.len) {
		size_t took = engine_feed(t->engine, bytes, 0);

		bytes = view_from(bytes, took);
		settle(t);
	}
	settle(t);
	return buf_view(&t->said);
}

static bool has(struct view text, const char *part)
{
	return view_find_view(text, view_z(part)) < text.len;
}

/* The command is answered OK, and the answer has these parts, up to the NULL. */
static void expect(struct talk *t, const char *command, ...)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(SAID_MAX);
	struct view said;
	const char *part;
	va_list parts;

	buf_addf(&line, "a %s\r\n", command);
	said = say(t, buf_view(&line));
	if (!has(said, "a OK"))
		fail_msg("%s: %.*s", command, VIEW_ARG(said));
	va_start(parts, command);
	while ((part = va_arg(parts, const char *)))
		if (!has(said, part))
			fail_msg("%s: no \"%s\" in %.*s", command, part, VIEW_ARG(said));
	va_end(parts);
}

static void refuses(struct talk *t, const char *command, const char *reply)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(SAID_MAX);
	struct view said;

	buf_addf(&line, "a %s\r\n", command);
	said = say(t, buf_view(&line));
	if (!has(said, reply))
		fail_msg("%s: no \"%s\" in %.*s", command, reply, VIEW_ARG(said));
}

static void append(struct talk *t, const char *mailbox, struct view message)
{
	CLEANUP(buf_free) struct buf command = BUF_NULL(SAID_MAX);

	buf_addf(&command, "a APPEND %s {%zu}\r\n", mailbox, message.len);
	assert_true(has(say(t, buf_view(&command)), "+ Ready"));
	buf_clear(&command);
	buf_add(&command, message);
	buf_add_z(&command, "\r\n");
	assert_true(has(say(t, buf_view(&command)), "a OK [APPENDUID "));
}

static int begin(void **state)
{
	static const struct imap_server_options options = { .tls = true };

	(void)state;
	store = open_account();
	for (size_t i = 0; i < SESSIONS; i++) {
		talks[i] = (struct talk){ .engine = imap_server_new(&options, 0),
			.said = BUF_NULL(SAID_MAX) };
		expect(&talks[i], "LOGIN x y", NULL);
		expect(&talks[i], "SELECT INBOX", "* 0 EXISTS", "[READ-WRITE]", NULL);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < SESSIONS; i++) {
		imap_perform_end(&talks[i].performer);
		engine_free(talks[i].engine);
		buf_free(&talks[i].said);
	}
	store = reopen(store);
	account_store_close(store);
	remove_account();
	return 0;
}

static void folders_are_there_and_change(void **state)
{
	struct talk *t = &talks[0];

	expect(t, "LIST \"\" *", "(\\HasNoChildren \\Drafts) \"/\" \"Drafts\"",
			"(\\HasNoChildren \\Junk) \"/\" \"Junk\"",
			"(\\HasNoChildren) \"/\" \"INBOX\"", NULL);
	expect(t, "CREATE a/b", NULL);
	expect(t, "LIST \"\" a*", "(\\Noselect \\HasChildren) \"/\" \"a\"", NULL);
	expect(t, "CREATE a", NULL);
	expect(t, "LIST \"\" a*", "(\\HasChildren) \"/\" \"a\"",
			"(\\HasNoChildren) \"/\" \"a/b\"", NULL);
	refuses(t, "CREATE a/b", "NO [ALREADYEXISTS]");
	expect(t, "RENAME a c", NULL);
	expect(t, "LIST \"\" c/%", "\"c/b\"", NULL);
	expect(t, "DELETE c", NULL);
	expect(t, "LIST \"\" c*", "(\\Noselect \\HasChildren) \"/\" \"c\"", "\"c/b\"",
			NULL);
	refuses(t, "SELECT c", "NO [NONEXISTENT]");
	refuses(t, "DELETE INBOX", "NO [CANNOT]");
	refuses(t, "DELETE nowhere", "NO [NONEXISTENT]");
	expect(t, "SUBSCRIBE later", NULL);
	expect(t, "LSUB \"\" l*", "* LSUB (\\Noselect) \"/\" \"later\"", NULL);
}

static void a_message_comes_back_as_it_went(void **state)
{
	struct talk *t = &talks[0];

	append(t, "INBOX (\\Flagged work) \"03-Mar-2026 10:00:00 +0000\"", VIEW(MESSAGE));
	expect(t, "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)",
			"FLAGS (\\Flagged work) INTERNALDATE \" 3-Mar-2026 10:00:00 "
			"+0000\"",
			"\"=?utf-8?q?K=C3=A4se?=\"", "BODYSTRUCTURE (\"", " BODY (\"",
			NULL);
	expect(t, "FETCH 1 BODY.PEEK[]", "BODY[] {", MESSAGE ")\r\n", NULL);
	expect(t, "FETCH 1 FLAGS", "FLAGS (\\Flagged work))", NULL);
	expect(t, "FETCH 1 BODY[TEXT]",
			"FLAGS (\\Flagged \\Seen work) BODY[TEXT] {8}\r\nneedle\r\n",
			NULL);
	expect(t,
			"FETCH 1 (BODY[HEADER.FIELDS (to from)] BODY[1]<3.3> BODY[2] "
			"BODY[1.MIME])",
			"{58}\r\nFrom: Ann <ann@example.net>\r\nTo: Bob "
			"<bob@example.org>\r\n\r\n",
			"BODY[1]<3> {3}\r\ndle", "BODY[2] NIL", NULL);
	expect(t, "SELECT INBOX",
			"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)",
			"* 1 EXISTS", "[UIDNEXT 2]", NULL);
}

static void others_hear_of_changes(void **state)
{
	struct talk *one = &talks[0], *other = &talks[1];
	struct view said;

	(void)say(other, VIEW("i IDLE\r\n"));
	append(one, "INBOX", VIEW(MESSAGE));
	append(one, "INBOX", VIEW(MESSAGE));
	buf_clear(&other->said);
	settle(other);
	assert_view(buf_view(&other->said), "* 2 EXISTS\r\n");
	expect(one, "STORE 2 +FLAGS (\\Deleted new)", "* 2 FETCH (FLAGS (\\Deleted new))",
			NULL);
	buf_clear(&other->said);
	settle(other);
	assert_view(buf_view(&other->said), "* 2 FETCH (FLAGS (\\Deleted new))\r\n");
	expect(one, "EXPUNGE", "* 2 EXPUNGE", NULL);
	buf_clear(&other->said);
	settle(other);
	assert_view(buf_view(&other->said), "* 2 EXPUNGE\r\n");
	said = say(other, VIEW("DONE\r\n"));
	assert_view(said, "i OK Idled\r\n");
	/* nobody is told of his own changes a second time */
	said = say(one, VIEW("n NOOP\r\n"));
	assert_view(said, "n OK Done\r\n");
	/* a mailbox that goes takes its sessions with it */
	expect(one, "CREATE gone", NULL);
	expect(other, "SELECT gone", NULL);
	expect(one, "DELETE gone", NULL);
	assert_true(has(say(other, VIEW("n NOOP\r\n")), "* BYE"));
}

static void renaming_inbox_leaves_it_empty(void **state)
{
	struct talk *t = &talks[0];

	append(t, "INBOX", VIEW(MESSAGE));
	expect(&talks[1], "NOOP", "* 1 EXISTS", NULL);
	expect(t, "RENAME INBOX old", "* 1 EXPUNGE\r\n", NULL);
	expect(&talks[1], "NOOP", "* 1 EXPUNGE", NULL);
	expect(t, "STATUS old (MESSAGES)", "(MESSAGES 1)", NULL);
}

static void copies_and_moves_name_their_uids(void **state)
{
	struct talk *t = &talks[0];

	for (int i = 0; i < 4; i++)
		append(t, "INBOX", VIEW(MESSAGE));
	expect(t, "COPY 2:3 Archive", "a OK [COPYUID ", " 2:3 1:2] Copied", NULL);
	expect(t, "UID MOVE 1,4 Archive", "* OK [COPYUID ", " 1,4 3:4] Moved",
			"* 4 EXPUNGE\r\n* 1 EXPUNGE\r\n", NULL);
	expect(t, "STATUS Archive (MESSAGES UIDNEXT)", "(MESSAGES 4 UIDNEXT 5)", NULL);
	refuses(t, "COPY 1 nowhere", "NO [TRYCREATE]");
	expect(t, "MOVE 1 INBOX", "* 1 EXPUNGE", "* 2 EXISTS", NULL);
	expect(t, "FETCH 1:* UID", "* 1 FETCH (UID 3)", "* 2 FETCH (UID 5)", NULL);
}

static void searches_find(void **state)
{
	static const struct {
		const char *program;
		const char *found;
	} searches[] = {
		{ "ALL", "* SEARCH 1 2\r\n" },
		{ "UNSEEN", "* SEARCH 1\r\n" },
		{ "NOT UNSEEN", "* SEARCH 2\r\n" },
		{ "OR KEYWORD work SUBJECT nothing", "* SEARCH 2\r\n" },
		{ "FROM ann TO bob", "* SEARCH 1\r\n" },
		{ "SUBJECT {5+}\r\nk\xc3\xa4se", "* SEARCH 1\r\n" },
		{ "BODY Needle", "* SEARCH 1\r\n" },
		{ "TEXT plain", "* SEARCH 2\r\n" },
		{ "HEADER To \"\"", "* SEARCH 1\r\n" },
		{ "SENTON 3-Mar-2026", "* SEARCH 1\r\n" },
		{ "ON 5-Mar-2026", "* SEARCH 2\r\n" },
		{ "LARGER 100", "* SEARCH 1\r\n" },
		{ "UID 2 1:*", "* SEARCH 2\r\n" },
		{ "(SMALLER 100 SEEN) NOT (FLAGGED ANSWERED)", "* SEARCH 2\r\n" },
		{ "NEW", "* SEARCH\r\n" },
	};
	struct talk *t = &talks[0];

	append(t, "INBOX", VIEW(MESSAGE));
	append(t, "INBOX (\\Seen work) \"05-Mar-2026 10:00:00 +0000\"",
			VIEW("Subject: plain\r\n\r\nx\r\n"));
	for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
		CLEANUP(buf_free) struct buf command = BUF_NULL(SAID_MAX);

		buf_addf(&command, "SEARCH %s", searches[i].program);
		buf_add_byte(&command, '\0');
		expect(t, command.data, searches[i].found, NULL);
	}
}

static void a_large_message_is_read_in_chunks(void **state)
{
	enum {
		SIZE = 3 * IMAP_BATCH_BYTES + 77
	};
	CLEANUP(buf_free) struct buf message = BUF_NULL(SIZE);
	struct talk *t = &talks[0];
	struct view said;

	buf_add_z(&message, "Subject: large\r\n\r\n");
	for (unsigned i = 0; message.len < SIZE; i++)
		buf_add_byte(&message, (char)('a' + i % 23));
	append(t, "INBOX", buf_view(&message));
	append(t, "INBOX", VIEW(MESSAGE));
	expect(t, "FETCH 1:2 (UID BODY.PEEK[])", "* 2 FETCH (UID 2 BODY[] {", NULL);
	said = say(t, VIEW("b FETCH 1 BODY.PEEK[]\r\n"));
	said = view_from(said, view_find(said, '\n') + 1);
	assert_true(view_starts(said, buf_view(&message)));
	assert_true(view_starts(view_from(said, SIZE), VIEW(")\r\nb OK")));
	expect(t, "FETCH 1 BODY.PEEK[]<786000.1000>", "BODY[]<786000> {509}\r\n", NULL);
}

static void what_is_decoded_is_read_in_chunks(void **state)
{
	enum {
		SIZE = 3 * IMAP_BATCH_BYTES + 78 /* divided by 3 */
	};
	CLEANUP(buf_free) struct buf message = BUF_NULL(2 * SIZE);
	CLEANUP(buf_free) struct buf octets = BUF_NULL(SIZE);
	struct talk *t = &talks[0];
	struct view said;

	(void)state;
	while (octets.len < SIZE)
		buf_add_byte(&octets, (char)(octets.len * octets.len >> 7));
	buf_add_z(&message, "Content-Transfer-Encoding: base64\r\n\r\n");
	base64_add(&message, buf_view(&octets));
	append(t, "INBOX", buf_view(&message));
	append(t, "INBOX", VIEW("Content-Transfer-Encoding: x\r\n\r\n"));
	said = say(t, VIEW("b FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])\r\n"));
	assert_true(view_starts(said, VIEW("* 1 FETCH (BINARY.SIZE[1] 786510 BINARY[1] "
					   "~{786510}\r\n")));
	said = view_from(said, view_find(said, '\n') + 1);
	assert_true(view_starts(said, buf_view(&octets)));
	assert_true(view_starts(view_from(said, SIZE), VIEW(")\r\nb OK")));
	assert_non_null(t->performer.decoding);
	expect(t, "FETCH 1 BINARY.PEEK[1]<786500.1000>", "BINARY[1]<786500> ~{10}\r\n",
			NULL);
	refuses(t, "FETCH 1:2 BINARY[1]<0.1>",
			"* 2 FETCH (UID 2)\r\na NO [UNKNOWN-CTE] ");
	expect(t, "SEARCH SEEN", "* SEARCH 1\r\n", NULL);
	/* Contents are numbered in each account: what is known is not of the next one. */
	expect(t, "SELECT Sent", NULL);
	assert_null(t->performer.decoding);
}

static void many_rows_come_in_batches(void **state)
{
	enum {
		COUNT = 2 * IMAP_BATCH_ROWS + 100
	};
	CLEANUP(buf_free) struct buf last = BUF_NULL(100);
	struct talk *t = &talks[0];
	int64_t inbox = mailbox_of(store, "INBOX");
	struct append_result result;
	struct view said;
	size_t lines = 0;

	assert_int_equal(append_batch_begin(store), 0);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(try_append(store, inbox, VIEW(MESSAGE),
						 (struct flag_list){ 0 }, &result),
				0);
	assert_int_equal(append_batch_commit(store, 0), 0);
	expect(t, "NOOP", NULL);
	said = say(t, VIEW("b UID FETCH 1:* (FLAGS)\r\n"));
	for (size_t i = 0; i < said.len; i++)
		lines += said.data[i] == '\n';
	assert_int_equal(lines, COUNT + 1);
	buf_addf(&last, "* %d FETCH (UID %d FLAGS ())\r\nb OK Fetched\r\n", COUNT, COUNT);
	assert_true(view_ends(said, buf_view(&last)));
	said = say(t, VIEW("b FETCH 1:* BODY[TEXT]\r\n"));
	assert_true(view_ends(said, VIEW("* 1100 FETCH (FLAGS (\\Seen) BODY[TEXT] {8}\r\n"
					 "needle\r\n)\r\nb OK Fetched\r\n")));
	expect(t, "SEARCH UNSEEN", "* SEARCH\r\n", NULL);
}

static void what_is_refused_leaves_nothing(void **state)
{
	struct talk *t = &talks[0];

	account_store_set_quota(store, 100);
	refuses(t, "APPEND INBOX {101}", "NO [OVERQUOTA]");
	account_store_set_quota(store, QUOTA);
	refuses(t, "APPEND nowhere {101}", "NO [TRYCREATE]");
	refuses(t, "APPEND INBOX {3}", "+ Ready");
	(void)say(t, VIEW("abc"));
	assert_non_null(t->performer.append);
	imap_perform_end(&t->performer);
	assert_null(t->performer.append);
	expect(&talks[1], "NOOP", NULL);
	expect(&talks[1], "STATUS INBOX (MESSAGES)", "(MESSAGES 0)", NULL);
}

/* One APPEND of so many messages of `size` octets; the answer. */
static struct view append_many(struct talk *t, size_t count, size_t size)
{
	CLEANUP(buf_free) struct buf command = BUF_NULL(SAID_MAX);

	buf_add_z(&command, "a APPEND INBOX");
	for (size_t i = 0; i < count; i++) {
		buf_addf(&command, " {%zu}\r\n", size);
		assert_true(has(say(t, buf_view(&command)), "+ Ready"));
		buf_clear(&command);
		buf_addf(&command, "Subject: message %zu\r\n\r\n", i);
		while (command.len < size)
			buf_add_byte(&command, (char)('a' + (command.len + i) % 26));
	}
	buf_add_z(&command, "\r\n");
	return say(t, buf_view(&command));
}

static void several_messages_come_together(void **state)
{
	struct talk *t = &talks[0];

	(void)state;
	/* more than is held in memory */
	assert_true(has(append_many(t, 30, 200000), " 1:30] Stored"));
	expect(t, "FETCH 30 (RFC822.SIZE ENVELOPE BODY.PEEK[TEXT]<0.3>)",
			"RFC822.SIZE 200000", "\"message 29\"", "{3}\r\n", NULL);
	expect(t, "FETCH 1 BODY.PEEK[HEADER]", "Subject: message 0\r\n", NULL);
	assert_int_equal(account_store_check(store), 0);
	/* the last one passes the quota: none is there */
	account_store_set_quota(store, 30 * 200000 + 20 * 200000 - 1);
	refuses(t, "APPEND INBOX {3+}\r\nabc {4000000}", "NO [OVERQUOTA]");
	refuses(t, "APPEND INBOX {3+}\r\nabc {3+}\r\nabc {0}", "NO [CANNOT]");
	account_store_set_quota(store, QUOTA);
	expect(t, "STATUS INBOX (MESSAGES UIDNEXT)", "(MESSAGES 30 UIDNEXT 31)", NULL);
	/* gone in the middle, when some are in the file already */
	refuses(t, "APPEND INBOX {1100000}", "+ Ready");
	for (int i = 0; i < 1100000 / 100; i++)
		(void)say(t, VIEW("0123456789012345678901234567890123456789012345678"
				  "90123456789012345678901234567890123456789012345678"
				  "9"));
	assert_true(has(say(t, VIEW(" {10}\r\n")), "+ Ready"));
	imap_perform_end(&t->performer);
	assert_null(t->performer.append);
	assert_int_equal(account_store_check(store), 0);
	expect(&talks[1], "STATUS INBOX (MESSAGES)", "(MESSAGES 30)", NULL);
}

static void fill(size_t count)
{
	int64_t inbox = mailbox_of(store, "INBOX");
	struct append_result result;

	assert_int_equal(append_batch_begin(store), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(try_append(store, inbox, VIEW(MESSAGE),
						 (struct flag_list){ 0 }, &result),
				0);
	assert_int_equal(append_batch_commit(store, 0), 0);
}

/* The parts of a search, each a job between which others have their turn; `spent` stands
 * for what it has cost before. The outcome. */
static enum imap_outcome search_in_parts(
		struct talk *t, uint64_t spent, unsigned *parts_out)
{
	struct imap_search_op *op;
	enum imap_outcome outcome;

	assert_true(engine_feed(t->engine, VIEW("s SEARCH OR TEXT a1 BODY a2\r\n"), 0));
	op = (struct imap_search_op *)engine_next_op(t->engine);
	*parts_out = 0;
	do {
		assert_true(imap_perform(&t->performer, store, &op->op) >= 0);
		if (t->performer.again && *parts_out == 0)
			t->performer.found->effort += spent;
		++*parts_out;
	} while (t->performer.again);
	outcome = op->op.outcome;
	engine_answer(t->engine, &op->op.op, 0);
	return outcome;
}

static void I08_a_search_gives_way_and_has_a_limit(void **state)
{
	struct talk *t = &talks[0];
	unsigned parts;

	(void)state;
	fill(2000);
	expect(t, "NOOP", "* 2000 EXISTS", NULL);
	assert_int_equal(search_in_parts(t, 0, &parts), IMAP_OK);
	assert_true(parts >= 2000 / 256);
	assert_true(has(say(t, VIEW("")), "* SEARCH\r\ns OK Found\r\n"));
	assert_int_equal(
			search_in_parts(t, limit_value(LIMIT_IMAP_SEARCH_EFFORT), &parts),
			IMAP_E_LIMIT);
	assert_int_equal(parts, 2);
	assert_null(t->performer.found);
	assert_true(has(say(t, VIEW("")), "s NO [LIMIT] "));
	expect(t, "SEARCH UID 1", "* SEARCH 1\r\n", NULL);
}

/* HIGHESTMODSEQ of INBOX, as STATUS tells it. */
static uint64_t highest_modseq(struct talk *t)
{
	struct view said = say(t, VIEW("h STATUS INBOX (HIGHESTMODSEQ)\r\n"));
	size_t at = view_find_view(said, VIEW("(HIGHESTMODSEQ "));
	struct view rest = view_from(said, at + strlen("(HIGHESTMODSEQ "));
	uint64_t number;

	assert_true(view_to_u64(view_cut(&rest, ')'), &number));
	return number;
}

static void modseqs_grow_and_outlive_a_restart(void **state)
{
	CLEANUP(buf_free) struct buf command = BUF_NULL(SAID_MAX);
	struct talk *one = &talks[0], *other = &talks[1];
	uint64_t before, now;

	(void)state;
	append(one, "INBOX", VIEW(MESSAGE));
	append(one, "INBOX", VIEW(MESSAGE));
	append(one, "INBOX", VIEW(MESSAGE));
	expect(other, "NOOP", "* 3 EXISTS", NULL);
	before = highest_modseq(one);
	expect(other, "STORE 2 +FLAGS (\\Flagged)", NULL);
	now = highest_modseq(one);
	assert_true(now > before);

	buf_addf(&command, "STORE 1:3 (UNCHANGEDSINCE %zu) +FLAGS.SILENT (\\Seen)%c",
			(size_t)before, 0);
	expect(one, command.data, "OK [MODIFIED 2]", "* 1 FETCH (UID 1 MODSEQ (",
			"* 3 FETCH (UID 3 MODSEQ (", NULL);
	expect(one, "FETCH 1:3 FLAGS", "* 1 FETCH (FLAGS (\\Seen))",
			"* 2 FETCH (FLAGS (\\Flagged))", NULL);
	buf_clear(&command);
	buf_addf(&command, "SEARCH RETURN (MIN MAX) MODSEQ %zu%c", (size_t)now, 0);
	expect(one, command.data, "MIN 1 MAX 3 MODSEQ ", NULL);
	buf_clear(&command);
	buf_addf(&command, "FETCH 1:* (UID) (CHANGEDSINCE %zu)%c", (size_t)now, 0);
	assert_false(has(say(one, view_z("x NOOP\r\n")), "* 2 "));
	expect(one, command.data, "* 1 FETCH (UID 1 MODSEQ (", "* 3 FETCH (UID 3 ", NULL);
	assert_false(has(buf_view(&one->said), "* 2 FETCH"));

	/* What changes nothing costs no number, neither before a restart nor after. */
	now = highest_modseq(one);
	store = reopen(store);
	assert_int_equal(highest_modseq(one), now);
	expect(one, "STORE 1 +FLAGS (\\Seen)", NULL);
	assert_int_equal(highest_modseq(one), now);
	before = now;
	expect(one, "STORE 1 +FLAGS (\\Deleted)", NULL);
	now = highest_modseq(one);
	assert_true(now > before);
	expect(one, "EXPUNGE", "* 1 EXPUNGE", NULL);
	assert_true(highest_modseq(one) > now);
	expect(one, "STATUS INBOX (SIZE MESSAGES)", "(MESSAGES 2 SIZE 272)", NULL);
}

#define on_a_store(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_store(folders_are_there_and_change),
		on_a_store(a_message_comes_back_as_it_went),
		on_a_store(others_hear_of_changes),
		on_a_store(renaming_inbox_leaves_it_empty),
		on_a_store(copies_and_moves_name_their_uids),
		on_a_store(searches_find),
		on_a_store(a_large_message_is_read_in_chunks),
		on_a_store(what_is_decoded_is_read_in_chunks),
		on_a_store(many_rows_come_in_batches),
		on_a_store(what_is_refused_leaves_nothing),
		on_a_store(modseqs_grow_and_outlive_a_restart),
		on_a_store(several_messages_come_together),
		on_a_store(I08_a_search_gives_way_and_has_a_limit),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}

#include "runtime/queue/retry.h"
#include "tests/runtime/queue/queue_test.h"
#include "tests/runtime/store/failing_vfs.h"

#define SENDER "eva@here.example"

static struct arena *arena;
static struct queue *queue;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	queue = open_queue();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	queue_close(queue);
	arena_free(arena);
	unlink(path);
	return 0;
}

/* Takes it and lets it go from the log. */
static uint64_t take(struct intake_message *m)
{
	uint64_t id = 0;

	assert_int_equal(queue_take(queue, &m, 1, 0, NOW, &id), 0);
	intake_filed(house_intake, m);
	return id;
}

static struct queue_message load(uint64_t id)
{
	struct queue_message m;

	assert_int_equal(queue_load(queue, id, arena, &m), 0);
	return m;
}

static bool is_gone(uint64_t id)
{
	struct queue_message m;
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(QUEUE_PIECE);
	int r = queue_load(queue, id, arena, &m);

	assert_int_equal(queue_read(queue, id, 0, &bytes), 0);
	assert_true(r == 0 || (r == DATABASE_E_ABSENT && bytes.len == 0));
	return r == DATABASE_E_ABSENT;
}

/* An attempt at the n-th recipient; whether a report is owed. */
static bool attempt(uint64_t id, size_t n, enum queue_outcome outcome, walltime now)
{
	struct queue_result result = { .recipient = load(id).recipients[n].id,
		.outcome = outcome,
		.host = VIEW("mx.a.example"),
		.code = 450,
		.status = VIEW("4.2.0"),
		.text = VIEW("not today"),
		.random = 512 };
	bool reports = false;

	assert_int_equal(queue_record(queue, id, &result, 1, now, &reports), 0);
	return reports;
}

static uint64_t owed(void)
{
	uint64_t report, message;

	assert_int_equal(queue_next_report(queue, 0, &report, &message), 0);
	return report;
}

/* One to two mailboxes here, one of them asked about, to one who sends it on, and to a host
 * elsewhere. */
static struct intake_message *accept_asked(const char *sender, struct view trace)
{
	const struct intake_recipient recipients[] = {
		{ .account = "an account here",
				.address = VIEW("bo@here.example"),
				.notify = DSN_SUCCESS,
				.orcpt = VIEW("rfc822;Bo@here.example") },
		{ .account = "an other there.", .address = VIEW("cy@here.example") },
		{ .address = VIEW("ana@a.example"),
				.notify = DSN_SUCCESS | DSN_FAILURE,
				.forwarder = VIEW("dot@here.example") },
		{ .address = VIEW("ben@b.example"), .notify = DSN_SUCCESS },
	};
	const struct intake_envelope envelope = { .sender = view_z(sender),
		.received = NOW,
		.ret = DSN_RET_FULL,
		.envid = VIEW("QQ314159"),
		.recipients = recipients,
		.recipient_count = ARRAY_LEN(recipients) };

	return accept_traced(&envelope, trace, VIEW("Subject: x\r\n\r\nbody\r\n"));
}

static void success_here_is_told_once_to_who_asked(void **state)
{
	struct intake_message *m = accept_asked(SENDER, TRACE);
	struct queue_message told;
	uint64_t report, message, out;

	(void)state;
	assert_true(queue_tells(m));
	assert_int_equal(queue_take(queue, &m, 1, 0, NOW, &out), 0);
	assert_int_equal(load(out).recipient_count, 2);
	assert_int_equal(load(out).recipients[0].notify, DSN_FAILURE);
	assert_int_equal(load(out).recipients[1].notify, DSN_SUCCESS);
	assert_int_equal(queue_tell(queue, m, 0, NOW + 1), 0);
	assert_int_equal(queue_tell(queue, m, 0, NOW + 2), 0); /* a crash says it again */
	assert_int_equal(queue_next_report(queue, 0, &report, &message), 0);
	told = load(message);
	assert_view(told.envid, "QQ314159");
	assert_int_equal(told.recipient_count, 2);
	assert_view(told.recipients[0].address, "bo@here.example");
	assert_view(told.recipients[0].orcpt, "rfc822;Bo@here.example");
	assert_int_equal(told.recipients[0].action, QUEUE_ACTION_DELIVERED);
	assert_view(told.recipients[1].address, "dot@here.example");
	assert_int_equal(told.recipients[1].action, QUEUE_ACTION_RELAYED);
	assert_int_equal(queue_settle(queue, report), 0);
	assert_int_equal(owed(), 0);
	assert_true(is_gone(message));
	intake_filed(house_intake, m);
}

static void M18_success_is_not_told_to_who_may_be_forged(void **state)
{
	/* clang-format off */
	static const struct { const char *sender, *trace; bool told; } rows[] = {
		{ SENDER, "Received: from here\r\n", true },
		{ "",     "Received: from here\r\n", false },
		{ SENDER, "Authentication-Results: mx.here.example;\r\n\tspf=pass smtp.mailfrom=" SENDER "\r\n", true },
		{ SENDER, "Authentication-Results: mx.here.example;\r\n\tspf=fail smtp.mailfrom=" SENDER "\r\n", false },
		{ SENDER, "Authentication-Results: mx.here.example;\r\n\tspf=none smtp.mailfrom=" SENDER ";\r\n\tspf=pass smtp.helo=a\r\n", false },
		{ SENDER, "Authentication-Results: mx.here.example; none\r\n", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct intake_message *m =
				accept_asked(rows[i].sender, view_z(rows[i].trace));

		if (queue_tells(m) != rows[i].told)
			fail_msg("<%s> %s", rows[i].sender, rows[i].trace);
		intake_filed(house_intake, m);
	}
}

/* -- in and out -- */

static void what_leads_out_is_taken(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));
	struct queue_message m = load(id);
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(QUEUE_PIECE);

	(void)state;
	assert_view(m.sender, SENDER);
	assert_int_equal(m.received, NOW);
	assert_true(m.eight_bit && !m.utf8);
	assert_int_equal(m.ret, DSN_RET_HEADERS);
	assert_view(m.envid, "QQ314159");
	assert_int_equal(m.recipient_count, 2);
	assert_view(m.recipients[0].address, "ana@A.example");
	assert_view(m.recipients[0].domain, "a.example");
	assert_view(m.recipients[1].orcpt, "rfc822;ben@b.example");
	assert_int_equal(m.recipients[1].due, NOW);
	assert_int_equal(queue_read(queue, id, 0, &bytes), 0);
	assert_int_equal(queue_read(queue, id, 1, &bytes), 0);
	assert_int_equal(queue_read(queue, id, 2, &bytes), 0);
	assert_view(buf_view(&bytes),
			"Received: from here\r\nSubject: x\r\n\r\nbody\r\n");
	assert_int_equal(m.size, bytes.len);
}

/* As a report, or a letter of ours. */
static void what_has_no_trace_begins_with_its_first_bytes(void **state)
{
	const struct intake_recipient ana = { .address = VIEW("ana@a.example") };
	const struct intake_envelope envelope = {
		.received = NOW, .recipients = &ana, .recipient_count = 1
	};
	uint64_t id = take(
			accept_traced(&envelope, VIEW_NULL, VIEW("Subject: x\r\n\r\n")));
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(QUEUE_PIECE);

	(void)state;
	assert_int_equal(queue_read(queue, id, 0, &bytes), 0);
	assert_view(buf_view(&bytes), "Subject: x\r\n\r\n");
	assert_int_equal(load(id).size, bytes.len);
}

static void nothing_is_taken_twice(void **state)
{
	struct intake_message *m = accept_plain(SENDER, 0);
	uint64_t first, second, all;

	(void)state;
	assert_int_equal(queue_take(queue, &m, 1, 0, NOW, &first), 0);
	attempt(first, 1, QUEUE_DELIVERED, NOW);
	attempt(first, 0, QUEUE_DELIVERED, NOW);
	assert_int_equal(queue_take(queue, &m, 1, 0, NOW, &second), 0);
	assert_int_equal(second, 0);
	assert_int_equal(queue_next(queue, 0, &all), 0);
	assert_int_equal(all, 0);
	intake_filed(house_intake, m);
}

static void a_large_message_comes_in_pieces(void **state)
{
	enum {
		SIZE = 5 * QUEUE_PIECE + 17
	};
	CLEANUP(freep) char *text = xmalloc(SIZE);
	const struct intake_recipient to = { .address = VIEW("ana@a.example") };
	const struct intake_envelope envelope = { .sender = VIEW(SENDER),
		.received = NOW,
		.recipients = &to,
		.recipient_count = 1 };
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(SIZE + 1000);
	uint64_t id, piece = 0;
	size_t before;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)('!' + i % 91);
	id = take(accept(&envelope, view_of(text, SIZE)));
	do {
		before = bytes.len;
		assert_int_equal(queue_read(queue, id, piece++, &bytes), 0);
	} while (bytes.len > before);
	assert_int_equal(piece, 8); /* the trace, six, and none */
	assert_true(view_ends(buf_view(&bytes), view_of(text, SIZE)));
	assert_int_equal(load(id).size, TRACE.len + SIZE);
	attempt(id, 0, QUEUE_DELIVERED, NOW);
	for (uint64_t i = 0; i < piece; i++) {
		buf_clear(&bytes);
		assert_int_equal(queue_read(queue, id, i, &bytes), 0);
		assert_int_equal(bytes.len, 0);
	}
}

static void it_goes_when_all_have_it(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));

	(void)state;
	assert_false(attempt(id, 0, QUEUE_DELIVERED, NOW));
	assert_view(load(id).recipients[0].address, "ben@b.example");
	assert_false(is_gone(id));
	assert_false(attempt(id, 0, QUEUE_DELIVERED, NOW));
	assert_true(is_gone(id));
}

static void it_lasts(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0)), first;
	struct queue_counts counts;

	(void)state;
	attempt(id, 0, QUEUE_DEFERRED, NOW + 1);
	queue_close(queue);
	queue = open_queue();
	assert_int_equal(queue_next(queue, 0, &first), 0);
	assert_int_equal(first, id);
	assert_int_equal(load(id).recipients[0].attempts, 1);
	assert_view(load(id).recipients[0].last.host, "mx.a.example");
	assert_int_equal(load(id).recipients[0].last.code, 450);
	assert_view(load(id).recipients[0].last.status, "4.2.0");
	assert_view(load(id).recipients[0].last.text, "not today");
	assert_int_equal(queue_count(queue, &counts), 0);
	assert_int_equal(counts.messages, 1);
	assert_int_equal(counts.recipients, 2);
	assert_int_equal(counts.oldest, NOW);
}

/* -- what the sender is told -- */

static void what_is_put_off_comes_later(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));
	walltime now = NOW;

	(void)state;
	for (unsigned n = 1; n < 12; n++) {
		assert_false(attempt(id, 0, QUEUE_DEFERRED, now) && now < NOW + 4 * 3600);
		assert_int_equal(load(id).recipients[0].attempts, n);
		assert_int_equal(load(id).recipients[0].due,
				now + retry_delay(n, 512) / NS_PER_S);
		now = load(id).recipients[0].due;
	}
}

static void who_waits_for_hours_is_told_once(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0)), report;

	(void)state;
	assert_false(attempt(id, 0, QUEUE_DEFERRED, NOW + RETRY_WARNS_S - 1));
	assert_true(attempt(id, 0, QUEUE_DEFERRED, NOW + RETRY_WARNS_S));
	report = owed();
	assert_int_equal(load(id).recipients[0].report, report);
	assert_int_equal(load(id).recipients[0].action, QUEUE_ACTION_DELAYED);
	assert_int_equal(load(id).recipients[0].state, QUEUE_WAITING);
	assert_int_equal(load(id).recipients[1].report, 0);
	assert_int_equal(queue_settle(queue, report), 0);
	assert_int_equal(owed(), 0);
	assert_int_equal(load(id).recipients[0].report, 0);
	assert_false(attempt(id, 0, QUEUE_DEFERRED, NOW + 2 * RETRY_WARNS_S));
}

static void who_waits_for_days_fails(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));

	(void)state;
	for (int n = 1; n < RETRY_ATTEMPTS; n++)
		attempt(id, 0, QUEUE_DEFERRED, NOW + 2 * RETRY_EXPIRES_S);
	assert_int_equal(load(id).recipients[0].state, QUEUE_WAITING);
	assert_true(attempt(id, 0, QUEUE_DEFERRED, NOW + 2 * RETRY_EXPIRES_S));
	assert_int_equal(load(id).recipients[0].state, QUEUE_REPORTED);
	assert_int_equal(load(id).recipients[0].action, QUEUE_ACTION_FAILED);
}

static void a_report_brings_its_recipients_away(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0)), report;

	(void)state;
	assert_true(attempt(id, 0, QUEUE_REFUSED, NOW));
	report = owed();
	assert_int_equal(queue_settle(queue, report), 0);
	assert_int_equal(queue_settle(queue, report), 0); /* a crash asks again */
	assert_int_equal(load(id).recipient_count, 1);
	assert_true(attempt(id, 0, QUEUE_REFUSED, NOW));
	assert_int_not_equal(owed(), report);
	assert_int_equal(queue_settle(queue, owed()), 0);
	assert_true(is_gone(id));
}

static void a_delay_that_becomes_a_failure_is_told_as_that(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0)), first, second, message;

	(void)state;
	attempt(id, 0, QUEUE_DEFERRED, NOW + RETRY_WARNS_S);
	first = owed();
	attempt(id, 0, QUEUE_REFUSED, NOW + RETRY_WARNS_S);
	assert_int_equal(queue_next_report(queue, first, &second, &message), 0);
	assert_int_equal(message, id);
	assert_int_equal(load(id).recipients[0].report, second);
	assert_int_equal(queue_settle(queue, first), 0);
	assert_int_equal(load(id).recipients[0].action, QUEUE_ACTION_FAILED);
	assert_int_equal(queue_settle(queue, second), 0);
	assert_int_equal(load(id).recipient_count, 1);
}

static void one_report_tells_of_several(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));
	struct queue_message m = load(id);
	struct queue_result results[] = {
		{ .recipient = m.recipients[0].id, .outcome = QUEUE_REFUSED },
		{ .recipient = m.recipients[1].id, .outcome = QUEUE_REFUSED },
	};
	bool reports;

	(void)state;
	assert_int_equal(queue_record(queue, id, results, 2, NOW, &reports), 0);
	m = load(id);
	assert_int_equal(m.recipients[0].report, owed());
	assert_int_equal(m.recipients[1].report, owed());
}

static void NOTIFY_says_what_is_told(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sender;
		unsigned notify;
		enum queue_outcome outcome;
		walltime after;
		bool told;
	} cases[] = {
		{ SENDER, 0,                         QUEUE_REFUSED,   0,             true },
		{ SENDER, 0,                         QUEUE_DEFERRED,  RETRY_WARNS_S, true },
		{ SENDER, 0,                         QUEUE_RELAYED,   0,             false },
		{ SENDER, 0,                         QUEUE_DELIVERED, 0,             false },
		{ SENDER, DSN_NEVER,                 QUEUE_REFUSED,   0,             false },
		{ SENDER, DSN_NEVER,                 QUEUE_DEFERRED,  RETRY_WARNS_S, false },
		{ SENDER, DSN_FAILURE,               QUEUE_REFUSED,   0,             true },
		{ SENDER, DSN_FAILURE,               QUEUE_DEFERRED,  RETRY_WARNS_S, false },
		{ SENDER, DSN_DELAY,                 QUEUE_DEFERRED,  RETRY_WARNS_S, true },
		{ SENDER, DSN_DELAY,                 QUEUE_REFUSED,   0,             false },
		{ SENDER, DSN_SUCCESS,               QUEUE_RELAYED,   0,             true },
		{ SENDER, DSN_SUCCESS,               QUEUE_DELIVERED, 0,             false },
		{ "",     0,                         QUEUE_REFUSED,   0,             false },
		{ "",     DSN_SUCCESS | DSN_FAILURE, QUEUE_REFUSED,   0,             false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t id = take(accept_plain(cases[i].sender, cases[i].notify));
		bool told = attempt(id, 0, cases[i].outcome, NOW + cases[i].after);

		if (told != cases[i].told)
			fail_msg("row %zu: %s", i, told ? "told" : "not told");
	}
}

/* -- by hand -- */

/* A forward that fails is told to who sends it on, each alone, and to no stranger; a report
 * that is sent on, too. */
static void M18_who_sends_on_is_told_in_place_of_a_stranger(void **state)
{
	const struct intake_recipient recipients[] = {
		{ .address = VIEW("x@a.example"),
				.notify = DSN_FAILURE,
				.forwarder = VIEW("bo@here.example") },
		{ .address = VIEW("y@a.example"),
				.notify = DSN_FAILURE,
				.forwarder = VIEW("all@here.example") },
		{ .address = VIEW("z@a.example"),
				.notify = DSN_NEVER,
				.forwarder = VIEW("cy@here.example") },
	};
	static const char *const senders[] = { "stranger@else.example", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		const struct intake_envelope envelope = { .sender = view_z(senders[i]),
			.received = NOW,
			.recipients = recipients,
			.recipient_count = ARRAY_LEN(recipients) };
		uint64_t id = take(accept(&envelope, VIEW("\r\nbody\r\n")));
		struct queue_message m = load(id);
		struct queue_result results[3];
		bool reports = false;

		assert_view(m.recipients[0].forwarder, "bo@here.example");
		/* nobody hears that it waits */
		assert_false(attempt(id, 0, QUEUE_DEFERRED, NOW + RETRY_WARNS_S));
		for (size_t k = 0; k < 3; k++)
			results[k] = (struct queue_result){
				.recipient = m.recipients[k].id, .outcome = QUEUE_REFUSED
			};
		assert_int_equal(queue_record(queue, id, results, 3, NOW, &reports), 0);
		assert_true(reports);
		m = load(id);
		assert_int_equal(m.recipient_count, 2);
		assert_true(m.recipients[0].report != m.recipients[1].report);
		assert_int_equal(queue_settle(queue, m.recipients[0].report), 0);
		assert_int_equal(load(id).recipient_count, 1);
		assert_int_equal(queue_settle(queue, m.recipients[1].report), 0);
		assert_true(is_gone(id));
	}
}

static void a_policy_is_kept_as_long_as_it_says(void **state)
{
	const struct queue_policy first = { VIEW("a.example"), VIEW("1"), NOW + 100,
		VIEW("version: STSv1") };
	const struct queue_policy second = { VIEW("a.example"), VIEW("2"), NOW + 300,
		VIEW("another") };
	const struct queue_policy other = { VIEW("b.example"), VIEW("x"), NOW + 50,
		VIEW("") };
	struct queue_policy found = { 0 };

	(void)state;
	assert_int_equal(queue_find_policy(queue, VIEW("a.example"), NOW, arena, &found),
			DATABASE_E_ABSENT);
	assert_int_equal(queue_keep_policy(queue, &first, NOW), 0);
	assert_int_equal(queue_keep_policy(queue, &other, NOW), 0);
	assert_int_equal(queue_find_policy(queue, VIEW("a.example"), NOW + 99, arena,
					 &found),
			0);
	assert_view(found.id, "1");
	assert_view(found.text, "version: STSv1");
	assert_int_equal(queue_find_policy(queue, VIEW("a.example"), NOW + 100, arena,
					 &found),
			DATABASE_E_ABSENT);
	assert_int_equal(queue_keep_policy(queue, &second, NOW + 60), 0);
	queue_close(queue);
	queue = open_queue();
	assert_int_equal(queue_find_policy(queue, VIEW("a.example"), NOW + 60, arena,
					 &found),
			0);
	assert_view(found.id, "2");
	assert_int_equal(found.expires, NOW + 300);
	/* what was over went with the next that came */
	assert_int_equal(queue_find_policy(queue, VIEW("b.example"), NOW, arena, &found),
			DATABASE_E_ABSENT);
}

static void what_is_held_waits(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));
	struct queue_counts counts;

	(void)state;
	assert_int_equal(queue_hold(queue, id, true), 0);
	assert_int_equal(load(id).recipients[1].state, QUEUE_HELD);
	assert_int_equal(queue_count(queue, &counts), 0);
	assert_int_equal(counts.held, 2);
	assert_int_equal(queue_hold(queue, 0, false), 0);
	assert_int_equal(load(id).recipients[1].state, QUEUE_WAITING);
}

static void what_is_hurried_is_due(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));

	(void)state;
	attempt(id, 0, QUEUE_DEFERRED, NOW);
	assert_true(load(id).recipients[0].due > NOW);
	assert_int_equal(queue_hurry(queue, id + 1, NOW), 0);
	assert_true(load(id).recipients[0].due > NOW);
	assert_int_equal(queue_hurry(queue, id, NOW), 0);
	assert_int_equal(load(id).recipients[0].due, NOW);
}

static void what_is_cancelled_is_told_or_not(void **state)
{
	uint64_t silent = take(accept_plain(SENDER, 0));
	uint64_t told = take(accept_plain(SENDER, 0));
	uint64_t never = take(accept_plain(SENDER, DSN_NEVER));

	(void)state;
	assert_int_equal(queue_cancel(queue, silent, false), 0);
	assert_true(is_gone(silent));
	assert_int_equal(queue_cancel(queue, never, true), 0);
	assert_true(is_gone(never));
	assert_int_equal(owed(), 0);
	assert_int_equal(queue_cancel(queue, told, true), 0);
	assert_int_equal(load(told).recipients[1].report, owed());
	assert_int_equal(queue_cancel(queue, told, true), 0); /* nothing waits */
	assert_int_equal(queue_settle(queue, owed()), 0);
	assert_true(is_gone(told));
	assert_int_equal(queue_cancel(queue, told, true), DATABASE_E_ABSENT);
}

/* What comes back for one that was withdrawn while it was out is of no use any more. */
static void a_late_result_is_dropped(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));
	struct queue_result result = { .recipient = load(id).recipients[0].id,
		.outcome = QUEUE_REFUSED };
	bool reports = true;

	(void)state;
	assert_int_equal(queue_cancel(queue, id, false), 0);
	assert_int_equal(queue_record(queue, id, &result, 1, NOW, &reports), 0);
	assert_false(reports);
	assert_true(is_gone(id));
}

static void a_batch_is_whole_or_not(void **state)
{
	uint64_t id = take(accept_plain(SENDER, 0));

	(void)state;
	assert_int_equal(queue_begin(queue), 0);
	attempt(id, 0, QUEUE_DELIVERED, NOW);
	attempt(id, 0, QUEUE_REFUSED, NOW);
	queue_abort(queue);
	assert_int_equal(load(id).recipient_count, 2);
	assert_int_equal(owed(), 0);
	assert_int_equal(queue_begin(queue), 0);
	attempt(id, 0, QUEUE_DELIVERED, NOW);
	attempt(id, 0, QUEUE_REFUSED, NOW);
	assert_int_equal(queue_commit(queue), 0);
	assert_int_equal(load(id).recipient_count, 1);
	assert_int_not_equal(owed(), 0);
}

/* -- a disk that fails -- */

/* What can be seen of the whole queue. */
struct picture {
	uint64_t messages, recipients, attempts, reports;
};

static struct picture look(void)
{
	struct picture p = { 0 };
	uint64_t id = 0, report = 0, message;

	while (!queue_next(queue, id, &id) && id) {
		struct queue_message m = load(id);

		p.messages++;
		p.recipients += m.recipient_count;
		for (size_t i = 0; i < m.recipient_count; i++)
			p.attempts += m.recipients[i].attempts;
		assert_true(m.recipient_count > 0);
	}
	while (!queue_next_report(queue, report, &report, &message) && report)
		p.reports++;
	return p;
}

static int step(int n, struct intake_message *m, uint64_t *id)
{
	struct queue_result result = { .host = VIEW("mx"), .outcome = QUEUE_DEFERRED };
	struct queue_message seen;
	bool reports;
	int r = n ? queue_load(queue, *id, arena, &seen) : 0;

	if (r)
		return r;
	if (n)
		result.recipient = seen.recipients[0].id;
	switch (n) {
	case 0:
		return queue_take(queue, &m, 1, 0, NOW, id);
	case 1:
		return queue_record(queue, *id, &result, 1, NOW, &reports);
	case 2:
		result.outcome = QUEUE_REFUSED;
		return queue_record(queue, *id, &result, 1, NOW, &reports);
	case 3:
		return queue_settle(queue, owed());
	case 4:
		return queue_tell(queue, m, 0, NOW);
	default:
		result.outcome = QUEUE_DELIVERED;
		return queue_record(queue, *id, &result, 1, NOW, &reports);
	}
}

/* Runs the steps with the n-th call failing; false where no call was left to fail. */
static bool run(enum failure kind, unsigned nth, struct intake_message *m)
{
	struct picture before, after;
	bool failed = false;
	uint64_t id = 0;

	queue_close(queue);
	unlink(path);
	failing_vfs_arm(kind, 0);
	queue = open_queue_below(FAILING_VFS);
	before = after = look();
	failing_vfs_arm(kind, nth);
	for (int n = 0; n < 6 && !failed; n++) {
		int r = step(n, m, &id);

		failed = failing_vfs_failed();
		assert_true(!r || failed);
		if (!failed || !r)
			after = look();
	}
	failing_vfs_arm(kind, 0);
	queue_close(queue);
	queue = open_queue();
	if (failed) {
		before = look();
		assert_memory_equal(&before, &after, sizeof(after));
	}
	return failed;
}

static void whatever_call_fails_what_was_answered_lasts(void **state)
{
	struct intake_message *m = accept_asked(SENDER, TRACE);
	unsigned failures = 0;

	(void)state;
	for (int kind = FAIL_WRITE; kind <= FAIL_DEAD; kind++)
		for (unsigned nth = 1; run((enum failure)kind, nth, m); nth++)
			failures++;
	assert_true(failures > 30);
	intake_filed(house_intake, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_leads_out_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_has_no_trace_begins_with_its_first_bytes, setup,
				teardown),
		cmocka_unit_test_setup_teardown(
				success_here_is_told_once_to_who_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(
				M18_success_is_not_told_to_who_may_be_forged, setup,
				teardown),
		cmocka_unit_test_setup_teardown(nothing_is_taken_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_large_message_comes_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(
				it_goes_when_all_have_it, setup, teardown),
		cmocka_unit_test_setup_teardown(it_lasts, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_is_put_off_comes_later, setup, teardown),
		cmocka_unit_test_setup_teardown(
				who_waits_for_hours_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
				who_waits_for_days_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_report_brings_its_recipients_away, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_delay_that_becomes_a_failure_is_told_as_that, setup,
				teardown),
		cmocka_unit_test_setup_teardown(
				one_report_tells_of_several, setup, teardown),
		cmocka_unit_test_setup_teardown(
				NOTIFY_says_what_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
				M18_who_sends_on_is_told_in_place_of_a_stranger, setup,
				teardown),
		cmocka_unit_test_setup_teardown(
				a_policy_is_kept_as_long_as_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_held_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_hurried_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_is_cancelled_is_told_or_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_late_result_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_is_whole_or_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
				whatever_call_fails_what_was_answered_lasts, setup,
				teardown),
	};
	int failed;

	house_begin();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_end();
	return failed;
}

/* Every SMTP limit of the table at one less, at the limit, and one more: what is within
 * is taken, what is beyond gets the reply of its row. */
#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "tests/dialog/smtp_world.h"
#include "tests/lib/test.h"
#include "tests/lib/trickle.h"

#include <malloc.h>
#include <stdio.h>

#define LOGIN       "AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHdvbmRlcmxhbmQ=\r\n"
#define BAD_LOGIN   "AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAGd1ZXNz\r\n"
#define TRANSACTION "MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\n"

enum {
	SMALL_MESSAGE = 1000 /* the limit is the host's setting; the row its default */
};

/* A session, and the last line that came in it. */
struct probe {
	struct trickle_talk *talk;
	char last[600];
};

static void open_probe(struct probe *p, const char *kind)
{
	const struct trickle_world *world = smtp_world();

	world->reset(world->state);
	p->talk = trickle_talk_new(
			world->open(world->state, view_z(kind), nstime_seconds(1)), world,
			TRICKLE_WHOLE, 0);
	p->last[0] = '\0';
}

static void say_view(struct probe *p, struct view flight)
{
	struct view lines = trickle_say(p->talk, flight);
	size_t start;

	if (lines.len == 0)
		return;
	lines.len -= 2;
	start = view_find_last(lines, '\n');
	lines = start < lines.len ? view_from(lines, start + 1) : lines;
	snprintf(p->last, sizeof(p->last), "%.*s", VIEW_ARG(lines));
}

static void say(struct probe *p, const char *flight)
{
	say_view(p, view_z(flight));
}

/* before, n times fill, behind */
static void say_filled(struct probe *p, const char *before, size_t n, const char *fill,
		const char *behind)
{
	CLEANUP(buf_free) struct buf flight = BUF_NULL(SIZE_MAX);

	buf_add_z(&flight, before);
	for (size_t i = 0; i < n; i++)
		buf_add_z(&flight, fill);
	buf_add_z(&flight, behind);
	say_view(p, buf_view(&flight));
}

/* A name of n octets whose labels are not too long. */
static void add_name(struct buf *out, size_t n)
{
	for (size_t i = 1; i <= n; i++)
		buf_add_byte(out, i % 60 == 0 && i < n ? '.' : 'd');
}

/* -- what n of each is -- */

static void command_line(struct probe *p, size_t n)
{
	say_filled(p, "NOOP ", n - strlen("NOOP \r\n"), "x", "\r\n");
}

static void auth_line(struct probe *p, size_t n)
{
	say_filled(p, "AUTH PLAIN ", n - strlen("AUTH PLAIN \r\n"), "A", "\r\n");
}

static void recipients(struct probe *p, size_t n)
{
	say_filled(p, "MAIL FROM:<>\r\n", n, "RCPT TO:<bob@example.org>\r\n", "");
}

static void path(struct probe *p, size_t n)
{
	say_filled(p, "MAIL FROM:<", n - strlen("<@example.net>"), "x",
			"@example.net>\r\n");
}

static void local_part(struct probe *p, size_t n)
{
	say_filled(p, "MAIL FROM:<>\r\nRCPT TO:<", n, "x", "@example.org>\r\n");
}

static void domain(struct probe *p, size_t n)
{
	say_filled(p, "EHLO ", n, "x", "\r\n");
}

static void message(struct probe *p, size_t n)
{
	say(p, TRANSACTION "DATA\r\n");
	say_filled(p, "\r\n", n - strlen("\r\n\r\n"), "x", "\r\n.\r\n");
}

static void header(struct probe *p, size_t n)
{
	const size_t field = strlen("X: 34567890\r\n");

	say(p, TRANSACTION "DATA\r\n");
	n -= strlen("\r\n");
	say_filled(p, "", n / field - 1, "X: 34567890\r\n", "");
	say_filled(p, "X: ", n % field + field - strlen("X: \r\n"), "x", "\r\n\r\n.\r\n");
}

static void errors(struct probe *p, size_t n)
{
	say_filled(p, "", n, "TURN\r\n", "");
}

static void received(struct probe *p, size_t n)
{
	say(p, TRANSACTION "DATA\r\n");
	say_filled(p, "", n, "Received: from a by b\r\n", "\r\n.\r\n");
}

static void forward_path(struct probe *p, size_t n)
{
	CLEANUP(buf_free) struct buf flight = BUF_NULL(1000);

	buf_add_z(&flight, "MAIL FROM:<>\r\nRCPT TO:<alices@");
	add_name(&flight, n - strlen("<alices@>"));
	buf_add_z(&flight, ">\r\n");
	say_view(p, buf_view(&flight));
}

static void author(struct probe *p, size_t n)
{
	say(p, LOGIN);
	say(p, TRANSACTION "DATA\r\n");
	say_filled(p, "From: alice@example.org (",
			n - strlen(" alice@example.org ()\r\n"), "x", ")\r\n\r\n.\r\n");
}

/* Octets of a line that are thrown away, its end among them. */
static void discard(struct probe *p, size_t n)
{
	size_t kept = (size_t)limit_value(LIMIT_SMTP_COMMAND_LINE);

	say_filled(p, "", kept + n - strlen("\r\n"), "x", "\r\n");
}

static void idle_commands(struct probe *p, size_t n)
{
	say_filled(p, "", n - 1, "NOOP\r\n", ""); /* EHLO was one */
}

static void logins(struct probe *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		say(p, BAD_LOGIN);
}

static void chunks(struct probe *p, size_t n)
{
	say_filled(p, TRANSACTION, n, "BDAT 1\r\nx", "");
}

static void empty_chunks(struct probe *p, size_t n)
{
	say_filled(p, TRANSACTION, n, "BDAT 0\r\n", "");
}

static void envid(struct probe *p, size_t n)
{
	say_filled(p, "MAIL FROM:<> ENVID=", n, "x", "\r\n");
}

static void orcpt(struct probe *p, size_t n)
{
	say_filled(p, "MAIL FROM:<>\r\nRCPT TO:<bob@example.org> ORCPT=rfc822;",
			n - strlen("rfc822;"), "x", "\r\n");
}

/* clang-format off */
static const struct {
	enum limit limit;
	const char *kind;
	void (*send)(struct probe *p, size_t n);
	const char *within; /* how the last reply begins there */
} rows[] = {
	{ LIMIT_SMTP_COMMAND_LINE,  "mx",                 command_line,  "250 2.0.0" },
	{ LIMIT_SMTP_AUTH_LINE,     "submissions",        auth_line,     "501 5.5.2 Not" },
	{ LIMIT_SMTP_RECIPIENTS,    "mx",                 recipients,    "250 2.1.5" },
	{ LIMIT_SMTP_PATH,          "mx",                 path,          "250 2.1.0" },
	{ LIMIT_SMTP_LOCAL_PART,    "mx",                 local_part,    "550 5.1.1" },
	{ LIMIT_SMTP_DOMAIN,        "mx",                 domain,        "250 ENHANCED" },
	{ LIMIT_SMTP_MESSAGE,       "mx size=1000",       message,       "250 2.0.0" },
	{ LIMIT_SMTP_HEADER,        "mx size=2000000",    header,        "250 2.0.0" },
	{ LIMIT_SMTP_ERRORS,        "mx",                 errors,        "500 5.5.2" },
	{ LIMIT_SMTP_RECEIVED,      "mx",                 received,      "250 2.0.0" },
	{ LIMIT_SMTP_FORWARD_PATH,  "mx",                 forward_path,  "550 5.7.1" },
	{ LIMIT_SMTP_AUTHOR,        "submissions",        author,        "250 2.0.0" },
	{ LIMIT_SMTP_DISCARD,       "mx",                 discard,       "500 5.5.2 Command line" },
	{ LIMIT_SMTP_IDLE_COMMANDS, "mx",                 idle_commands, "250 2.0.0" },
	{ LIMIT_SMTP_LOGINS,        "submissions",        logins,        "535 5.7.8" },
	{ LIMIT_SMTP_CHUNKS,        "mx",                 chunks,        "250 2.0.0" },
	{ LIMIT_SMTP_EMPTY_CHUNKS,  "mx",                 empty_chunks,  "250 2.0.0" },
	{ LIMIT_SMTP_ENVID,         "mx dsn",             envid,         "250 2.1.0" },
	{ LIMIT_SMTP_ORCPT,         "mx dsn",             orcpt,         "250 2.1.5" },
};
/* clang-format on */

static size_t value_of(enum limit limit)
{
	return limit == LIMIT_SMTP_MESSAGE ? SMALL_MESSAGE : (size_t)limit_value(limit);
}

static void check(size_t i, size_t n, const char *wanted)
{
	struct probe p;

	open_probe(&p, rows[i].kind);
	say(&p, "EHLO c\r\n");
	rows[i].send(&p, n);
	if (strncmp(p.last, wanted, strlen(wanted)) != 0)
		fail_msg("%s of %zu: \"%s\", not \"%s\"", limit_row(rows[i].limit)->name,
				n, p.last, wanted);
	trickle_talk_free(p.talk);
}

static void each_limit_holds_at_its_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t limit = value_of(rows[i].limit);

		check(i, limit - 1, rows[i].within);
		check(i, limit, rows[i].within);
		check(i, limit + 1, limit_reply(rows[i].limit));
	}
}

static void no_limit_is_left_out(void **state)
{
	(void)state;
	for (int limit = 0; limit < LIMIT_COUNT; limit++) {
		const char *name = limit_row((enum limit)limit)->name;
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			found |= rows[i].limit == (enum limit)limit;
		if (strncmp(name, "smtp.", strlen("smtp.")) == 0 && !found)
			fail_msg("nobody walks %s", name);
	}
}

/* -- S13 -- */

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

static size_t memory(void)
{
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__)
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

/* A million chunks of one octet: 9,000 a message, since 10,000 end the session. What the
 * world keeps of a message is emptied before the measure. */
static void S13_a_million_chunks_take_no_memory(void **state)
{
	size_t first = 0, last = 0, most = 0;
	struct probe p;

	(void)state;
	open_probe(&p, "mx");
	say(&p, "EHLO c\r\n");
	for (size_t sent = 0; sent < 1000000; sent += 9000) {
		say_filled(&p, TRANSACTION, 8999, "BDAT 1\r\nx", "");
		if (memory() > most)
			most = memory();
		say(&p, "BDAT 1 LAST\r\nx");
		assert_int_equal(strncmp(p.last, "250 2.0.0 Queued", 16), 0);
		last = memory();
		if (first == 0)
			first = last;
	}
	print_message("%zu bytes after the first message, %zu after the last, %zu at "
		      "most\n",
			first, last, most);
	assert_true(last <= first);
	assert_true(most <= first + 65536);
	trickle_talk_free(p.talk);
}

static int end(void **state)
{
	(void)state;
	smtp_world_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_holds_at_its_value),
		cmocka_unit_test(no_limit_is_left_out),
		cmocka_unit_test(S13_a_million_chunks_take_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}

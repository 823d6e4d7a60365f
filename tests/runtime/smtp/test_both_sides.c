/* The client's engine and the server's, back to back: what one sends is what the other
 * takes. */
#include "runtime/base/buf.h"
#include "runtime/smtp/smtp_client.h"
#include "tests/dialog/smtp_client_world.h"
#include "tests/dialog/smtp_world.h"
#include "tests/lib/test.h"
#include "tests/lib/trickle.h"

#include <stdio.h>

struct both {
	struct trickle_talk *client, *server;
};

static void both_init(struct both *b, const char *server, const char *client,
		const char *send, struct view body)
{
	const struct trickle_world *there = smtp_world(), *here = smtp_client_world();
	CLEANUP(buf_free) struct buf words = BUF_NULL(65536);
	const nstime now = nstime_seconds(1000);

	there->reset(there->state);
	here->reset(here->state);
	b->server = trickle_talk_new(there->open(there->state, view_z(server), now),
			there, TRICKLE_WHOLE, 0);
	b->client = trickle_talk_new(here->open(here->state, view_z(client), now), here,
			TRICKLE_WHOLE, 0);
	buf_addf(&words, "send %s", send);
	assert_true(here->happen(here->state, buf_view(&words)));
	buf_clear(&words);
	buf_add_z(&words, "body ");
	for (size_t i = 0; i < body.len; i++)
		buf_addf(&words, "\\x%02x", (unsigned char)body.data[i]);
	assert_true(here->happen(here->state, buf_view(&words)));
}

static void both_deinit(struct both *b)
{
	trickle_talk_free(b->client);
	trickle_talk_free(b->server);
}

/* Until nobody has anything more to say. */
static void talk(struct both *b)
{
	CLEANUP(buf_free) struct buf flight = BUF_NULL(1 << 22);

	buf_add(&flight, trickle_say(b->server, VIEW("")));
	while (flight.len) {
		struct view said = trickle_say(b->client, buf_view(&flight));

		buf_clear(&flight);
		buf_add(&flight, trickle_say(b->server, said));
	}
	assert_true(trickle_is_closed(b->client));
}

static void happened(const char *words)
{
	const struct trickle_world *there = smtp_world();

	if (!there->happen(there->state, view_z(words)))
		fail_msg("not so: %s", words);
}

/* clang-format off */
static const struct {
	const char *server, *client, *send, *told, *asked, *with;
} rows[] = {
	{ "mx", "may", "<x@example.net> <bob@example.org>",
		"bob@example.org delivered final reply 250 2.0.0 Queued as M1\n",
		"asked - - - - /-", "with ESMTPS" },
	{ "mx no-tls", "may", "<> <bob@example.org> <alice@example.org> size=20",
		"bob@example.org delivered final reply 250 2.0.0 Queued as M1\nalice@example.org delivered final reply 250 2.0.0 Queued as M1\n",
		"asked - - - - /- /-", "with ESMTP" },
	{ "mx", "never", "<x@example.net> <bob@example.org> 8bit",
		"bob@example.org delivered final reply 250 2.0.0 Queued as M1\n",
		"asked - 8bit - - /-", "with ESMTP" },
	{ "mx dsn", "must", "<x@example.net> <bob@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@example.org ret=hdrs envid=QQ",
		"bob@example.org delivered final reply 250 2.0.0 Queued as M1\ndsn\n",
		"asked - - hdrs QQ sd/rfc822;b+2Bc@example.org", "with ESMTPS" },
	{ "mx", "must", "<x@example.net> <j\xc3\xb6rg@example.org> utf8 8bit",
		"j\xc3\xb6rg@example.org delivered final reply 250 2.0.0 Queued as M1\n",
		"asked utf8 8bit - - /-", "with UTF8SMTPS" },
};
/* clang-format on */

static void what_is_asked_arrives(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct both b;

		both_init(&b, rows[i].server, rows[i].client, rows[i].send,
				VIEW("Subject: x\r\n\r\n.Hello\r\n.\r\n"));
		talk(&b);
		assert_view(smtp_client_world_told(), rows[i].told);
		happened(rows[i].asked);
		happened(rows[i].with);
		happened("last Subject: x\\r\\n\\r\\n.Hello\\r\\n.\\r\\n");
		both_deinit(&b);
	}
}

static void submission_with_a_login(void **state)
{
	static const char *const sent = "<alice@example.org> <bob@example.org>";
	struct both b;

	(void)state;
	both_init(&b, "submission", "must login as=alice@example.org", sent,
			VIEW("From: alice@example.org\r\n"));
	talk(&b);
	assert_view(smtp_client_world_told(),
			"bob@example.org delivered final reply 250 2.0.0 Queued as M1\n");
	happened("with ESMTPSA");
	both_deinit(&b);

	/* whom the server does not know sends nothing */
	both_init(&b, "submission", "must login", sent, VIEW("Subject: x\r\n"));
	talk(&b);
	assert_true(view_starts(smtp_client_world_told(),
			VIEW("failed refused auth reply 535 5.7.8 ")));
	happened("logins 1");
	happened("messages 0");
	both_deinit(&b);
}

/* What the message is once each CR, LF and CR LF of it has become CR LF. */
static void normalise(struct buf *out, struct view body)
{
	for (size_t i = 0; i < body.len; i++) {
		char c = body.data[i];

		if (c == '\n' && i > 0 && body.data[i - 1] == '\r')
			continue;
		if (c == '\r' || c == '\n')
			buf_add_z(out, "\r\n");
		else
			buf_add_byte(out, c);
	}
	if (out->len && !view_ends(buf_view(out), VIEW("\r\n")))
		buf_add_z(out, "\r\n");
}

/* splitmix64 */
static uint64_t draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Whatever a message is made of, it arrives as one, and whole. */
static void S01_any_message_arrives_as_one(void **state)
{
	static const char octets[] = { '.', '\r', '\n', 'a' };
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		CLEANUP(buf_free) struct buf wanted = BUF_NULL(256);
		char body[40];
		size_t len = draw(&seed) % sizeof(body);
		struct both b;

		for (size_t i = 0; i < len; i++)
			body[i] = octets[draw(&seed) % sizeof(octets)];
		normalise(&wanted, view_of(body, len));
		both_init(&b, "mx", "never", "<x@example.net> <bob@example.org>",
				view_of(body, len));
		talk(&b);
		assert_int_equal(smtp_world_deeds().messages, 1);
		if (!view_eq(smtp_world_deeds().last, buf_view(&wanted)))
			fail_msg("round %d: another message arrived", round);
		both_deinit(&b);
	}
}

static int end_worlds(void **state)
{
	(void)state;
	smtp_world_end();
	smtp_client_world_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_arrives),
		cmocka_unit_test(submission_with_a_login),
		cmocka_unit_test(S01_any_message_arrives_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, end_worlds);
}

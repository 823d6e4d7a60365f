/* Every kind of reply, and of silence, at every stage: what becomes of the message, and of
 * the connection. */
#include "runtime/base/buf.h"
#include "runtime/smtp/smtp_client.h"
#include "tests/dialog/smtp_client_world.h"
#include "tests/lib/test.h"
#include "tests/lib/trickle.h"

#include <stdio.h>

enum kind {
	KIND_2XX,
	KIND_3XX,
	KIND_4XX,
	KIND_5XX,
	KIND_421,
	KIND_GARBAGE,
	KIND_EOF,
	KIND_TIMEOUT,
	KINDS,
};

static const char *const bytes[KINDS] = {
	[KIND_2XX] = "250 Ok\r\n",
	[KIND_3XX] = "354 Go on\r\n",
	[KIND_4XX] = "450 4.2.1 Later\r\n",
	[KIND_5XX] = "550 5.1.1 No\r\n",
	[KIND_421] = "421 4.3.2 Going down\r\n",
	[KIND_GARBAGE] = "5.7.2\r\n",
	[KIND_EOF] = "(eof)",
	[KIND_TIMEOUT] = "(silence)",
};

#define GREETING "220 mx\r\n"
#define HELLO                                                                            \
	GREETING "\xff"                                                                  \
		 "250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n\xff"
#define ONE                                                                              \
	GREETING "\xff"                                                                  \
		 "250 mx\r\n\xff"
#define FLIGHT                                                                           \
	GREETING "\xff"                                                                  \
		 "250-mx\r\n250 PIPELINING\r\n\xff"
#define OK    "250 Ok\r\n\xff"
#define GO_ON "354 Go on\r\n\xff"

/* What is told, up to the status; NULL: nothing, the session goes on. A `+` before it: the
 * connection goes on and ends by QUIT, else it is just closed. */
/* clang-format off */
static const struct {
	const char *name, *session;
	const char *before; /* flights of the server, 0xff between two */
	const char *told[KINDS];
} stages[] = {
	{ "greeting", "never", "",
		{ "deferred greeting protocol 0", "deferred greeting protocol 0", "+deferred greeting reply 450", "+refused greeting reply 550",
		  "deferred greeting reply 421", "deferred greeting protocol 0", "deferred greeting lost 0", "deferred greeting timeout 0" } },
	{ "hello", "never", GREETING "\xff",
		{ NULL, "deferred hello protocol 0", "+deferred hello reply 450", NULL,
		  "deferred hello reply 421", "deferred hello protocol 0", "deferred hello lost 0", "deferred hello timeout 0" } },
	{ "helo", "never", GREETING "\xff" "500 What\r\n\xff",
		{ NULL, "deferred hello protocol 0", "+deferred hello reply 450", "+refused hello reply 550",
		  "deferred hello reply 421", "deferred hello protocol 0", "deferred hello lost 0", "deferred hello timeout 0" } },
	{ "starttls", "must", HELLO,
		{ "deferred tls protocol 0", "deferred tls protocol 0", "+deferred tls reply 450", "+refused tls reply 550",
		  "deferred tls reply 421", "deferred tls protocol 0", "deferred tls lost 0", "deferred tls timeout 0" } },
	{ "auth", "must tls login", HELLO,
		{ NULL, "deferred auth protocol 0", "+deferred auth reply 450", "+refused auth reply 550",
		  "deferred auth reply 421", "deferred auth protocol 0", "deferred auth lost 0", "deferred auth timeout 0" } },
	{ "mail", "never", ONE,
		{ NULL, "deferred mail protocol 0", "+deferred mail reply 450", "+refused mail reply 550",
		  "deferred mail reply 421", "deferred mail protocol 0", "deferred mail lost 0", "deferred mail timeout 0" } },
	{ "rcpt", "never", ONE OK,
		{ NULL, "deferred rcpt protocol 0", "+deferred rcpt reply 450", "+refused rcpt reply 550",
		  "deferred rcpt reply 421", "deferred rcpt protocol 0", "deferred rcpt lost 0", "deferred rcpt timeout 0" } },
	{ "data", "never", ONE OK OK,
		{ "deferred data protocol 0", NULL, "+deferred data reply 450", "+refused data reply 550",
		  "deferred data reply 421", "deferred data protocol 0", "deferred data lost 0", "deferred data timeout 0" } },
	{ "final", "never", ONE OK OK GO_ON,
		{ "+delivered final reply 250", "unknown final protocol 0", "+deferred final reply 450", "+refused final reply 550",
		  "deferred final reply 421", "unknown final protocol 0", "unknown final lost 0", "unknown final timeout 0" } },
	{ "mail in a flight", "never", FLIGHT,
		{ NULL, "deferred mail protocol 0", NULL, NULL,
		  "deferred mail reply 421", "deferred mail protocol 0", "deferred mail lost 0", "deferred mail timeout 0" } },
	{ "rcpt in a flight", "never", FLIGHT OK,
		{ NULL, "deferred rcpt protocol 0", NULL, NULL,
		  "deferred rcpt reply 421", "deferred rcpt protocol 0", "deferred rcpt lost 0", "deferred rcpt timeout 0" } },
	{ "data in a flight", "never", FLIGHT OK OK,
		{ "deferred data protocol 0", NULL, "+deferred data reply 450", "+refused data reply 550",
		  "deferred data reply 421", "deferred data protocol 0", "deferred data lost 0", "deferred data timeout 0" } },
	{ "final in a flight", "never", FLIGHT OK OK GO_ON,
		{ "+delivered final reply 250", "unknown final protocol 0", "+deferred final reply 450", "+refused final reply 550",
		  "deferred final reply 421", "unknown final protocol 0", "unknown final lost 0", "unknown final timeout 0" } },
	{ "quit", "never", ONE OK OK GO_ON OK,
		{ NULL } },
};
/* clang-format on */

static struct trickle_talk *open_talk(const char *session, enum trickle_way way)
{
	const struct trickle_world *world = smtp_client_world();
	struct engine *engine;

	world->reset(world->state);
	engine = world->open(world->state, view_z(session), nstime_seconds(1000));
	assert_true(world->happen(
			world->state, VIEW("send <a@example.org> <b@example.net>")));
	assert_true(world->happen(world->state, VIEW("body Hello\\r\\n")));
	return trickle_talk_new(engine, world, way, 7);
}

/* What it says then, in a copy. */
static void speak(struct trickle_talk *talk, enum kind kind, char *out, size_t size)
{
	struct view said;

	if (kind == KIND_EOF)
		said = trickle_hang_up(talk);
	else if (kind == KIND_TIMEOUT)
		said = trickle_wait(talk, nstime_seconds(601));
	else
		said = trickle_say(talk, view_z(bytes[kind]));
	snprintf(out, size, "%.*s", VIEW_ARG(said));
}

static void check(size_t stage, enum kind kind, enum trickle_way way)
{
	const char *wanted = stages[stage].told[kind];
	struct trickle_talk *talk = open_talk(stages[stage].session, way);
	struct view before = view_z(stages[stage].before), told;
	bool is_quit = strcmp(stages[stage].name, "quit") == 0;
	char said[256];

	while (before.len)
		trickle_say(talk, view_cut(&before, '\xff'));
	speak(talk, kind, said, sizeof(said));
	told = smtp_client_world_told();
	if (is_quit) {
		assert_true(trickle_is_closed(talk));
	} else if (!wanted) {
		if (told.len || trickle_is_closed(talk))
			fail_msg("%s, %s: told \"%.*s\"", stages[stage].name, bytes[kind],
					VIEW_ARG(told));
	} else {
		bool quits = wanted[0] == '+';
		struct view rest = told;

		view_cut(&rest, ' ');
		if (!view_starts(rest, view_z(wanted + quits)))
			fail_msg("%s, %s: told \"%.*s\", not \"%s\"", stages[stage].name,
					bytes[kind], VIEW_ARG(told), wanted + quits);
		assert_int_equal(view_find(told, '\n'), told.len - 1); /* once */
		assert_int_equal(trickle_is_closed(talk), !quits);
		assert_string_equal(said, quits ? "QUIT\r\n" : "");
	}
	trickle_talk_free(talk);
}

static void S33_each_kind_of_reply_at_each_stage(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stages); i++)
		for (int kind = 0; kind < KINDS; kind++) {
			check(i, (enum kind)kind, TRICKLE_WHOLE);
			check(i, (enum kind)kind, TRICKLE_BYTES);
		}
}

/* Each split of a whole session in two: the same is said and told. */
static void at_each_byte_the_same(void **state)
{
	static const char session[] =
			"220-mx\r\n220 hello\r\n\xff"
			"250-mx\r\n250-SIZE 100\r\n250 PIPELINING\r\n\xff"
			"250-2.1.0 Sender\r\n250 2.1.0 ok\r\n250 2.1.5 Ok\r\n354 Go "
			"on\r\n\xff"
			"250-2.0.0 Taken\r\n250 2.0.0 over\r\n\xff"
			"221 2.0.0 Bye\r\n";

	(void)state;
	for (size_t split = 0; split < sizeof(session); split++) {
		struct trickle_talk *talk = open_talk("never", TRICKLE_WHOLE);
		struct view rest = view_of(session, sizeof(session) - 1);
		size_t at = 0;

		while (rest.len) {
			struct view flight = view_cut(&rest, '\xff');
			size_t half = split > at && split - at < flight.len ? split - at
									    : 0;

			trickle_say(talk, view_sub(flight, 0, half));
			trickle_say(talk, view_from(flight, half));
			at += flight.len + 1;
		}
		assert_view(smtp_client_world_told(),
				"b@example.net delivered final reply 250 2.0.0 Taken "
				"over\n");
		assert_true(trickle_is_closed(talk));
		trickle_talk_free(talk);
	}
}

/* A thousand recipients are more than one flight holds. */
static void a_thousand_recipients(void **state)
{
	const struct trickle_world *world = smtp_client_world();
	CLEANUP(buf_free) struct buf words = BUF_NULL(1 << 20);
	CLEANUP(buf_free) struct buf replies = BUF_NULL(1 << 20);
	struct trickle_talk *talk;
	size_t delivered = 0;
	struct view told;

	(void)state;
	buf_add_z(&words, "send <a@example.org>");
	buf_add_z(&replies, "250 Ok\r\n");
	for (int i = 0; i < SMTP_CLIENT_RECIPIENTS; i++) {
		buf_addf(&words, " <recipient-%d@%060d.example.net>", i, i);
		buf_addf(&replies, "%d Ok\r\n", i % 10 ? 250 : 550);
	}
	world->reset(world->state);
	talk = trickle_talk_new(
			world->open(world->state, VIEW("never"), nstime_seconds(1)),
			world, TRICKLE_WHOLE, 0);
	assert_true(world->happen(world->state, buf_view(&words)));
	trickle_say(talk, VIEW("220 mx\r\n"));
	told = trickle_say(talk, VIEW("250-mx\r\n250 PIPELINING\r\n"));
	assert_true(view_ends(told, VIEW("DATA\r\n")));
	trickle_say(talk, buf_view(&replies));
	assert_view(trickle_say(talk, VIEW("354 Go on\r\n")), ".\r\n");
	trickle_say(talk, VIEW("250 Ok\r\n"));
	told = smtp_client_world_told();
	while (told.len) {
		struct view line = view_cut(&told, '\n');

		delivered += view_ends(line, VIEW(" delivered final reply 250 2.0.0 Ok"));
	}
	assert_int_equal(delivered, SMTP_CLIENT_RECIPIENTS * 9 / 10);
	trickle_talk_free(talk);
}

static int end_world(void **state)
{
	(void)state;
	smtp_client_world_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S33_each_kind_of_reply_at_each_stage),
		cmocka_unit_test(at_each_byte_the_same),
		cmocka_unit_test(a_thousand_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, end_world);
}

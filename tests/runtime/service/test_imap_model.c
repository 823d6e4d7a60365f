/* Random commands of several IMAP sessions against a model: engine, performer, account
 * queues, store, intake log and delivery, everything but sockets.
 *
 *	test_imap_model [--seed N] [--commands N]
 *
 * After each line of the server: numbers as the session was told them, EXPUNGE only where
 * RFC 3501, 7.4.1 allows it, flags, sizes, texts, UIDs that are never used twice; after
 * each command: that nothing was left unsaid. Sessions run within each other's waiting,
 * are cut off, idle; messages are delivered in between; the server ends and begins anew. */
#include "runtime/base/error.h"
#include "tests/lib/test.h"
#include "tests/runtime/service/model/dice.h"
#include "tests/runtime/service/model/report.h"
#include "tests/runtime/service/model/server.h"
#include "tests/runtime/service/model/talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	BETWEEN_DELIVERIES = 25, /* commands */
	BETWEEN_STARTS = 1500,
};

static struct truth truths[SERVER_ACCOUNTS];

static void deliver(void)
{
	unsigned first = truth_new_number(), last = first;
	unsigned to = 1 + dice((1 << SERVER_ACCOUNTS) - 1);
	struct server_changes changes[SERVER_ACCOUNTS];

	while (once_in(2))
		last = truth_new_number();
	report_note(TALKS, "delivery", VIEW("to INBOX"));
	server_deliver(first, last, to, changes);
	for (int i = 0; i < SERVER_ACCOUNTS; i++) {
		struct truth_message m = { .above = server_above(i),
			.date = server_received() };

		if (!truth_modseq(&truths[i], changes[i].modseq))
			report_difference(TALKS, "an account's MODSEQ went back");
		if (!(to >> i & 1))
			continue;
		for (m.number = first; m.number <= last; m.number++)
			truth_add(&truths[i], truth_find(&truths[i], "INBOX"), &m);
	}
	talks_changed(changes);
}

static void start_anew(void)
{
	talks_end();
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		server_check(i);
	server_end();
	report_note(TALKS, "restart", VIEW(""));
	server_begin(once_in(4) ? 1 : SERVER_ACCOUNTS);
	talks_begin(truths);
}

static void run(uint64_t seed, uint64_t commands)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	printf("seed %" PRIu64 ": ", seed);
	fflush(stdout);
	report_seed(seed);
	dice_seed(seed);
	server_make();
	server_begin(SERVER_ACCOUNTS);
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		truth_init(&truths[i]);
	talks_begin(truths);
	while (report_commands() < commands) {
		if (once_in(BETWEEN_STARTS))
			start_anew();
		else if (once_in(BETWEEN_DELIVERIES))
			deliver();
		else
			talks_move();
	}
	start_anew();
	talks_end();
	server_end();
	server_remove();
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		truth_free(&truths[i]);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%" PRIu64 " commands agree with the model, %.1f s\n", report_commands(),
			(double)(to.tv_sec - from.tv_sec) +
					(double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

static uint64_t number(const char *text)
{
	uint64_t n;

	if (!text || !view_to_u64(view_z(text), &n))
		die("a number is expected, not %s", text ? text : "nothing");
	return n;
}

int main(int argc, char **argv)
{
	uint64_t seed = 0, commands = 10000;

	for (int i = 1; i < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			seed = number(argv[i + 1]);
		else if (strcmp(argv[i], "--commands") == 0)
			commands = number(argv[i + 1]);
		else
			die("usage: %s [--seed N] [--commands N]", argv[0]);
	}
	if (!seed)
		seed = (uint64_t)time(NULL);
	run(seed, commands);
	return 0;
}

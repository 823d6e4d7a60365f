#include "runtime/net/shed.h"

#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <string.h>

enum {
	KIB = 1024,
	PLAIN = 3 * KIB /* what a connection weighs at least */
};

static void the_first_to_end_are_strangers(void **state)
{
	/* clang-format off */
	static const struct {
		struct standing standing;
		enum rank rank;
	} cases[] = {
		{ { false, false, NS_PER_MS,          PLAIN },      RANK_STRANGER },
		{ { false, false, 3 * NS_PER_S,       PLAIN },      RANK_SILENT },
		{ { false, true,  3 * NS_PER_S,       PLAIN },      RANK_STRANGER }, /* we keep it waiting */
		{ { false, false, NS_PER_MS,          1000 * KIB }, RANK_STRANGER },
		{ { true,  false, 3000 * NS_PER_S,    PLAIN },      RANK_KNOWN },
		{ { true,  false, NS_PER_MS,          1000 * KIB }, RANK_BULK },
		{ { true,  true,  NS_PER_MS,          1000 * KIB }, RANK_BULK },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(shed_rank(&cases[i].standing), cases[i].rank);
}

/* One on each of the two loops, which take newcomers in turn. */
static void come(struct client c[2], struct toy *toy, const char *login, const char *keep)
{
	for (int i = 0; i < 2; i++) {
		client_connect(&c[i], toy);
		client_expect(&c[i], "hello");
		if (login) {
			client_send(&c[i], login);
			client_expect(&c[i], "welcome");
		}
		client_send(&c[i], keep);
		client_expect(&c[i], "kept");
	}
}

static void stay(struct client c[2])
{
	for (int i = 0; i < 2; i++) {
		client_send(&c[i], "say still here\n");
		client_expect(&c[i], "still here");
	}
}

static void go(struct client c[2])
{
	for (int i = 0; i < 2; i++) {
		client_expect(&c[i], "shed");
		client_expect_end(&c[i]);
		client_close(&c[i]);
	}
}

static void set_memory(struct toy *toy, size_t kib)
{
	net_set_caps(toy->net, (struct net_caps){ 100, 100, 100, 2 * kib * KIB });
}

/* The known ones come first, and are silent for longest: rank goes before silence. */
static void ranks_end_one_after_the_other(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client known[2], bulk[2], stranger[2];

	(void)state;
	come(known, toy, "login\n", "keep 1024\n");
	come(bulk, toy, "login\n", "keep 100000\n");
	come(stranger, toy, NULL, "keep 20480\n");
	set_memory(toy, 127);
	go(stranger);
	stay(known);
	stay(bulk);
	set_memory(toy, 60);
	go(bulk);
	stay(known);
	set_memory(toy, 3);
	go(known);
	toy_free(toy);
}

static void who_grows_makes_others_end(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client known[2], stranger[2];

	(void)state;
	set_memory(toy, 38);
	come(stranger, toy, NULL, "keep 1024\n");
	come(known, toy, "login\n", "keep 1024\n");
	stay(stranger);
	for (int i = 0; i < 2; i++) {
		client_send(&known[i], "keep 32768\n");
		client_expect(&known[i], "kept");
	}
	go(stranger);
	stay(known);
	client_close(&known[0]);
	client_close(&known[1]);
	toy_free(toy);
}

/* What an engine waits for is not taken from it at once. */
static void an_operation_ends_before(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client busy[2];

	(void)state;
	come(busy, toy, NULL, "keep 1024\n");
	for (int i = 0; i < 2; i++)
		client_send(&busy[i], "hold\n");
	toy_await_held(toy, 2);
	set_memory(toy, 1);
	toy_release(toy);
	for (int i = 0; i < 2; i++) {
		char said[64] = "";
		ssize_t len = 0, n;

		while ((n = client_read(&busy[i], said + len,
					sizeof(said) - 1 - (size_t)len)) > 0)
			len += n;
		assert_non_null(strstr(said, "shed\n"));
		client_close(&busy[i]);
	}
	toy_free(toy);
}

static void the_silent_make_places(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client silent[2], c;

	(void)state;
	net_set_caps(toy->net, (struct net_caps){ 2, 100, 100, SIZE_MAX });
	come(silent, toy, NULL, "keep 1\n");
	client_connect(&c, toy);
	client_expect(&c, "full");
	client_close(&c);
	stay(silent);
	for (int i = 0; i < 2; i++)
		client_send(&silent[i], "tick 2100\n");
	for (int i = 0; i < 2; i++)
		client_expect(&silent[i], "tick");
	client_connect(&c, toy);
	client_expect(&c, "full");
	client_close(&c);
	toy_await_closed(toy, 1);
	client_connect(&c, toy);
	client_expect(&c, "hello");
	client_close(&c);
	for (int i = 0; i < 2; i++)
		client_close(&silent[i]);
	toy_free(toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_to_end_are_strangers),
		cmocka_unit_test(ranks_end_one_after_the_other),
		cmocka_unit_test(who_grows_makes_others_end),
		cmocka_unit_test(an_operation_ends_before),
		cmocka_unit_test(the_silent_make_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

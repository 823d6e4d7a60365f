/* Killed at every boundary of the outbox the zone comes to be what the state says, each change
 * of it made once; and whatever fails, and whoever edits the zone meanwhile, what is not ours
 * stays as it is, byte for byte.
 *
 * A boundary is a write of the database, cut in half, and the moments before and after a call
 * to the provider. `test_record_crash COUNT SEED` reconciles as often as one likes. */
#include "agent/database/journal.h"
#include "runtime/base/error.h"
#include "tests/agent/writes.h"
#include "tests/agent/zone_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_BOUNDARIES = 1000,
	FOREIGN = 40, /* sets of others */
	NAMES = 6,
};

static unsigned long count = 60;
static uint64_t seed;
static uint64_t state_of_random;

/* xorshift64* */
static unsigned draw(unsigned below)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (unsigned)((state_of_random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

/* -- every boundary -- */

/* One comes, one changes beside what others have, one goes, one stays. */
#define BEFORE ZONE_MANAGED(", records: {old: {txt: old}, same: {txt: same}}")
#define AFTER                                                                            \
	ZONE_MANAGED(", records: {new: {txt: new}, same: {txt: same}}, spf: {all: "      \
		     "softfail}")

static const char zone_after[] =
		"a.example/MX 300 10 mail.a.example.\n"
		"a.example/TXT 60 \"v=spf1 mx ~all\"|\"verification=1\"\n"
		"mail.a.example/TXT 300 \"v=spf1 a -all\"\n"
		"new.a.example/TXT 300 \"new\"\n"
		"same.a.example/TXT 300 \"same\"\n"
		"www.a.example/A 60 203.0.113.80\n";

enum {
	CHANGES_BEFORE = 5,
	CHANGES_AFTER = 3,
};

static void go_and_die(struct world *w, long nth)
{
	house_open(w->house);
	fake_zone_boundary = writes_boundary;
	writes_left = nth;
	zone_house_apply(w, AFTER);
	world_converge(w, 600);
	writes_left = 0;
	_exit(0);
}

static void resume(struct world *w)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf report = BUF_NULL(4096);

	house_open(w->house);
	assert_int_equal(agent_reconcile(w->house->agent, RECONCILE_START, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
	world_converge(w, 600);
	assert_int_equal(database_integrity_check(w->house->agent->db, &report), 0);
	zone_house_apply(w, AFTER);
	world_converge(w, 600);
}

/* True once the child came through. */
static bool one_kill(long nth)
{
	CLEANUP(buf_free) struct buf zone = BUF_NULL(FAKE_TEXT);
	struct world *w;
	void *state;
	int status;
	pid_t child;

	zone_house_setup(&state);
	w = state;
	fake_zone_put("a.example", "TXT", 60, "\"verification=1\"");
	fake_zone_put("www.a.example", "A", 60, "203.0.113.80");
	zone_house_apply(w, BEFORE);
	world_converge(w, 60);
	assert_int_equal(fake_zone_changes(), CHANGES_BEFORE);
	house_close(w->house);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		go_and_die(w, nth);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == WRITES_KILLED || WEXITSTATUS(status) == 0);
	resume(w);
	fake_zone_print(&zone);
	if (!view_eq(buf_view(&zone), view_z(zone_after)))
		fail_msg("killed at %ld:\n%.*s", nth, VIEW_ARG(buf_view(&zone)));
	if (fake_zone_changes() != CHANGES_BEFORE + CHANGES_AFTER)
		fail_msg("killed at %ld: %zu changes", nth, fake_zone_changes());
	world_teardown(&state);
	return WEXITSTATUS(status) == 0;
}

static void killed_at_every_boundary_the_zone_converges(void **state)
{
	long nth = 1;

	(void)state;
	while (!one_kill(nth) && nth < MOST_BOUNDARIES)
		nth++;
	print_message("%ld boundaries\n", nth - 1);
	assert_true(nth > 20 && nth < MOST_BOUNDARIES);
}

/* -- others' records, whatever happens -- */

static const char *const names[NAMES] = { "one", "two", "three", "four", "five", "six" };

struct ours {
	int values[NAMES]; /* -1: none */
};

/* Some texts beside those of others, and what the zone has anyway. */
static void random_state(struct ours *ours, struct buf *out)
{
	const char *between = "";

	buf_add_z(out, ZONE_PROVIDER
			"domains: {a.example: {dns: {provider: main, " ZONE_ONLY
			"}, records: {");
	for (int i = 0; i < NAMES; i++) {
		ours->values[i] = draw(3) ? (int)draw(3) : -1;
		if (ours->values[i] < 0)
			continue;
		buf_addf(out, "%s%s: {txt: ours-%d}", between, names[i], ours->values[i]);
		between = ", ";
	}
	buf_add_z(out, "}}, " ZONE_USER);
	buf_add_byte(out, '\0');
}

static void put_foreign(void)
{
	char name[64], values[128];

	for (int i = 0; i < FOREIGN; i++) {
		snprintf(name, sizeof(name), "f%d.a.example", i);
		snprintf(values, sizeof(values), "\"f%u\"|\"v=spf1 ip4:192.0.2.%d ?all\"",
				draw(1000), i);
		fake_zone_put(name, "TXT", 60 + draw(600), values);
	}
	/* In our own sets, too. */
	for (int i = 0; i < NAMES; i += 2) {
		snprintf(name, sizeof(name), "%s.a.example", names[i]);
		fake_zone_put(name, "TXT", 77, "\"theirs\"");
	}
}

/* All lines of the zone that are none of ours, and of ours what others have in them. */
static void foreign_of(struct buf *out)
{
	CLEANUP(buf_free) struct buf zone = BUF_NULL(FAKE_TEXT);
	struct view rest;

	fake_zone_print(&zone);
	rest = buf_view(&zone);
	while (rest.len) {
		struct view line = view_cut(&rest, '\n');

		if (view_starts(line, VIEW("f")) &&
				view_find_view(line, VIEW("ours")) == line.len &&
				byte_is_digit(line.data[1]))
			buf_addf(out, "%.*s\n", VIEW_ARG(line));
		else if (view_find_view(line, VIEW("\"theirs\"")) < line.len)
			buf_addf(out, "%.*s theirs\n",
					VIEW_ARG(view_sub(
							line, 0, view_find(line, '/'))));
	}
}

static void random_faults(void)
{
	static const char *const on[] = { "read", "change", "ask" };
	static const char *const reasons[] = { "ServerFailed", "Timeout",
		"ConnectionLost", "AnswerMalformed", "RateLimited" };

	fake_zone_fault(on[draw(3)], reasons[draw(5)], draw(2), draw(4));
	fake_zone_lag(draw(4) == 0);
	fake_zone_silence(0, draw(6) == 0);
}

static void heal(void)
{
	fake_zone_fault("none", "Timeout", false, 0);
	fake_zone_lag(false);
	fake_zone_silence(0, false);
	fake_zone_follow(0);
	fake_zone_follow(1);
}

static void check_ours(const struct ours *ours)
{
	for (int i = 0; i < NAMES; i++) {
		CLEANUP(buf_free) struct buf live = BUF_NULL(FAKE_TEXT), wanted = live;
		char name[64];

		snprintf(name, sizeof(name), "%s.a.example", names[i]);
		fake_zone_at_provider(name, "TXT", &live);
		if (ours->values[i] >= 0)
			buf_addf(&wanted, "\"ours-%d\"", ours->values[i]);
		if (ours->values[i] >= 0 ? view_find_view(buf_view(&live),
							   buf_view(&wanted)) == live.len
					 : view_find_view(buf_view(&live), VIEW("ours")) <
								live.len)
			fail_msg("seed %llu: %s has %.*s, not %.*s",
					(unsigned long long)seed, name,
					VIEW_ARG(buf_view(&live)),
					VIEW_ARG(buf_view(&wanted)));
	}
}

static void one_round(struct world *w, struct buf *foreign)
{
	CLEANUP(buf_free) struct buf sections = BUF_NULL(HOUSE_TEXT), now = sections;
	struct ours ours;

	random_state(&ours, &sections);
	random_faults();
	zone_house_apply(w, sections.data);
	world_turn(w);
	for (unsigned i = draw(4); i; i--) {
		world_pass(w, 60);
		world_turn(w);
	}
	foreign_of(&now);
	if (!view_eq(buf_view(foreign), buf_view(&now)))
		fail_msg("seed %llu: others had\n%.*s\nand have\n%.*s",
				(unsigned long long)seed, VIEW_ARG(buf_view(foreign)),
				VIEW_ARG(buf_view(&now)));
	if (draw(3))
		return; /* the next state comes while this one is not done */
	heal();
	world_converge(w, 2 * 60 * 60);
	check_ours(&ours);
}

static void whatever_fails_what_others_have_stays(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf foreign = BUF_NULL(FAKE_TEXT), after = foreign;

	print_message("seed %llu, %lu reconciles\n", (unsigned long long)seed, count);
	state_of_random = seed | 1;
	put_foreign();
	foreign_of(&foreign);
	for (unsigned long i = 0; i < count; i++)
		one_round(w, &foreign);
	heal();
	zone_house_apply(w, ZONE_NONE);
	world_converge(w, 2 * 60 * 60);
	foreign_of(&after);
	assert_true(view_eq(buf_view(&foreign), buf_view(&after)));
	buf_clear(&after);
	fake_zone_print(&after);
	assert_int_equal(view_find_view(buf_view(&after), VIEW("ours")), after.len);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_every_boundary_the_zone_converges),
		cmocka_unit_test_setup_teardown(whatever_fails_what_others_have_stays,
				zone_house_setup, world_teardown),
	};

	if (argc > 1)
		count = strtoul(argv[1], NULL, 10);
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
	writes_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Killed at every boundary of the outbox, and anywhere: it converges by itself, nothing is
 * lost, nothing is done twice. A child of this process applies and turns; the parent looks
 * at what it left, and lets the agent come to rest.
 *
 * A boundary is a write of the database (cut in half), the moment before a call, and the
 * moment after it: all of them in their order are tried one after the other. There the
 * service honours no keys, so that what is called twice is done twice. `test_outbox_crash
 * SERVICE COUNT SEED` kills at as many random moments as one likes. */
#include "agent/database/journal.h"
#include "runtime/base/error.h"
#include "tests/agent/world.h"
#include "tests/agent/writes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define A "a@one.example"
#define B "b@one.example"
#define C "c@two.example"
#define D "d@two.example"

enum {
	MOST_BOUNDARIES = 1000,
	RESUME_SECONDS = 2,
	LINES = 8,
};

static unsigned long count = 25;
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

/* One comes, one changes, one goes, one stays; and they need each other. */
static const struct probe_line lines_before[] = {
	{ A, "a1", C },
	{ C, "c1", "" },
	{ D, "d1", "" },
};

static const struct probe_line lines_after[] = {
	{ A, "a2", B },
	{ B, "b2", D },
	{ D, "d1", "" },
};

static const char *const put_once[] = { "a1", "c1", "d1", "a2", "b2" };

/* Applies and turns until it is killed; never returns. */
static void go_and_die(struct world *w, long nth)
{
	house_open(w->house);
	probe_boundary = writes_boundary;
	writes_left = nth;
	world_apply(w, lines_after, ARRAY_LEN(lines_after));
	world_converge(w, 60);
	writes_left = 0;
	_exit(0);
}

static void check_sound(struct world *w)
{
	CLEANUP(buf_free) struct buf report = BUF_NULL(4096);
	struct database *db = w->house->agent->db;
	uint64_t seq = 0;

	assert_int_equal(database_integrity_check(db, &report), 0);
	assert_int_equal(audit_verify(db, &seq), AUDIT_OK);
}

/* A child that was killed before its state was accepted left the old one. */
static void resume(struct world *w, int64_t seconds, nstime *slowest)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	nstime begin = clock_now();

	house_open(w->house);
	assert_int_equal(agent_reconcile(w->house->agent, RECONCILE_START, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
	world_converge(w, seconds);
	if (clock_now() - begin > *slowest)
		*slowest = clock_now() - begin;
}

static void check_once(long nth)
{
	for (size_t i = 0; i < ARRAY_LEN(put_once); i++)
		if (world_calls("PUT", put_once[i]) != 1)
			fail_msg("killed at %ld: %s was put %zu times", nth, put_once[i],
					world_calls("PUT", put_once[i]));
	assert_int_equal(world_calls("DELETE", ""), 1);
	assert_int_equal(world_most_effects(), 1);
}

/* True once the child came through. */
static bool one_kill(long nth, nstime *slowest)
{
	struct world *w;
	void *state;
	json_t *values;
	int status;
	pid_t child;

	world_setup(&state);
	w = state;
	world_apply(w, lines_before, ARRAY_LEN(lines_before));
	world_converge(w, 60);
	house_close(w->house);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		go_and_die(w, nth);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == WRITES_KILLED || WEXITSTATUS(status) == 0);
	probe_quiet();
	resume(w, RESUME_SECONDS, slowest);
	check_sound(w);
	world_apply(w, lines_after, ARRAY_LEN(lines_after));
	world_converge(w, 60);
	check_once(nth);
	values = probe_values();
	assert_int_equal(json_object_size(values), 3);
	json_decref(values);
	assert_true(world_is_ready(w, A) && world_is_ready(w, B) && world_is_ready(w, D));
	assert_string_equal(world_status(w, C, "Ready"), "");
	world_teardown(&state);
	return WEXITSTATUS(status) == 0;
}

static void killed_at_every_boundary_it_converges(void **state)
{
	nstime slowest = 0;
	long nth = 1;

	(void)state;
	while (!one_kill(nth, &slowest) && nth < MOST_BOUNDARIES)
		nth++;
	print_message("%ld boundaries; the slowest resumed in %lld ms\n", nth - 1,
			(long long)(slowest / NS_PER_MS));
	assert_true(nth > 20 && nth < MOST_BOUNDARIES);
	assert_true(slowest <= nstime_seconds(RESUME_SECONDS));
}

/* -- anywhere -- */

struct random_state {
	struct probe_line lines[LINES];
	char names[LINES][32], values[LINES][32];
	size_t count;
};

/* Some of eight probes, each at one of two providers, needing those before it or not. */
static void make_state(struct random_state *s, unsigned round)
{
	s->count = 0;
	for (unsigned i = 0; i < LINES; i++) {
		size_t at = s->count;

		if (draw(4) == 0)
			continue;
		snprintf(s->names[at], sizeof(s->names[at]), "p%u@d%u.example", i, i % 2);
		snprintf(s->values[at], sizeof(s->values[at]), "v%u-%u", round, draw(3));
		s->lines[at] = (struct probe_line){ s->names[at], s->values[at],
			at && draw(2) ? s->names[draw((unsigned)at)] : "" };
		s->count++;
	}
}

static void make_faults(void)
{
	static const char *const kinds[] = { "reset-before", "reset-after", "500",
		"500-after", "429", "stale", "slow" };
	CLEANUP(buf_free) struct buf text = BUF_NULL(4096);

	for (unsigned i = draw(4); i; i--)
		buf_addf(&text,
				"%s{\"name\": \"*\", \"fault\": \"%s\", \"count\": %u, "
				"\"seconds\": 0.05}",
				text.len ? ", " : "[", kinds[draw(ARRAY_LEN(kinds))],
				1 + draw(3));
	buf_add_z(&text, text.len ? "]" : "[]");
	buf_add_byte(&text, '\0');
	probe_tell("faults", text.data);
}

/* It says through `ready` that it is open: it shares the broker of its parent, and killed
 * within a request it would leave the answer for the parent to read. */
static void run_until_killed(struct world *w, const struct random_state *s, int ready)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	house_open(w->house);
	if (write(ready, "", 1) != 1)
		_exit(1);
	if (agent_reconcile(w->house->agent, RECONCILE_START, &result))
		_exit(1);
	world_apply(w, s->lines, s->count);
	world_converge(w, 3600);
	_exit(0);
}

/* What lives is what the state says, value by value. */
static void check_values(const struct random_state *s)
{
	json_t *values = probe_values(), *value;
	const char *name;

	if (json_object_size(values) != s->count)
		fail_msg("seed %llu: %zu values live, not %zu", (unsigned long long)seed,
				json_object_size(values), s->count);
	json_object_foreach (values, name, value) {
		bool found = false;

		for (size_t i = 0; i < s->count; i++)
			found |= strcmp(s->values[i], json_string_value(value)) == 0;
		if (!found)
			fail_msg("seed %llu: %s lives", (unsigned long long)seed,
					json_string_value(value));
	}
	json_decref(values);
}

static void one_random_kill(struct world *w, unsigned round, nstime *slowest)
{
	struct random_state s;
	pid_t child;
	int status, ready[2];
	char byte;

	make_state(&s, round);
	make_faults();
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_until_killed(w, &s, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	usleep(draw(60000));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	probe_quiet();
	probe_tell("faults", "[]");
	resume(w, 3600, slowest); /* what a provider asked for is waited for */
	check_sound(w);
	world_apply(w, s.lines, s.count);
	world_converge(w, 3600);
	check_values(&s);
	assert_int_equal(world_most_effects() <= 1, true);
	house_close(w->house);
}

static void killed_anywhere_it_converges(void **state)
{
	struct world *w = *state;
	nstime slowest = 0;

	print_message("seed %llu, %lu kills\n", (unsigned long long)seed, count);
	state_of_random = seed | 1;
	probe_tell("honour", "true");
	house_close(w->house);
	for (unsigned long i = 0; i < count; i++)
		one_random_kill(w, (unsigned)i, &slowest);
	print_message("the slowest resumed in %lld ms\n",
			(long long)(slowest / NS_PER_MS));
	assert_true(slowest <= nstime_seconds(RESUME_SECONDS));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_every_boundary_it_converges),
		cmocka_unit_test_setup_teardown(killed_anywhere_it_converges, world_setup,
				world_teardown),
	};

	assert_true(argc >= 2);
	world_service_path = argv[1];
	if (argc > 2)
		count = strtoul(argv[2], NULL, 10);
	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)time(NULL);
	writes_watch();
	return cmocka_run_group_tests(tests, world_group_setup, world_group_teardown);
}

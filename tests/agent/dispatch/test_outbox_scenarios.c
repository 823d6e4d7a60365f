/* The scenarios of the reconciler that have to do with effects outside, by their numbers,
 * and who holds up whom. */
#include "tests/agent/world.h"
#include "tests/agent/writes.h"

#include <poll.h>
#include <stdio.h>

#define A "a@one.example"
#define B "b@one.example"
#define C "c@two.example"

#define TEN_YEARS ((walltime)10 * 365 * 86400)

static void assert_order(const char *expected)
{
	CLEANUP(buf_free) struct buf order = BUF_NULL(HOUSE_TEXT);

	world_order(&order);
	assert_view(buf_view(&order), expected);
}

/* -- 1: a push while an apply runs -- */

static void push_while_out(struct world *w, const char *fault)
{
	probe_tell("reset", "null");
	probe_tell("faults", fault);
	WORLD_APPLY(w, { A, "one" });
	agent_outbox_turn(w->house->agent);
	assert_int_equal(dispatch_out(w->house->agent->dispatch), 1);
	WORLD_APPLY(w, { A, "two" });
	agent_outbox_turn(w->house->agent);
	/* The call that is out is the only one of its object. */
	assert_int_equal(dispatch_out(w->house->agent->dispatch), 1);
	world_converge(w, 30);
	assert_true(world_is_ready(w, A));
	assert_string_equal(world_status(w, A, "Drifted"), "");
	assert_int_equal(world_most_effects(), 1);
}

static void scenario_01_push_during_apply(void **state)
{
	struct world *w = *state;

	push_while_out(w, "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"slow\", "
			  "\"seconds\": 0.5, \"count\": 1}]");
	assert_order("one two");
	assert_int_equal(world_calls("GET", ""), 0);
}

/* The answer of the old call is lost: the new plan starts from what is seen. */
static void scenario_01_push_during_apply_whose_answer_is_lost(void **state)
{
	struct world *w = *state;

	probe_patience = NS_PER_S;
	push_while_out(w, "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"slow\", "
			  "\"seconds\": 2, \"count\": 1}]");
	assert_order("one two");
	assert_int_equal(world_calls("GET", ""), 1);
}

/* It never got there: nothing of the old generation is made any more. */
static void scenario_01_push_during_apply_that_fails(void **state)
{
	struct world *w = *state;

	probe_patience = 300 * NS_PER_MS;
	push_while_out(w, "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"timeout\", "
			  "\"seconds\": 0.6, \"count\": 1}]");
	assert_order("two");
}

/* A call is on its way on a thread of its own: until the service has it, it may never come. */
static void await_put(const char *value)
{
	while (world_calls("PUT", value) == 0)
		continue;
}

/* The process ends between the two. */
static void scenario_01_push_during_apply_and_a_crash(void **state)
{
	struct world *w = *state;

	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"slow\", "
			     "\"seconds\": 0.2, \"count\": 1}]");
	WORLD_APPLY(w, { A, "one" });
	agent_outbox_turn(w->house->agent);
	await_put("one");
	WORLD_APPLY(w, { A, "two" });
	world_restart(w);
	world_converge(w, 5);
	assert_true(world_is_ready(w, A));
	assert_order("one two");
	assert_int_equal(world_most_effects(), 1);
}

/* -- 16: clocks jump -- */

static void begin_denied(struct world *w)
{
	probe_tell("reset", "null");
	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"403\", "
			     "\"count\": 1}]");
	w->draw = 59 * NS_PER_S;
	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	assert_string_equal(world_row(w, A, "state"), "failed");
}

static nstime wait_of(struct world *w)
{
	return agent_outbox_deadline(w->house->agent) - w->now;
}

static void scenario_16_clock_jumps_hold_nothing_back(void **state)
{
	struct world *w = *state;

	begin_denied(w);
	w->wall -= TEN_YEARS;
	world_turn(w);
	assert_int_equal(wait_of(w), 59 * NS_PER_S);
	world_restart(w);
	world_turn(w);
	assert_true(wait_of(w) <= 60 * NS_PER_S); /* as long as a first denial waits */
	world_converge(w, 61);
	assert_true(world_is_ready(w, A));
	assert_order("one");
}

/* A short backoff does not become its class's longest. */
static void scenario_16_a_small_jump_costs_no_more_than_one_wait(void **state)
{
	struct world *w = *state;

	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"500\", "
			     "\"count\": 1}]");
	w->draw = NS_PER_S;
	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	w->wall -= 60;
	world_restart(w);
	world_converge(w, 1);
	assert_true(world_is_ready(w, A));
}

static void scenario_16_clock_jumps_let_nothing_go_at_once(void **state)
{
	struct world *w = *state;

	begin_denied(w);
	w->wall += TEN_YEARS;
	world_turn(w);
	assert_int_equal(wait_of(w), 59 * NS_PER_S);
	assert_order("");
	world_restart(w); /* which nobody can tell from ten years without power */
	world_turn(w);
	assert_order("one");
	/* Its audit is an hour away, whatever the wall says now. */
	w->wall -= 2 * TEN_YEARS;
	world_restart(w);
	world_turn(w);
	assert_true(wait_of(w) > 0 && wait_of(w) <= 24 * 3600 * NS_PER_S);
}

/* -- 17: the disk is full -- */

static void fill_disk(bool full)
{
	writes_find_no_room = full;
	writes_left = full;
}

static void fill_disk_after_call(int after)
{
	if (after)
		fill_disk(true);
}

static void scenario_17_disk_full_before_a_step_begins_it_not(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	fill_disk(true);
	agent_outbox_turn(w->house->agent);
	assert_int_equal(dispatch_out(w->house->agent->dispatch), 0);
	assert_order("");
	assert_int_equal(wait_of(w), NS_PER_S);
	agent_outbox_turn(w->house->agent); /* too early: it does not try */
	fill_disk(false);
	assert_string_equal(world_row(w, A, "state"), "pending");
	world_converge(w, 2);
	assert_true(world_is_ready(w, A));
	assert_order("one");
}

/* The answer is kept until there is room, and nothing is called twice. */
static void scenario_17_disk_full_behind_a_step_loses_no_answer(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	probe_boundary = fill_disk_after_call;
	agent_outbox_turn(w->house->agent);
	assert_int_equal(poll(&(struct pollfd){ agent_outbox_fd(w->house->agent), POLLIN,
					      0 },
					 1, 5000),
			1);
	agent_outbox_turn(w->house->agent);
	assert_int_equal(wait_of(w), NS_PER_S);
	probe_boundary = NULL;
	fill_disk(false);
	assert_string_equal(world_row(w, A, "state"), "intent");
	world_converge(w, 2);
	assert_true(world_is_ready(w, A));
	assert_order("one");
	assert_int_equal(world_calls("GET", ""), 0);
}

/* -- who holds up whom -- */

enum {
	MANY = 200,
};

static void name_lines(struct probe_line *lines, char (*names)[64], char (*values)[16],
		size_t count, int providers)
{
	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "p%zu@d%zu.example", i,
				i % (size_t)providers);
		snprintf(values[i], sizeof(values[i]), "v%zu", i);
		lines[i] = (struct probe_line){ names[i], values[i], "" };
	}
}

/* Turns until so many rows are left open. */
static void turn_until_left(struct world *w, size_t left)
{
	struct agent *agent = w->house->agent;

	agent_outbox_turn(agent);
	while (world_open_rows(w) > left) {
		struct pollfd fd = { agent_outbox_fd(agent), POLLIN, 0 };

		assert_int_equal(poll(&fd, 1, 10000), 1);
		agent_outbox_turn(agent);
	}
}

/* One in a hundred fails as slowly as it can: all others are done before the first of them
 * has failed. */
static void a_hundredth_that_fails_delays_nobody(void **state)
{
	struct world *w = *state;
	static struct probe_line lines[MANY];
	static char names[MANY][64], values[MANY][16];
	char faults[512];
	json_t *log;

	name_lines(lines, names, values, MANY, 4);
	world_apply(w, lines, MANY);
	world_turn(w); /* so that the service knows their names … */
	log = probe_log();
	snprintf(faults, sizeof(faults),
			"[{\"name\": \"%s\", \"fault\": \"timeout\", \"seconds\": 8}, "
			"{\"name\": \"%s\", \"fault\": \"timeout\", \"seconds\": 8}]",
			json_string_value(
					json_object_get(json_array_get(log, 0), "name")),
			json_string_value(
					json_object_get(json_array_get(log, 1), "name")));
	json_decref(log);
	probe_tell("faults", faults);
	for (size_t i = 0; i < MANY; i++)
		snprintf(values[i], sizeof(values[i]), "w%zu", i);
	probe_patience = 8 * NS_PER_S;
	world_pass(w, 60); /* … and the buckets are full */
	world_apply(w, lines, MANY);
	turn_until_left(w, 2);
	assert_int_equal(dispatch_out(w->house->agent->dispatch), 2);
	probe_tell("faults", "[]");
}

static void a_slow_provider_holds_up_no_other(void **state)
{
	struct world *w = *state;
	static struct probe_line lines[24];
	static char names[24][64], values[24][16];

	probe_tell("faults", "[{\"name\": \"d1.example/*\", \"fault\": \"slow\", "
			     "\"seconds\": 1}]");
	name_lines(lines, names, values, 24, 2);
	world_apply(w, lines, 24);
	turn_until_left(w, 12);
	/* So many at once, and no more. */
	assert_int_equal(dispatch_out(w->house->agent->dispatch), 4);
	probe_tell("faults", "[]");
	world_turn(w);
	assert_int_equal(world_open_rows(w), 0);
}

static void a_provider_is_asked_no_more_than_its_bucket_holds(void **state)
{
	struct world *w = *state;
	static struct probe_line lines[130];
	static char names[130][64], values[130][16];

	name_lines(lines, names, values, 130, 1);
	world_apply(w, lines, 130);
	world_turn(w);
	assert_int_equal(world_calls("PUT", ""), 100);
	assert_int_equal(wait_of(w), NS_PER_S / 10);
	world_pass(w, 1);
	world_turn(w);
	assert_int_equal(world_calls("PUT", ""), 110);
	world_converge(w, 3);
	assert_int_equal(world_calls("PUT", ""), 130);
}

/* -- older databases -- */

static void an_older_database_gains_the_outbox(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf path = BUF_NULL(512);
	struct database_schema before = control_schema;
	const struct database_options options = { .create = true, .schema = &before };
	CLEANUP(database_closep) struct database *db = NULL;

	before.step_count = 4; /* as it was before there was one */
	buf_addf(&path, "%s/control.db", w->house->directory);
	buf_add_byte(&path, '\0');
	database_close(w->house->agent->db);
	w->house->agent->db = NULL;
	assert_int_equal(remove(path.data), 0);
	assert_int_equal(database_open(path.data, w->house->agent->control_key, &options,
					 &db),
			0);
	database_close(TAKE(db));
	house_close(w->house);
	house_open(w->house);
	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	assert_true(world_is_ready(w, A));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORY(scenario_01_push_during_apply),
		STORY(scenario_01_push_during_apply_whose_answer_is_lost),
		STORY(scenario_01_push_during_apply_that_fails),
		STORY(scenario_01_push_during_apply_and_a_crash),
		STORY(scenario_16_clock_jumps_hold_nothing_back),
		STORY(scenario_16_a_small_jump_costs_no_more_than_one_wait),
		STORY(scenario_16_clock_jumps_let_nothing_go_at_once),
		STORY(scenario_17_disk_full_before_a_step_begins_it_not),
		STORY(scenario_17_disk_full_behind_a_step_loses_no_answer),
		STORY(a_hundredth_that_fails_delays_nobody),
		STORY(a_slow_provider_holds_up_no_other),
		STORY(a_provider_is_asked_no_more_than_its_bucket_holds),
		STORY(an_older_database_gains_the_outbox),
	};

	assert_true(argc == 2);
	world_service_path = argv[1];
	writes_watch();
	return cmocka_run_group_tests(tests, world_group_setup, world_group_teardown);
}

/* Effects outside, with a clock that stands still: each move of a row, what conditions say
 * of it, what waits for what. The world is tests/lib/probe/service. */
#include "agent/status.h"
#include "tests/agent/world.h"

#define A "a@one.example"
#define B "b@one.example"
#define C "c@two.example"

static void assert_order(const char *expected)
{
	CLEANUP(buf_free) struct buf order = BUF_NULL(HOUSE_TEXT);

	world_order(&order);
	assert_view(buf_view(&order), expected);
}

/* -- it goes well -- */

static void what_is_wanted_is_put_once(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	assert_string_equal(world_row(w, A, "state"), "pending");
	assert_string_equal(world_reason(w, A, "Ready"), "Queued");
	assert_string_equal(world_status(w, A, "Reconciling"), "True");
	assert_false(world_is_ready(w, A));
	assert_int_equal(world_calls("PUT", ""), 0);

	world_turn(w);
	assert_string_equal(world_row(w, A, "state"), "done");
	assert_string_equal(world_reason(w, A, "Ready"), "Applied");
	assert_string_equal(world_status(w, A, "Reconciling"), "");
	assert_true(world_is_ready(w, A));
	assert_order("one");

	WORLD_APPLY(w, { A, "one" });
	world_restart(w);
	world_turn(w);
	assert_order("one");
}

static void a_change_is_ready_at_its_own_generation(void **state)
{
	struct world *w = *state;
	CLEANUP(status_freep) struct status *under_way = NULL;
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	WORLD_APPLY(w, { A, "two" });
	assert_int_equal(agent_status(w->house->agent, VIEW_NULL, &under_way), 0);
	status_print(under_way, &text);
	buf_add_byte(&text, '\0');
	assert_non_null(strstr(text.data, "probe/" A "  NotReady  Queued"));
	assert_string_equal(world_row(w, A, "operation"), "update");
	assert_string_equal(world_status(w, A, "Ready"), "True");
	assert_false(world_is_ready(w, A));
	world_turn(w);
	assert_true(world_is_ready(w, A));
	assert_order("one two");
}

/* The plan does not know the value, the apply does, and the next plan finds nothing to do. */
static void what_an_apply_makes_is_filled_in_by_it(void **state)
{
	const struct probe_line line = { A, "late", "" };
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result again = { 0 };

	world_apply(w, &line, 1);
	world_turn(w);
	assert_order("made");
	world_apply_result(w, &line, 1, &again);
	assert_int_equal(again.code, EXIT_FINE);
	assert_true(plan_is_empty(again.plan));
	/* What made it makes another, and the state says the same as before. */
	probe_made = NULL;
	world_apply(w, &line, 1);
	world_turn(w);
	probe_made = "another";
	world_apply(w, &line, 1);
	world_turn(w);
	assert_order("made another");
	assert_true(world_is_ready(w, A));
}

static void assert_former(const char *expected)
{
	assert_view(buf_view(&probe_former), expected);
}

/* A change knows what it replaces, also where nobody knows which of several it is. */
static void what_may_live_besides_is_told(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	assert_former("");
	WORLD_APPLY(w, { A, "two" });
	world_turn(w);
	assert_former("one");

	/* A refusal is certain: that value never lived. */
	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"403\", "
			     "\"count\": 1}]");
	WORLD_APPLY(w, { A, "refused" });
	world_turn(w);
	assert_former("two");
	/* Of one whose answer is lost nobody knows. */
	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": "
			     "\"reset-after\"}]");
	WORLD_APPLY(w, { A, "lost" });
	world_turn(w);
	assert_string_equal(world_row(w, A, "state"), "unknown");
	probe_tell("faults", "[]");
	WORLD_APPLY(w, { A, "three" });
	world_converge(w, 60);
	assert_former("two lost");
	world_apply(w, NULL, 0);
	world_turn(w);
	assert_former("three");
	assert_order("one two lost three -");
}

static void what_left_stays_until_nothing_lives_of_it(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"DELETE\", \"fault\": \"403\", "
			     "\"count\": 1}]");
	world_apply(w, NULL, 0);
	assert_string_equal(world_reason(w, A, "Ready"), "Removing");
	world_turn(w);
	assert_string_equal(world_reason(w, A, "DeletionBlocked"), "Forbidden");
	assert_string_equal(world_status(w, A, "DeletionBlocked"), "True");
	world_apply(w, NULL, 0); /* and is not planned again */
	world_converge(w, 3600);
	assert_string_equal(world_status(w, A, "Ready"), "");
	assert_string_equal(world_row(w, A, "state"), "");
	assert_order("one -");
}

static void what_was_never_called_goes_without_a_call(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	world_apply(w, NULL, 0);
	world_turn(w);
	assert_order("");
	assert_int_equal(world_open_rows(w), 0);
}

static void what_returns_while_it_leaves_is_the_same_object(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	probe_tell("faults",
			"[{\"name\": \"*\", \"on\": \"DELETE\", \"fault\": \"403\"}]");
	world_apply(w, NULL, 0);
	world_turn(w);
	WORLD_APPLY(w, { A, "two" });
	assert_string_equal(world_status(w, A, "DeletionBlocked"), "");
	world_turn(w);
	assert_true(world_is_ready(w, A));
	assert_order("one two");
}

/* -- it does not -- */

static void fault_once(const char *on, const char *fault)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(512);

	buf_addf(&text,
			"[{\"name\": \"*\", \"on\": \"%s\", \"fault\": \"%s\", "
			"\"count\": 1, "
			"\"seconds\": 3}]",
			on, fault);
	buf_add_byte(&text, '\0');
	probe_tell("faults", text.data);
}

/* The answer is lost, the effect is not: it is seen, and not made again. */
static void check_lost_answer(struct world *w, const char *fault, const char *reason)
{
	probe_patience = 300 * NS_PER_MS;
	fault_once("PUT", fault);
	WORLD_APPLY(w, { A, "one" });
	w->draw = UINT64_MAX / 2;
	world_turn(w);
	assert_string_equal(world_row(w, A, "state"), "unknown");
	assert_string_equal(world_reason(w, A, "Reconciling"), reason);
	assert_false(world_is_ready(w, A));
	probe_patience = 2 * NS_PER_S;
	world_converge(w, 5);
	assert_true(world_is_ready(w, A));
	assert_int_equal(world_calls("PUT", ""), 1);
	assert_int_equal(world_calls("GET", ""), 1);
}

static void an_answer_lost_by_a_reset_is_looked_for(void **state)
{
	check_lost_answer(*state, "reset-after", "ConnectionLost");
}

static void an_answer_lost_by_time_is_looked_for(void **state)
{
	check_lost_answer(*state, "slow", "Timeout");
}

static void an_answer_lost_by_a_broken_server_is_looked_for(void **state)
{
	check_lost_answer(*state, "500-after", "ServerFailed");
}

/* The request is lost: it is seen that nothing changed, and made again under its key. */
static void a_lost_request_is_made_again(void **state)
{
	static const char *const faults[] = { "reset-before", "timeout", "500" };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		probe_tell("reset", "null");
		fault_once("PUT", faults[i]);
		probe_patience = 300 * NS_PER_MS;
		WORLD_APPLY(w, { A, faults[i] });
		probe_tell("set", "{}");
		world_turn(w);
		probe_patience = 2 * NS_PER_S;
		/* What the reset forgot is, to the agent, somebody else's change. */
		world_converge(w, 30);
		assert_true(world_is_ready(w, A));
		assert_int_equal(world_calls("PUT", faults[i]), 1);
		assert_int_equal(world_most_effects(), 1);
	}
}

static void a_limit_is_kept_to_and_holds_its_provider(void **state)
{
	struct world *w = *state;

	probe_tell("faults", "[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"429\", "
			     "\"count\": 1, \"seconds\": 17}]");
	WORLD_APPLY(w, { A, "one" }, { C, "three" });
	world_turn(w);
	assert_int_equal(world_open_rows(w), 1);
	assert_string_equal(world_reason(w, world_is_ready(w, A) ? C : A, "Reconciling"),
			"RateLimited");
	world_pass(w, 16);
	world_turn(w);
	assert_int_equal(world_open_rows(w), 1);
	assert_int_equal(agent_outbox_deadline(w->house->agent) - w->now, NS_PER_S);
	world_pass(w, 1);
	world_turn(w);
	assert_int_equal(world_open_rows(w), 0);
	assert_int_equal(world_calls("GET", ""), 0);
}

static void a_denial_stalls_and_is_tried_again_within_an_hour(void **state)
{
	struct world *w = *state;
	json_t *events;

	fault_once("PUT", "401");
	w->draw = 3600 * NS_PER_S; /* modulo 60 s and a nanosecond */
	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	assert_string_equal(world_row(w, A, "state"), "failed");
	assert_string_equal(world_reason(w, A, "Stalled"), "AuthFailed");
	assert_string_equal(world_reason(w, A, "Ready"), "AuthFailed");
	assert_int_equal(agent_events(w->house->agent, 0, 100, &events), 0);
	assert_int_equal(json_array_size(json_object_get(events, "items")), 2);
	json_decref(events);
	world_converge(w, 61);
	assert_true(world_is_ready(w, A));
	assert_string_equal(world_status(w, A, "Stalled"), "");
	assert_int_equal(world_calls("GET", ""), 0);
}

static void what_is_refused_waits_for_new_input(void **state)
{
	struct world *w = *state;

	fault_once("PUT", "400");
	WORLD_APPLY(w, { A, "wrong" });
	world_turn(w);
	assert_string_equal(world_reason(w, A, "Stalled"), "Refused");
	world_pass(w, 1000000);
	world_turn(w);
	assert_order("");
	world_restart(w);
	world_turn(w);
	assert_order("");
	WORLD_APPLY(w, { A, "right" });
	assert_string_equal(world_status(w, A, "Stalled"), "");
	world_turn(w);
	assert_true(world_is_ready(w, A));
	assert_order("right");
}

/* Ready is of what lives: it is lost at the third failure, not at the first. */
static void ready_outlives_two_failures(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	probe_tell("faults", "[{\"name\": \"*\", \"fault\": \"500\"}]");
	w->draw = NS_PER_S;
	WORLD_APPLY(w, { A, "two" });
	world_turn(w);
	for (int failures = 1; failures <= 3; failures++) {
		assert_string_equal(world_status(w, A, "Ready"),
				failures < 3 ? "True" : "False");
		assert_string_equal(world_reason(w, A, "Reconciling"), "ServerFailed");
		w->wall += 5;
		w->now = agent_outbox_deadline(w->house->agent);
		world_turn(w);
	}
	probe_tell("faults", "[]");
	world_converge(w, 600);
	assert_true(world_is_ready(w, A));
	assert_order("one two");
}

/* The retries of what nobody wants any more are over, whatever they waited for. */
static void a_new_generation_replaces_the_retries_of_the_old(void **state)
{
	struct world *w = *state;

	fault_once("PUT", "403");
	w->draw = 59 * NS_PER_S;
	WORLD_APPLY(w, { A, "old" });
	world_turn(w);
	WORLD_APPLY(w, { A, "new" });
	world_turn(w);
	assert_true(world_is_ready(w, A));
	world_pass(w, 3000);
	world_turn(w);
	assert_order("new");
}

/* -- somebody else -- */

static void what_somebody_else_changed_is_planned_anew(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf set = BUF_NULL(512);
	json_t *log;

	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	log = probe_log();
	buf_addf(&set, "{\"%s\": \"theirs\"}",
			json_string_value(
					json_object_get(json_array_get(log, 0), "name")));
	buf_add_byte(&set, '\0');
	json_decref(log);
	fault_once("PUT", "reset-before");
	WORLD_APPLY(w, { A, "two" });
	world_turn(w);
	probe_tell("set", set.data);
	w->draw = 0;
	world_pass(w, 5);
	world_converge(w, 5);
	assert_true(world_is_ready(w, A));
	assert_string_equal(world_status(w, A, "Drifted"), "");
	assert_order("one two");

	/* Long after it was done the audit sees it. */
	probe_tell("set", set.data);
	world_pass(w, 4000);
	world_turn(w);
	world_converge(w, 5);
	assert_order("one two two");
	assert_int_equal(world_most_effects(), 1);
}

/* -- what waits for what -- */

static void creation_walks_the_graph_and_removal_walks_back(void **state)
{
	struct world *w = *state;

	WORLD_APPLY(w, { A, "top", B "," C }, { B, "middle", C }, { C, "bottom" });
	assert_string_equal(world_status(w, C, "DependenciesReady"), "");
	world_turn(w);
	assert_order("bottom middle top");
	assert_string_equal(world_status(w, A, "DependenciesReady"), "True");
	world_apply(w, NULL, 0);
	world_turn(w);
	assert_order("bottom middle top - - -");
	assert_int_equal(world_open_rows(w), 0);
}

static const char *name_at(const json_t *log, size_t i)
{
	return json_string_value(json_object_get(json_array_get(log, i), "name"));
}

static void removal_is_in_the_opposite_order(void **state)
{
	struct world *w = *state;
	json_t *log;

	WORLD_APPLY(w, { A, "top", B }, { B, "middle", C }, { C, "bottom" });
	world_turn(w);
	world_apply(w, NULL, 0);
	world_turn(w);
	log = probe_log();
	assert_int_equal(json_array_size(log), 6);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(name_at(log, i), name_at(log, 5 - i));
	json_decref(log);
}

static void a_failure_blocks_its_dependents_alone(void **state)
{
	struct world *w = *state;

	probe_tell("faults", "[{\"name\": \"two.example/*\", \"fault\": \"403\"}]");
	w->draw = 59 * NS_PER_S;
	WORLD_APPLY(w, { A, "waits", C }, { B, "goes" }, { C, "fails" });
	world_turn(w);
	assert_order("goes");
	assert_true(world_is_ready(w, B));
	assert_string_equal(world_status(w, A, "DependenciesReady"), "False");
	assert_string_equal(
			world_reason(w, A, "DependenciesReady"), "DependencyNotReady");
	assert_string_equal(world_reason(w, A, "Ready"), "DependencyNotReady");

	/* Once it is Ready what waited goes in the same moment. */
	probe_tell("faults", "[]");
	w->now = agent_outbox_deadline(w->house->agent);
	world_turn(w);
	assert_order("goes fails waits");
	assert_true(world_is_ready(w, A));
}

static void a_circle_is_refused_with_the_place_of_each_edge(void **state)
{
	const struct probe_line lines[] = { { A, "x", B }, { B, "y", C }, { C, "z", A } };
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	world_apply_result(w, lines, 3, &result);
	house_print(&result, &text);
	assert_int_equal(result.code, EXIT_INVALID);
	assert_string_equal(result.reason, "DependencyCycle");
	buf_add_byte(&text, '\0');
	assert_non_null(strstr(
			text.data, "probe/" A " needs probe/" B " (state.yaml:11:3)"));
	assert_non_null(strstr(
			text.data, "probe/" B " needs probe/" C " (state.yaml:12:3)"));
	assert_non_null(strstr(
			text.data, "probe/" C " needs probe/" A " (state.yaml:13:3)"));
	assert_int_equal(result.generation, 0);
}

static void what_is_needed_must_be_there(void **state)
{
	const struct probe_line line = { A, "x", B };
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	world_apply_result(w, &line, 1, &result);
	assert_int_equal(result.code, EXIT_INVALID);
	assert_string_equal(result.reason, "DependencyMissing");
}

/* -- what is shown -- */

static void status_names_the_unhappy_and_says_why(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf all = BUF_NULL(HOUSE_TEXT), one = all;
	CLEANUP(status_freep) struct status *whole = NULL, *single = NULL;

	probe_tell("faults", "[{\"name\": \"two.example/*\", \"fault\": \"403\"}]");
	WORLD_APPLY(w, { A, "one" }, { C, "three" });
	world_turn(w);
	assert_int_equal(agent_status(w->house->agent, VIEW_NULL, &whole), 0);
	status_print(whole, &all);
	buf_add_byte(&all, '\0');
	assert_non_null(strstr(all.data, "probe        1 ready, 1 not ready"));
	assert_non_null(strstr(all.data, "probe/" C "  NotReady  Forbidden"));
	assert_null(strstr(all.data, "probe/" A));
	assert_false(status_is_well(whole));
	assert_int_equal(agent_status(w->house->agent, VIEW("probe/" C), &single), 0);
	status_print(single, &one);
	buf_add_byte(&one, '\0');
	assert_non_null(strstr(one.data, "Stalled True  Forbidden  HTTP 403: no"));
	assert_non_null(strstr(one.data, "generation 0 lives, 1 is wanted"));
}

/* -- the end -- */

/* The call is told to come back; its intent is looked at by the next start. */
static void closing_waits_for_no_provider(void **state)
{
	struct world *w = *state;
	nstime begin;

	probe_tell("faults",
			"[{\"name\": \"*\", \"on\": \"PUT\", \"fault\": \"timeout\", "
			"\"seconds\": 6, \"count\": 1}]");
	probe_patience = 60 * NS_PER_S;
	WORLD_APPLY(w, { A, "one" });
	agent_outbox_turn(w->house->agent);
	assert_int_equal(dispatch_out(w->house->agent->dispatch), 1);
	begin = clock_now();
	world_restart(w);
	assert_true(clock_now() - begin < 4 * NS_PER_S);
	assert_string_equal(world_row(w, A, "state"), "intent");
	world_converge(w, 2);
	assert_true(world_is_ready(w, A));
	assert_order("one");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORY(what_is_wanted_is_put_once),
		STORY(a_change_is_ready_at_its_own_generation),
		STORY(what_an_apply_makes_is_filled_in_by_it),
		STORY(what_may_live_besides_is_told),
		STORY(what_left_stays_until_nothing_lives_of_it),
		STORY(what_was_never_called_goes_without_a_call),
		STORY(what_returns_while_it_leaves_is_the_same_object),
		STORY(an_answer_lost_by_a_reset_is_looked_for),
		STORY(an_answer_lost_by_time_is_looked_for),
		STORY(an_answer_lost_by_a_broken_server_is_looked_for),
		STORY(a_lost_request_is_made_again),
		STORY(a_limit_is_kept_to_and_holds_its_provider),
		STORY(a_denial_stalls_and_is_tried_again_within_an_hour),
		STORY(what_is_refused_waits_for_new_input),
		STORY(ready_outlives_two_failures),
		STORY(a_new_generation_replaces_the_retries_of_the_old),
		STORY(what_somebody_else_changed_is_planned_anew),
		STORY(creation_walks_the_graph_and_removal_walks_back),
		STORY(removal_is_in_the_opposite_order),
		STORY(a_failure_blocks_its_dependents_alone),
		STORY(a_circle_is_refused_with_the_place_of_each_edge),
		STORY(what_is_needed_must_be_there),
		STORY(status_names_the_unhappy_and_says_why),
		STORY(closing_waits_for_no_provider),
	};

	assert_true(argc == 2);
	world_service_path = argv[1];
	return cmocka_run_group_tests(tests, world_group_setup, world_group_teardown);
}

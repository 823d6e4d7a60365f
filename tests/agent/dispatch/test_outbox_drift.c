/* What somebody changes at a provider, behind our back: it is set right, reported or taken
 * over, as the policy says. */
#include "agent/database/fight.h"
#include "tests/agent/world.h"

#define A "a@one.example"

static void assert_order(const char *expected)
{
	CLEANUP(buf_free) struct buf order = BUF_NULL(HOUSE_TEXT);

	world_order(&order);
	assert_view(buf_view(&order), expected);
}

/* Somebody else sets the one value that lives; JSON. */
static void set_outside(const char *value)
{
	CLEANUP(buf_free) struct buf set = BUF_NULL(512);
	json_t *log = probe_log();

	buf_addf(&set, "{\"%s\": %s}",
			json_string_value(
					json_object_get(json_array_get(log, 0), "name")),
			value);
	buf_add_byte(&set, '\0');
	json_decref(log);
	probe_tell("set", set.data);
}

/* Past the next audit of what was done. */
static void audit(struct world *w)
{
	world_pass(w, 4000);
	world_turn(w);
}

static const char *message(struct world *w)
{
	static char text[512];
	json_t *item = house_get(w->house, "probe/" A), *one;
	size_t i;

	text[0] = '\0';
	json_array_foreach (json_object_get(item, "conditions"), i, one)
		if (strcmp(json_string_value(json_object_get(one, "type")), "Drifted") ==
				0)
			snprintf(text, sizeof(text), "%s",
					json_string_value(
							json_object_get(one, "message")));
	json_decref(item);
	return text;
}

static void begin(struct world *w, const char *drift)
{
	w->drift = drift;
	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	assert_order("one");
}

static void scenario_23_a_value_of_ours_is_set_right(void **state)
{
	struct world *w = *state;

	begin(w, "correct");
	set_outside("\"theirs\"");
	audit(w);
	assert_order("one one");
	assert_true(world_is_ready(w, A));
	assert_string_equal(world_status(w, A, "Drifted"), "");
	audit(w);
	assert_order("one one");
}

static void scenario_23_a_value_of_ours_is_reported(void **state)
{
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	begin(w, "report");
	set_outside("\"theirs\"");
	audit(w);
	assert_order("one");
	assert_string_equal(world_status(w, A, "Drifted"), "True");
	assert_string_equal(world_reason(w, A, "Drifted"), "ChangedOutside");
	assert_string_equal(message(w),
			"value one -> theirs by somebody at probe/one.example");
	/* the plan has nothing to do, and shows it */
	world_apply_result(w, &(const struct probe_line){ A, "one", "" }, 1, &again);
	house_print(&again, &text);
	assert_int_equal(again.plan->change_count, 0);
	assert_non_null(memmem(text.data, text.len, "is reported, and let be", 23));
	world_turn(w);
	assert_order("one");
	/* whoever takes it back himself ends it */
	set_outside("\"one\"");
	audit(w);
	assert_string_equal(world_status(w, A, "Drifted"), "");
	assert_order("one");
}

static void what_was_reported_is_set_right_once_the_policy_says_so(void **state)
{
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result due = { 0 };

	begin(w, "report");
	set_outside("\"theirs\"");
	audit(w);
	w->drift = "correct";
	WORLD_APPLY(w, { A, "one" });
	assert_true(agent_next_deadline(w->house->agent) <= w->now);
	assert_int_equal(agent_reconcile(w->house->agent, RECONCILE_TIMER, &due), 0);
	assert_int_equal(due.plan->counts[ACTION_CORRECT], 1);
	world_turn(w);
	assert_order("one one");
	assert_string_equal(world_status(w, A, "Drifted"), "");
	assert_true(world_is_ready(w, A));
}

static void what_is_adopted_is_let_be_until_the_state_changes(void **state)
{
	struct world *w = *state;

	begin(w, "adopt");
	set_outside("\"theirs\"");
	audit(w);
	audit(w);
	assert_order("one");
	assert_string_equal(world_status(w, A, "Drifted"), "");
	WORLD_APPLY(w, { A, "one" });
	world_turn(w);
	assert_order("one");
	world_restart(w);
	world_turn(w);
	assert_order("one");
	assert_true(world_is_ready(w, A));
	WORLD_APPLY(w, { A, "two" });
	world_turn(w);
	assert_order("one two");
}

/* There is nothing that could be taken over. */
static void what_is_gone_is_made_anew_under_adopt(void **state)
{
	struct world *w = *state;

	begin(w, "adopt");
	set_outside("null");
	audit(w);
	assert_order("one one");
	assert_true(world_is_ready(w, A));
}

static void what_is_gone_is_reported(void **state)
{
	struct world *w = *state;

	begin(w, "report");
	set_outside("null");
	audit(w);
	assert_order("one");
	assert_string_equal(world_status(w, A, "Drifted"), "True");
}

/* Looked at as often as a restart makes it look. */
static void somebody_who_fights_is_left_alone_for_a_while(void **state)
{
	struct world *w = *state;

	begin(w, NULL);
	for (int i = 0; i < FIGHT_CORRECTIONS; i++) {
		set_outside("\"theirs\"");
		w->wall += 100;
		w->now += nstime_seconds(4000);
		world_turn(w);
	}
	assert_order("one one one one");
	set_outside("\"theirs\"");
	w->wall += 100;
	w->now += nstime_seconds(4000);
	world_turn(w);
	assert_order("one one one one");
	assert_string_equal(world_reason(w, A, "Stalled"), "FightingWriter");
	assert_string_equal(world_status(w, A, "Drifted"), "True");
	/* after its rest */
	world_pass(w, FIGHT_FIRST_REST + 1);
	world_turn(w);
	assert_order("one one one one one");
	assert_string_equal(world_status(w, A, "Stalled"), "");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORY(scenario_23_a_value_of_ours_is_set_right),
		STORY(scenario_23_a_value_of_ours_is_reported),
		STORY(what_was_reported_is_set_right_once_the_policy_says_so),
		STORY(what_is_adopted_is_let_be_until_the_state_changes),
		STORY(what_is_gone_is_made_anew_under_adopt),
		STORY(what_is_gone_is_reported),
		STORY(somebody_who_fights_is_left_alone_for_a_while),
	};

	if (argc < 2)
		return 1;
	world_service_path = argv[1];
	return cmocka_run_group_tests(tests, world_group_setup, world_group_teardown);
}

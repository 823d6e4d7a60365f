/* The states that other tests draw are worth drawing: each is valid, each edit of it can be
 * applied, and all that a plan can do comes up. */
#include "agent/inside.h"
#include "tests/agent/house.h"
#include "tests/agent/random_state.h"

enum {
	STATES = 60,
	THINGS = 30,
};

static void check_result(const struct agent_result *result, struct view text)
{
	CLEANUP(buf_free) struct buf printed = BUF_NULL(HOUSE_TEXT);

	if (result->code == EXIT_FINE || result->code == EXIT_GATE)
		return;
	house_print(result, &printed);
	fail_msg("%.*s\nof\n%.*s", VIEW_ARG(buf_view(&printed)), VIEW_ARG(text));
}

/* Applies one state after the other, and counts what was planned. */
static void run(struct house *house, struct random_state *random, unsigned long count,
		size_t seen[ACTIONS])
{
	for (unsigned long i = 0; i < count; i++) {
		CLEANUP(agent_result_free) struct agent_result result = { 0 };
		CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

		random_state_write(random, &text);
		assert_false(buf_failed(&text));
		house->now += 60;
		house_apply(house, buf_view(&text), &result);
		check_result(&result, buf_view(&text));
		for (int action = 0; action < ACTIONS; action++)
			seen[action] += result.plan->counts[action];
		random_state_edit(random);
	}
}

static void any_edit_can_be_applied(void **state)
{
	CLEANUP(random_state_freep) struct random_state *random = NULL;
	unsigned long count = STATES;
	size_t seen[ACTIONS] = { 0 };

	random = random_state_new(random_state_seed(&count), THINGS);
	run(*state, random, count, seen);
}

/* But for purges, which need a uid, rotations, which need a broken certificate, and
 * corrections, which need somebody else. */
static void edits_bring_about_all_actions(void **state)
{
	CLEANUP(random_state_freep)
	struct random_state *random = random_state_new(1, THINGS);
	size_t seen[ACTIONS] = { 0 };

	run(*state, random, 4 * STATES, seen);
	for (int action = 0; action < ACTIONS; action++)
		if (action != ACTION_PURGE && action != ACTION_ROTATE &&
				action != ACTION_ADOPT && action != ACTION_CORRECT &&
				seen[action] == 0)
			fail_msg("no %s", action_name((enum action)action));
}

static void the_same_seed_makes_the_same_states(void **state)
{
	CLEANUP(random_state_freep)
	struct random_state *one = random_state_new(7, THINGS);
	CLEANUP(random_state_freep)
	struct random_state *other = random_state_new(7, THINGS);

	(void)state;
	for (int i = 0; i < 20; i++) {
		CLEANUP(buf_free) struct buf a = BUF_NULL(HOUSE_TEXT);
		CLEANUP(buf_free) struct buf b = BUF_NULL(HOUSE_TEXT);

		random_state_write(one, &a);
		random_state_write(other, &b);
		assert_true(view_eq(buf_view(&a), buf_view(&b)));
		random_state_edit(one);
		random_state_edit(other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				any_edit_can_be_applied, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(edits_bring_about_all_actions,
				house_setup, house_teardown),
		cmocka_unit_test(the_same_seed_makes_the_same_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* An account's data key is changed for another, as the agent sees it: two slots while it is
 * done, one when the runtime has told that it is. */
#include "agent/database/account.h"
#include "agent/database/deeds.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"

#include <stdlib.h>

static void live(struct house *house)
{
	CLEANUP(buf_free) struct buf state = BUF_NULL(HOUSE_TEXT);

	house_state(&state, "domains: {a.example: {}}\nusers:\n"
			    "  anna@a.example: {id: anna}\n"
			    "  bo@a.example: {id: bo}\n");
	house_must_apply(house, buf_view(&state));
}

static const struct account_spec *anna(struct house *house)
{
	size_t at = 0;
	const struct account_spec *spec;

	while ((spec = configuration_next_account(house->runtime.configuration, &at)))
		if (view_eq(spec->address, VIEW("anna@a.example")))
			return spec;
	fail_msg("there is no anna");
	return NULL;
}

static bool is_rotating(struct house *house)
{
	bool rotating;

	assert_int_equal(agent_key_rotating(house->agent, VIEW("anna"), &rotating), 0);
	return rotating;
}

static void begin(struct house *house)
{
	assert_int_equal(agent_key_rotate(house->agent, VIEW("anna"), VIEW("a test")), 0);
}

static void assert_deed_is(struct house *house, struct view wrapped)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct deed *deeds;
	size_t count, found = 0;

	assert_int_equal(deeds_read(house->agent->deeds, arena, &deeds, &count), 0);
	for (size_t i = 0; i < count; i++)
		if (view_eq(deeds[i].id, VIEW("anna"))) {
			assert_true(view_eq(deeds[i].wrapped, wrapped));
			found++;
		}
	assert_int_equal(found, 1);
}

static void both_keys_are_known_until_it_is_done(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct house *house = *state;
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct view old, next;

	live(house);
	memcpy(uid, anna(house)->uid, sizeof(uid));
	old = arena_copy(arena, anna(house)->wrapped_key);
	assert_int_equal(anna(house)->next_key.len, 0);
	assert_false(is_rotating(house));
	begin(house);
	assert_true(is_rotating(house));
	assert_int_equal(house->runtime.rotations, 1);
	assert_true(view_eq(anna(house)->wrapped_key, old));
	next = arena_copy(arena, anna(house)->next_key);
	assert_int_equal(next.len, BROKER_WRAPPED);
	assert_false(view_eq(next, old));
	begin(house); /* asked again it is the same one */
	assert_true(view_eq(anna(house)->next_key, next));
	assert_int_equal(agent_key_rotated(house->agent, uid, VIEW("busy")), 0);
	assert_true(is_rotating(house));
	assert_deed_is(house, old);
	assert_int_equal(agent_key_rotated(house->agent, uid, VIEW_NULL), 0);
	assert_false(is_rotating(house));
	assert_true(view_eq(anna(house)->wrapped_key, next));
	assert_int_equal(anna(house)->next_key.len, 0);
	assert_deed_is(house, next);
	assert_int_equal(agent_key_rotated(house->agent, uid, VIEW_NULL), 0);
	assert_true(view_eq(anna(house)->wrapped_key, next));
}

static void what_was_cut_off_goes_on_after_a_restart(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct house *house = *state;
	struct view next;
	unsigned before;

	live(house);
	begin(house);
	next = arena_copy(arena, anna(house)->next_key);
	house_restart(house, &result);
	before = house->runtime.rotations;
	assert_true(is_rotating(house));
	assert_true(view_eq(anna(house)->next_key, next));
	agent_key_rotations_resume(house->agent);
	assert_int_equal(house->runtime.rotations, before + 1);
}

static void who_is_not_there_has_no_key(void **state)
{
	struct house *house = *state;
	bool rotating;

	live(house);
	assert_int_equal(agent_key_rotate(house->agent, VIEW("eve"), VIEW("a test")),
			AGENT_E_ABSENT);
	assert_int_equal(agent_key_rotating(house->agent, VIEW("eve"), &rotating),
			AGENT_E_ABSENT);
	agent_key_rotations_resume(house->agent);
	assert_int_equal(house->runtime.rotations, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_keys_are_known_until_it_is_done),
		CASE(what_was_cut_off_goes_on_after_a_restart),
		CASE(who_is_not_there_has_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

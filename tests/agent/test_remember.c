/* How far the accounts' files have come, as the agent remembers it; and what it says and does
 * of one that was set apart. */
#include "agent/database/account.h"
#include "agent/inside.h"
#include "agent/status.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"

#include <errno.h>
#include <stdlib.h>

static const char state_text[] =
		"domains: {a.example: {}}\nusers:\n"
		"  anna@a.example: {id: anna}\n"
		"shared:\n  info@a.example: {id: info, members: {anna: read}}\n";

static void live(struct house *house)
{
	CLEANUP(buf_free) struct buf state = BUF_NULL(HOUSE_TEXT);

	house_state(&state, state_text);
	house_must_apply(house, buf_view(&state));
}

static const struct account_spec *spec_of(struct house *house, const char *address)
{
	size_t at = 0;
	const struct account_spec *spec;

	while ((spec = configuration_next_account(house->runtime.configuration, &at)))
		if (view_eq(spec->address, view_z(address)))
			return spec;
	fail_msg("no account has %s", address);
	return NULL;
}

static void reach(struct house *house, const char *address, struct account_mark mark)
{
	struct runtime *rt = &house->runtime;

	rt->reached.mark = mark;
	rt->has_reached = true;
	memcpy(rt->reached.uid, spec_of(house, address)->uid, UID_SIZE);
	assert_int_equal(agent_remember(house->agent), 0);
	assert_false(rt->has_reached);
}

static void restart(struct house *house)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	house_restart(house, &result);
}

static void I17_what_was_reached_is_known_after_a_restart(void **state)
{
	struct house *house = *state;
	const struct account_mark mark = { 7, 20, 1785585600, 4 };
	struct account_mark known;

	live(house);
	assert_int_equal(agent_remember(house->agent), 0);
	reach(house, "anna@a.example", mark);
	reach(house, "info@a.example", (struct account_mark){ 3, 9, 8, 1 });
	restart(house);
	known = spec_of(house, "anna@a.example")->known;
	assert_memory_equal(&known, &mark, sizeof(mark));
	assert_true(spec_of(house, "info@a.example")->known.commits == 3);
}

static void I17_what_is_known_never_becomes_less(void **state)
{
	struct house *house = *state;
	const struct account_mark mark = { 7, 20, 30, 4 }, wanted = { 8, 21, 30, 4 };
	struct account_mark known;

	live(house);
	reach(house, "anna@a.example", mark);
	reach(house, "anna@a.example", (struct account_mark){ 6, 99, 99, 99 });
	reach(house, "anna@a.example", (struct account_mark){ 8, 21, 29, 3 });
	restart(house);
	known = spec_of(house, "anna@a.example")->known;
	assert_memory_equal(&known, &wanted, sizeof(wanted));
}

static void I17_of_an_account_that_is_no_more_nothing_is_known(void **state)
{
	struct house *house = *state;
	struct runtime *rt = &house->runtime;

	live(house);
	rt->reached = (struct account_reached){ .uid = "of a purged one", .mark = { 5 } };
	rt->has_reached = true;
	assert_int_equal(agent_remember(house->agent), 0);
	assert_false(rt->has_reached);
}

static void set_apart(struct house *house, const char *address, enum quarantine why)
{
	house->runtime.set_apart.why = why;
	memcpy(house->runtime.set_apart.uid, spec_of(house, address)->uid, UID_SIZE);
}

static void assert_status_says(struct house *house, const char *name, const char *reason,
		const char *text)
{
	CLEANUP(status_freep) struct status *status = NULL;
	CLEANUP(buf_free) struct buf printed = BUF_NULL(HOUSE_TEXT);

	assert_int_equal(agent_status(house->agent, view_z(name), &status), 0);
	assert_int_equal(status->object_count, 1);
	assert_view(status->objects[0].reason, reason);
	status_print(status, &printed);
	if (!memmem(printed.data, printed.len, text, strlen(text)))
		fail_msg("does not say \"%s\": %.*s", text, VIEW_ARG(buf_view(&printed)));
}

static void I17_the_status_names_who_is_set_apart_and_the_way_on(void **state)
{
	struct house *house = *state;
	CLEANUP(status_freep) struct status *status = NULL;

	live(house);
	assert_status_says(house, "user/anna", "Invited", "no password yet");
	set_apart(house, "anna@a.example", QUARANTINE_OLDER);
	assert_status_says(house, "user/anna", "FileOlder",
			"`posthus account accept-restore anna`");
	set_apart(house, "anna@a.example", QUARANTINE_DAMAGED);
	assert_status_says(house, "user/anna", "FileDamaged",
			"`posthus account accept-restore anna`");
	set_apart(house, "info@a.example", QUARANTINE_GONE);
	assert_status_says(house, "shared/info", "FileGone",
			"`posthus account accept-restore --empty info`");
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &status), 0);
	assert_int_equal(status->object_count, 1);
	assert_false(status_is_well(status));
}

static void I17_a_file_is_taken_up_by_hand_and_sessions_end(void **state)
{
	struct house *house = *state;
	uint64_t before;

	live(house);
	before = spec_of(house, "anna@a.example")->revocation;
	set_apart(house, "anna@a.example", QUARANTINE_OLDER);
	assert_int_equal(agent_account_accept(house->agent, VIEW("Anna@A.example"), false,
					 VIEW("uid 7")),
			0);
	assert_int_equal(house->runtime.accepted, 1);
	assert_true(spec_of(house, "anna@a.example")->revocation > before);
	assert_status_says(house, "user/anna", "Invited", "no password yet");
	assert_int_equal(agent_account_accept(house->agent, VIEW("info"), false,
					 VIEW("uid 7")),
			0);
	assert_int_equal(agent_account_accept(
					 house->agent, VIEW("bo"), false, VIEW("uid 7")),
			AGENT_E_ABSENT);
	assert_int_equal(house->runtime.accepted, 2);
}

static void what_the_runtime_refuses_has_a_name(void **state)
{
	/* clang-format off */
	static const struct { int runtime, agent; } table[] = {
		{ RUNTIME_E_GONE,  AGENT_E_GONE },
		{ RUNTIME_E_THERE, AGENT_E_THERE },
		{ RUNTIME_E_UNFIT, AGENT_E_UNFIT },
		{ -EBUSY,          AGENT_E_BUSY },
		{ -ENOENT,         AGENT_E_ABSENT },
		{ -EIO,            -EIO },
	};
	/* clang-format on */
	struct house *house = *state;

	live(house);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		house->runtime.accept_outcome = table[i].runtime;
		assert_int_equal(agent_account_accept(house->agent, VIEW("anna"), true,
						 VIEW("uid 7")),
				table[i].agent);
	}
	assert_int_equal(house->runtime.accepted, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(I17_what_was_reached_is_known_after_a_restart),
		CASE(I17_what_is_known_never_becomes_less),
		CASE(I17_of_an_account_that_is_no_more_nothing_is_known),
		CASE(I17_the_status_names_who_is_set_apart_and_the_way_on),
		CASE(I17_a_file_is_taken_up_by_hand_and_sessions_end),
		CASE(what_the_runtime_refuses_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What somebody changes past the state, and what `policy.drift` does about it. */
#include "agent/database/fight.h"
#include "agent/inside.h"
#include "agent/plan/drift.h"
#include "agent/status.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"

#include <stdlib.h>
#include <time.h>

#define PEOPLE                                                                           \
	"domains: {a.example: {}}\n"                                                     \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna, roles: [admin]}\n"                                 \
	"  bo@a.example: {id: bo, quota: 5GiB}\n"

#define GIB (1024ull * 1024 * 1024)

static void apply(struct house *house, const char *sections)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, sections);
	house_must_apply(house, buf_view(&text));
}

static int set_quota(struct house *house, const char *bytes)
{
	return agent_local_set(house->agent, &(const struct agent_local_change){
							     .object = VIEW("user/bo"),
							     .field = VIEW("quota"),
							     .value = view_z(bytes),
							     .actor = VIEW("admin:eve"),
					     });
}

/* As the loop does it: when it is due, and not before. */
static void tick(struct house *house, struct agent_result *out)
{
	assert_true(agent_next_deadline(house->agent) <= house->now * NS_PER_S);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, out), 0);
	assert_int_equal(out->code, EXIT_FINE);
}

static void look(struct house *house, enum reconcile_cause cause)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	assert_int_equal(agent_reconcile(house->agent, cause, &result), 0);
}

static const struct account_spec *account_of(struct house *house, const char *address)
{
	return configuration_login(house->runtime.configuration, view_z(address));
}

static uint64_t quota(struct house *house)
{
	return account_of(house, "bo@a.example")->quota;
}

/* "Drifted=True ChangedOutside quota 5GiB -> 9GiB by admin:eve"; "" where it is Unknown. */
static const char *condition(struct house *house, const char *name, const char *type)
{
	static char text[512];
	json_t *item = house_get(house, name), *one;
	size_t i;

	text[0] = '\0';
	json_array_foreach (json_object_get(item, "conditions"), i, one)
		if (strcmp(json_string_value(json_object_get(one, "type")), type) == 0)
			snprintf(text, sizeof(text), "%s %s %s",
					json_string_value(json_object_get(one, "status")),
					json_string_value(json_object_get(one, "reason")),
					json_string_value(
							json_object_get(one, "message")));
	json_decref(item);
	return text;
}

static void assert_printed(const struct agent_result *result, const char *part)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_print(result, &text);
	if (!memmem(text.data, text.len, part, strlen(part)))
		fail_msg("\"%s\" is not in:\n%.*s", part, VIEW_ARG(buf_view(&text)));
}

static void assert_quiet(struct house *house)
{
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	unsigned char before[32], after[32];

	house_digest(house, before);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &again), 0);
	house_digest(house, after);
	assert_int_equal(again.code, EXIT_FINE);
	assert_int_equal(again.plan->change_count, 0);
	assert_memory_equal(before, after, sizeof(before));
}

/* -- correct -- */

static void what_was_changed_is_set_right_at_once(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 }, plan = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);
	struct timespec begin, end;

	apply(house, PEOPLE);
	house->now += 7200;
	assert_int_equal(set_quota(house, "9663676416"), 0);
	assert_int_equal(quota(house), 9 * GIB);
	assert_string_equal(condition(house, "user/bo", "Drifted"),
			"True ChangedOutside quota 5GiB -> 9GiB by admin:eve");

	house_state(&text, PEOPLE);
	house->now += 7200;
	house_plan(house, buf_view(&text), &plan);
	assert_printed(&plan, "  ~ user bo  quota  9GiB -> 5GiB");
	assert_printed(&plan,
			"drift (what lives differs from what was applied)\n"
			"  ~ user bo  quota  5GiB -> 9GiB by admin:eve 2h ago: will "
			"be corrected\n");

	clock_gettime(CLOCK_MONOTONIC, &begin);
	tick(house, &done);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec < 2);
	assert_memory_equal(plan.plan->digest, done.plan->digest, DIGEST_SIZE);
	assert_int_equal(done.plan->counts[ACTION_CORRECT], 1);
	assert_int_equal(done.plan->change_count, 1);
	assert_int_equal(quota(house), 5 * GIB);
	assert_string_equal(condition(house, "user/bo", "Drifted"), "");
	assert_quiet(house);
}

static void what_is_no_field_is_not_changed(void **state)
{
	struct house *house = *state;
	unsigned char before[32], after[32];
	struct agent_local_change change = {
		.object = VIEW("user/bo"),
		.field = VIEW("quota"),
		.value = VIEW("-1"),
		.actor = VIEW("admin:eve"),
	};

	apply(house, PEOPLE);
	house_digest(house, before);
	assert_int_equal(agent_local_set(house->agent, &change), AGENT_E_FIELD);
	change.value = VIEW("\"much\"");
	assert_int_equal(agent_local_set(house->agent, &change), AGENT_E_FIELD);
	change.value = VIEW("1");
	change.field = VIEW("addresses");
	assert_int_equal(agent_local_set(house->agent, &change), AGENT_E_FIELD);
	change.field = VIEW("colour");
	assert_int_equal(agent_local_set(house->agent, &change), AGENT_E_FIELD);
	change.object = VIEW("user/nobody");
	assert_int_equal(agent_local_set(house->agent, &change), AGENT_E_ABSENT);
	assert_int_equal(agent_local_disable(house->agent, VIEW("domain/a.example"),
					 VIEW("admin:eve")),
			AGENT_E_FIELD);
	house_digest(house, after);
	assert_memory_equal(before, after, sizeof(before));
}

/* Whoever takes it back himself leaves no trace of drift. */
static void what_is_changed_back_is_no_drift(void **state)
{
	struct house *house = *state;

	apply(house, "policy: {drift: report}\n" PEOPLE);
	assert_int_equal(set_quota(house, "9663676416"), 0);
	assert_int_equal(set_quota(house, "5368709120"), 0);
	assert_string_equal(condition(house, "user/bo", "Drifted"), "");
	assert_quiet(house);
}

static void scenario_12_an_account_shut_by_hand_is_opened_as_the_same(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 };
	unsigned char uid[ACCOUNT_UID_SIZE];

	apply(house, PEOPLE);
	memcpy(uid, account_of(house, "bo@a.example")->uid, sizeof(uid));
	assert_int_equal(agent_local_disable(house->agent, VIEW("user/bo"),
					 VIEW("admin:eve")),
			0);
	assert_int_equal(account_of(house, "bo@a.example")->state, ACCOUNT_DISABLED);
	tick(house, &done);
	assert_int_equal(done.plan->counts[ACTION_ENABLE], 1);
	assert_string_equal(done.plan->changes[0].reason, "ChangedOutside");
	assert_int_equal(account_of(house, "bo@a.example")->state, ACCOUNT_ACTIVE);
	assert_memory_equal(uid, account_of(house, "bo@a.example")->uid, sizeof(uid));
	assert_quiet(house);
}

static void while_suspended_it_lives_on(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result start = { 0 }, done = { 0 };
	const struct agent_suspension suspension = {
		.until = house->now + 3600,
		.reason = VIEW("looking"),
		.actor = VIEW("test"),
	};

	apply(house, PEOPLE);
	assert_int_equal(agent_suspend(house->agent, &suspension), 0);
	assert_int_equal(set_quota(house, "9663676416"), 0);
	house_restart(house, &start);
	assert_int_equal(quota(house), 9 * GIB);
	assert_int_equal(agent_resume(house->agent, VIEW("test")), 0);
	tick(house, &done);
	assert_int_equal(quota(house), 5 * GIB);
}

/* -- report -- */

static void a_report_lets_it_be(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 }, start = { 0 };
	CLEANUP(status_freep) struct status *status = NULL;
	CLEANUP(buf_free) struct buf shown = BUF_NULL(HOUSE_TEXT);

	apply(house, "policy: {drift: {user: report}}\n" PEOPLE);
	assert_int_equal(set_quota(house, "9663676416"), 0);
	tick(house, &done);
	assert_int_equal(done.plan->change_count, 0);
	assert_printed(&done, "is reported, and let be");
	assert_int_equal(quota(house), 9 * GIB);
	assert_string_equal(condition(house, "user/bo", "Drifted"),
			"True ChangedOutside quota 5GiB -> 9GiB by admin:eve");
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &status), 0);
	status_print(status, &shown);
	assert_non_null(memmem(
			shown.data, shown.len, "user/bo  Drifted  ChangedOutside", 32));
	assert_quiet(house);
	house_restart(house, &start);
	assert_int_equal(quota(house), 9 * GIB);
	assert_quiet(house);
}

/* A change of another field does not set it right by the way. */
static void a_report_outlives_other_changes(void **state)
{
	struct house *house = *state;

	apply(house, "policy: {drift: report}\n" PEOPLE);
	assert_int_equal(set_quota(house, "9663676416"), 0);
	apply(house, "policy: {drift: report}\n"
		     "domains: {a.example: {}}\n"
		     "users:\n"
		     "  anna@a.example: {id: anna, roles: [admin]}\n"
		     "  bo@a.example: {id: bo, quota: 5GiB, send_limit: 7/h}\n");
	assert_int_equal(quota(house), 9 * GIB);
	assert_int_equal(account_of(house, "bo@a.example")->send_limit, 7);
	assert_quiet(house);
	/* what the state says of the field itself counts */
	apply(house, "policy: {drift: report}\n"
		     "domains: {a.example: {}}\n"
		     "users:\n"
		     "  anna@a.example: {id: anna, roles: [admin]}\n"
		     "  bo@a.example: {id: bo, quota: 6GiB, send_limit: 7/h}\n");
	assert_int_equal(quota(house), 6 * GIB);
	assert_string_equal(condition(house, "user/bo", "Drifted"), "");
	assert_quiet(house);
}

static void an_account_shut_by_hand_stays_shut_under_report(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 }, again = { 0 };

	apply(house, "policy: {drift: report}\n" PEOPLE);
	assert_int_equal(agent_local_disable(house->agent, VIEW("user/bo"),
					 VIEW("admin:eve")),
			0);
	tick(house, &done);
	assert_int_equal(done.plan->change_count, 0);
	assert_int_equal(account_of(house, "bo@a.example")->state, ACCOUNT_DISABLED);
	assert_quiet(house);
	/* the policy counts for what was let be before */
	apply(house, PEOPLE);
	tick(house, &again);
	assert_int_equal(account_of(house, "bo@a.example")->state, ACCOUNT_ACTIVE);
	assert_quiet(house);
}

/* -- adopt -- */

static void what_is_adopted_stays_until_the_state_changes_it(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 };

	apply(house, "policy: {drift: adopt}\n" PEOPLE);
	assert_int_equal(set_quota(house, "9663676416"), 0);
	tick(house, &done);
	assert_int_equal(done.plan->change_count, 0);
	assert_printed(&done, "is kept until the state changes it");
	assert_int_equal(quota(house), 9 * GIB);
	assert_string_equal(condition(house, "user/bo", "Drifted"), "");
	assert_quiet(house);
	apply(house, "policy: {drift: adopt}\n"
		     "domains: {a.example: {}}\n"
		     "users:\n"
		     "  anna@a.example: {id: anna, roles: [admin]}\n"
		     "  bo@a.example: {id: bo, quota: 7GiB}\n");
	assert_int_equal(quota(house), 7 * GIB);
	assert_quiet(house);
}

static void a_kind_that_is_none_is_refused(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, "policy: {drift: {issuer: report}}\n" PEOPLE);
	house_apply(house, buf_view(&text), &result);
	assert_int_equal(result.code, EXIT_INVALID);
	assert_printed(&result,
			"policy.drift names issuer, which is no kind of this version");
}

/* -- the level audit -- */

static void write_behind(struct house *house)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(house->agent->db,
					 "UPDATE object SET last_applied = replace("
					 "last_applied, '5368709120', '9663676416')"
					 " WHERE kind = 'user' AND id = 'bo'",
					 &s),
			0);
	assert_int_equal(statement_run(s), 0);
}

static void an_audit_finds_what_nobody_told_of(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result early = { 0 }, late = { 0 };
	walltime hour = house->now + 3600;

	apply(house, PEOPLE);
	write_behind(house);
	house->now += 600;
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, &early), 0);
	assert_null(early.plan);
	house->now = hour + 361;
	tick(house, &late);
	assert_int_equal(late.plan->counts[ACTION_CORRECT], 1);
	assert_printed(&late, "quota  5GiB -> 9GiB by nobody knows whom 0s ago");
	assert_string_equal(condition(house, "user/bo", "Drifted"), "");
	assert_quiet(house);
}

static void an_audit_reports_what_nobody_told_of(void **state)
{
	struct house *house = *state;

	apply(house, "policy: {drift: report}\n" PEOPLE);
	write_behind(house);
	house->now += 3600 + 361;
	look(house, RECONCILE_TIMER);
	assert_string_equal(condition(house, "user/bo", "Drifted"),
			"True ChangedOutside quota 5GiB -> 9GiB");
	assert_int_equal(quota(house), 9 * GIB);
	assert_quiet(house);
}

/* -- fights -- */

static void fight(struct house *house, int times)
{
	for (int i = 0; i < times; i++) {
		CLEANUP(agent_result_free) struct agent_result done = { 0 };

		house->now += 60;
		assert_int_equal(set_quota(house, "9663676416"), 0);
		tick(house, &done);
	}
}

static void after_three_corrections_it_is_a_fight(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result late = { 0 };
	const char *stalled;

	apply(house, PEOPLE);
	fight(house, 3);
	assert_int_equal(quota(house), 5 * GIB);
	assert_string_equal(condition(house, "user/bo", "Stalled"), "");
	fight(house, 1);
	assert_int_equal(quota(house), 9 * GIB);
	stalled = condition(house, "user/bo", "Stalled");
	assert_non_null(strstr(stalled, "True FightingWriter"));
	assert_non_null(strstr(stalled, "admin:eve"));
	assert_non_null(strstr(stalled, "the state (generation 1, state.yaml:"));
	assert_quiet(house);
	/* it rests for five minutes, then it is tried again */
	house->now += FIGHT_FIRST_REST - 61;
	look(house, RECONCILE_TIMER);
	assert_int_equal(quota(house), 9 * GIB);
	house->now += 1;
	tick(house, &late);
	assert_int_equal(quota(house), 5 * GIB);
	assert_string_equal(condition(house, "user/bo", "Stalled"), "");
	/* and again, for ten */
	fight(house, 1);
	assert_int_equal(quota(house), 9 * GIB);
	house->now += FIGHT_FIRST_REST;
	look(house, RECONCILE_SIGNAL);
	assert_int_equal(quota(house), 9 * GIB);
	house->now += FIGHT_FIRST_REST;
	look(house, RECONCILE_SIGNAL);
	assert_int_equal(quota(house), 5 * GIB);
}

static void a_fight_ends_by_resume(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 };

	apply(house, PEOPLE);
	fight(house, 4);
	assert_int_equal(quota(house), 9 * GIB);
	assert_int_equal(agent_resume(house->agent, VIEW("test")), 0);
	tick(house, &done);
	assert_int_equal(quota(house), 5 * GIB);
	assert_string_equal(condition(house, "user/bo", "Stalled"), "");
}

static void a_fight_ends_by_a_new_generation(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result done = { 0 };

	apply(house, PEOPLE);
	fight(house, 4);
	apply(house, PEOPLE "aliases: {info@a.example: [anna]}\n");
	tick(house, &done);
	assert_int_equal(quota(house), 5 * GIB);
	assert_string_equal(condition(house, "user/bo", "Stalled"), "");
}

/* Once a quarter of an hour is no fight, however long it goes on. */
static void slow_corrections_are_no_fight(void **state)
{
	struct house *house = *state;

	apply(house, PEOPLE);
	for (int i = 0; i < 6; i++) {
		house->now += 301;
		fight(house, 1);
		assert_int_equal(quota(house), 5 * GIB);
	}
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(what_was_changed_is_set_right_at_once),
		STORY(what_is_no_field_is_not_changed),
		STORY(what_is_changed_back_is_no_drift),
		STORY(scenario_12_an_account_shut_by_hand_is_opened_as_the_same),
		STORY(while_suspended_it_lives_on),
		STORY(a_report_lets_it_be),
		STORY(a_report_outlives_other_changes),
		STORY(an_account_shut_by_hand_stays_shut_under_report),
		STORY(what_is_adopted_stays_until_the_state_changes_it),
		STORY(a_kind_that_is_none_is_refused),
		STORY(an_audit_finds_what_nobody_told_of),
		STORY(an_audit_reports_what_nobody_told_of),
		STORY(after_three_corrections_it_is_a_fight),
		STORY(a_fight_ends_by_resume),
		STORY(a_fight_ends_by_a_new_generation),
		STORY(slow_corrections_are_no_fight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

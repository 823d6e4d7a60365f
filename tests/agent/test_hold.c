/* Holding still, going back, letting go once, and what of it can be read afterwards. */
#include "agent/database/control_database.h"
#include "agent/database/text.h"
#include "agent/inside.h"
#include "agent/status.h"
#include "tests/agent/house.h"

#define STATE(name, sections)                                                            \
	CLEANUP(buf_free) struct buf name = BUF_NULL(HOUSE_TEXT);                        \
	house_state(&name, sections)

#define USERS(more)                                                                      \
	"domains: {a.example: {}}\n"                                                     \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna}\n" more

#define BO "  bo@a.example: {id: bo, quota: 1GiB}\n"

static void suspend(struct house *house, walltime seconds)
{
	assert_int_equal(agent_suspend(house->agent,
					 &(const struct agent_suspension){
							 .until = house->now + seconds,
							 .reason = VIEW("moving house"),
							 .actor = VIEW("uid 7"),
					 }),
			0);
}

static bool has(struct house *house, const char *address)
{
	struct resolution r = { 0 };
	int outcome = configuration_resolve(
			house->runtime.configuration, view_z(address), &r);

	resolution_free(&r);
	return outcome == RESOLVE_OK;
}

/* Nothing that was applied is unwell: what waits says so. */
static void status_says_what_waits_where_all_is_ready(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result held = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);
	struct status *status;
	STATE(three, USERS(BO "  cy@a.example: {id: cy}\n"));
	STATE(one, USERS(""));

	house_must_apply(house, buf_view(&three));
	house_apply(house, buf_view(&one), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &status), 0);
	status_print(status, &text);
	assert_true(view_starts(buf_view(&text), VIEW("INCOMPLETE ")));
	assert_true(view_find_view(buf_view(&text), VIEW("HELD 2 steps")) < text.len);
	status_free(status);
}

static size_t active_users(struct house *house)
{
	json_t *root, *item;
	size_t active = 0, i;

	assert_int_equal(agent_get(house->agent, VIEW("user"), false, &root), 0);
	json_array_foreach (json_object_get(root, "items"), i, item)
		active += strcmp(json_string_value(json_object_get(item, "state")),
					  "active") == 0;
	json_decref(root);
	return active;
}

/* Held until somebody lets it go; then shut, and kept for thirty days. */
static void G10_a_state_that_deletes_people_destroys_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, gone = { 0 }, early = { 0 }, late = { 0 };
	CLEANUP(buf_free) struct buf digest = BUF_NULL(DIGEST_TEXT + 1);
	struct view uid;
	STATE(all, USERS(BO "  cy@a.example: {id: cy}\n"));
	STATE(few, USERS(""));

	house_must_apply(house, buf_view(&all));
	uid = house_uid(house, "user/bo", arena);
	house_apply(house, buf_view(&few), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_string_equal(held.reason, "PruneGate");
	assert_int_equal(active_users(house), 3);
	assert_true(has(house, "bo@a.example"));

	text_add_digest(&digest, held.plan->held_digest);
	house_apply_approved(house, buf_view(&few), buf_view(&digest), &gone);
	assert_int_equal(gone.code, EXIT_FINE);
	assert_int_equal(active_users(house), 1);
	assert_int_equal(agent_purge(house->agent, VIEW("user/bo"), uid, false,
					 VIEW("uid 0"), &early),
			0);
	assert_int_equal(early.code, EXIT_GATE);
	assert_string_equal(early.reason, "RetentionNotOver");
	house->now += (walltime)31 * 24 * 60 * 60;
	assert_int_equal(agent_purge(house->agent, VIEW("user/bo"), uid, false,
					 VIEW("uid 0"), &late),
			0);
	assert_int_equal(late.code, EXIT_FINE);
}

static void while_suspended_nothing_is_applied(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result refused = { 0 }, planned = { 0 }, ticked = { 0 };
	STATE(one, USERS(""));
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&one));
	suspend(house, 3600);
	house_apply(house, buf_view(&two), &refused);
	assert_int_equal(refused.code, EXIT_CONFLICT);
	assert_string_equal(refused.reason, "Suspended");
	assert_non_null(strstr(refused.message, "by uid 7: moving house"));
	assert_false(has(house, "bo@a.example"));
	house_plan(house, buf_view(&two), &planned);
	assert_int_equal(planned.plan->change_count, 1);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &ticked), 0);
	assert_int_equal(ticked.code, EXIT_FINE);

	assert_int_equal(agent_resume(house->agent, VIEW("uid 7")), 0);
	house_must_apply(house, buf_view(&two));
	assert_true(has(house, "bo@a.example"));
}

static void a_suspension_ends_by_itself(void **state)
{
	struct house *house = *state;
	STATE(one, USERS(""));
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&one));
	suspend(house, 3600);
	house->now += 3600;
	house_must_apply(house, buf_view(&two));
}

static void a_start_brings_up_what_was_applied(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result started = { 0 };
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&two));
	suspend(house, 3600);
	house_restart(house, &started);
	assert_int_equal(started.code, EXIT_FINE);
	assert_true(has(house, "bo@a.example"));
}

static void a_suspension_needs_an_end_and_a_reason(void **state)
{
	struct house *house = *state;
	struct agent_suspension wanted = { .until = house->now, .reason = VIEW("why") };

	assert_int_equal(agent_suspend(house->agent, &wanted), AGENT_E_TIME);
	wanted.until = house->now + SUSPENSION_LONGEST + 1;
	assert_int_equal(agent_suspend(house->agent, &wanted), AGENT_E_TIME);
	wanted.until = house->now + 60;
	wanted.reason = VIEW_NULL;
	assert_int_equal(agent_suspend(house->agent, &wanted), AGENT_E_TIME);
}

static void a_rollback_is_a_new_generation(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result back = { 0 }, none = { 0 };
	const struct agent_apply_options options = { .actor = VIEW("uid 7") };
	STATE(one, USERS(""));
	STATE(two, USERS(BO));
	STATE(bigger, USERS("  bo@a.example: {id: bo, quota: 2GiB}\n"));

	house_must_apply(house, buf_view(&two));
	assert_int_equal(
			agent_rollback(house->agent, 0, &options, &none), AGENT_E_ABSENT);
	house_must_apply(house, buf_view(&bigger));
	assert_int_equal(agent_rollback(house->agent, 0, &options, &back), 0);
	assert_int_equal(back.code, EXIT_FINE);
	assert_int_equal(back.generation, 3);
	assert_int_equal(back.plan->counts[ACTION_UPDATE], 1);
	assert_int_equal(
			agent_rollback(house->agent, 3, &options, &none), AGENT_E_ABSENT);
}

/* Going back to before a user existed shuts the account, and destroys nothing. */
static void a_rollback_keeps_data(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result back = { 0 };
	const struct agent_apply_options options = { .actor = VIEW("uid 7") };
	STATE(one, USERS(""));
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&one));
	house_must_apply(house, buf_view(&two));
	assert_int_equal(agent_rollback(house->agent, 1, &options, &back), 0);
	assert_int_equal(back.plan->counts[ACTION_DISABLE], 1);
	assert_int_equal(back.plan->counts[ACTION_REMOVE], 0);
}

static void an_approval_lets_go_what_was_held(void **state)
{
	struct house *house = *state;
	CLEANUP(buf_free) struct buf digest = BUF_NULL(DIGEST_TEXT + 1);
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, wrong = { 0 }, free = { 0 };
	STATE(two, USERS(BO));
	STATE(none, "domains: {a.example: {}}\n");

	house_must_apply(house, buf_view(&two));
	house_apply(house, buf_view(&none), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_int_equal(agent_approve(house->agent,
					 &(const struct agent_approval){ VIEW("b2:00"),
							 VIEW("uid 7"), 0, VIEW_NULL },
					 &wrong),
			0);
	assert_int_equal(wrong.code, EXIT_GATE);
	assert_true(has(house, "bo@a.example"));
	text_add_digest(&digest, held.plan->held_digest);
	assert_int_equal(
			agent_approve(house->agent,
					&(const struct agent_approval){ buf_view(&digest),
							VIEW("uid 7"), 0, VIEW_NULL },
					&free),
			0);
	assert_int_equal(free.code, EXIT_FINE);
	assert_int_equal(free.plan->counts[ACTION_DISABLE], 2);
}

static void apply_unconfirmed(
		struct house *house, struct view state, struct agent_result *out)
{
	const struct source_file file = { VIEW("state.yaml"), state };
	const struct agent_source source = { &file, 1, VIEW("test") };
	const struct agent_apply_options options = { .actor = VIEW("test"),
		.confirm_within = 300 };

	assert_int_equal(agent_apply(house->agent, &source, &options, out), 0);
}

static void what_nobody_confirms_is_taken_back(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result first = { 0 }, applied = { 0 }, next = { 0 }, back = { 0 };
	CLEANUP(agent_result_free) struct agent_result held = { 0 };
	STATE(one, USERS(""));
	STATE(two, USERS(BO));

	apply_unconfirmed(house, buf_view(&one), &first);
	assert_string_equal(first.reason, "NothingToGoBackTo");
	house_must_apply(house, buf_view(&one));
	apply_unconfirmed(house, buf_view(&two), &applied);
	assert_int_equal(applied.code, EXIT_FINE);
	assert_true(has(house, "bo@a.example"));
	house_apply(house, buf_view(&one), &held);
	assert_string_equal(held.reason, "ConfirmationAwaited");
	house_restart(house, &next);
	assert_true(has(house, "bo@a.example"));
	house->now += 300;
	house_restart(house, &back);
	assert_int_equal(back.code, EXIT_FINE);
	assert_int_equal(back.generation, 3);
	assert_false(has(house, "bo@a.example"));
}

static void what_is_confirmed_stays(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result applied = { 0 }, later = { 0 };
	STATE(one, USERS(""));
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&one));
	assert_int_equal(agent_confirm(house->agent, VIEW("uid 7")), AGENT_E_ABSENT);
	apply_unconfirmed(house, buf_view(&two), &applied);
	assert_int_equal(agent_confirm(house->agent, VIEW("uid 7")), 0);
	house->now += 400;
	house_restart(house, &later);
	assert_int_equal(later.generation, 2);
	assert_true(has(house, "bo@a.example"));
}

static const char *member(const json_t *of, const char *name)
{
	const char *text = json_string_value(json_object_get(of, name));

	assert_non_null(text);
	return text;
}

static void a_trace_leads_to_the_line_and_the_steps(void **state)
{
	struct house *house = *state;
	json_t *trace, *steps, *place;
	STATE(two, USERS(BO));
	STATE(bigger, USERS("  bo@a.example: {id: bo, quota: 2GiB}\n"));

	house_must_apply(house, buf_view(&two));
	house_must_apply(house, buf_view(&bigger));
	assert_int_equal(agent_trace(house->agent, VIEW("user/nobody"), &trace),
			AGENT_E_ABSENT);
	assert_int_equal(agent_trace(house->agent, VIEW("user/bo"), &trace), 0);
	place = json_object_get(trace, "place");
	assert_string_equal(member(place, "file"), "state.yaml");
	assert_int_equal(json_integer_value(json_object_get(place, "declared_in")), 2);
	assert_string_equal(member(json_object_get(trace, "accepted"), "actor"), "test");
	steps = json_object_get(trace, "steps");
	assert_int_equal(json_array_size(steps), 2);
	assert_string_equal(member(json_array_get(steps, 0), "action"), "create");
	assert_string_equal(member(json_array_get(steps, 1), "action"), "update");
	json_decref(trace);
}

static void events_are_counted_and_numbered(void **state)
{
	struct house *house = *state;
	json_t *events, *items, *last;
	uint64_t revision;
	STATE(one, USERS(""));
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&one));
	assert_int_equal(agent_events(house->agent, 0, 10, &events), 0);
	items = json_object_get(events, "items");
	assert_int_equal(json_array_size(items), 1);
	assert_string_equal(member(json_array_get(items, 0), "reason"), "Applied");
	revision = (uint64_t)json_integer_value(
			json_object_get(json_array_get(items, 0), "revision"));
	json_decref(events);

	house_must_apply(house, buf_view(&two));
	suspend(house, 60);
	assert_int_equal(agent_events(house->agent, revision, 10, &events), 0);
	items = json_object_get(events, "items");
	assert_int_equal(json_array_size(items), 2);
	assert_int_equal(json_integer_value(json_object_get(
					 json_array_get(items, 0), "count")),
			2);
	last = json_array_get(items, 1);
	assert_string_equal(member(last, "reason"), "Suspended");
	assert_string_equal(member(last, "message"), "moving house");
	json_decref(events);
}

static void an_audit_that_was_changed_does_not_hold(void **state)
{
	struct house *house = *state;
	CLEANUP(statement_done) struct statement *s = NULL;
	struct agent_audit audit;
	STATE(two, USERS(BO));

	house_must_apply(house, buf_view(&two));
	assert_int_equal(agent_audit(house->agent, &audit), 0);
	assert_true(audit.whole);
	assert_true(audit.rows > 5);
	assert_int_equal(
			database_prepare(house->agent->db,
					"UPDATE audit SET actor = 'nobody' WHERE seq = 3",
					&s),
			0);
	assert_int_equal(statement_run(s), 0);
	assert_int_equal(agent_audit(house->agent, &audit), 0);
	assert_false(audit.whole);
	assert_int_equal(audit.broken_at, 3);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(status_says_what_waits_where_all_is_ready),
		STORY(G10_a_state_that_deletes_people_destroys_nothing),
		STORY(while_suspended_nothing_is_applied),
		STORY(a_suspension_ends_by_itself),
		STORY(a_start_brings_up_what_was_applied),
		STORY(a_suspension_needs_an_end_and_a_reason),
		STORY(a_rollback_is_a_new_generation),
		STORY(a_rollback_keeps_data),
		STORY(an_approval_lets_go_what_was_held),
		STORY(what_nobody_confirms_is_taken_back),
		STORY(what_is_confirmed_stays),
		STORY(a_trace_leads_to_the_line_and_the_steps),
		STORY(events_are_counted_and_numbered),
		STORY(an_audit_that_was_changed_does_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

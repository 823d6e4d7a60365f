/* Changes that need several people, or time. */
#include "agent/database/text.h"
#include "agent/inside.h"
#include "agent/status.h"
#include "tests/agent/house.h"

#define STATE(name, sections)                                                            \
	CLEANUP(buf_free) struct buf name = BUF_NULL(HOUSE_TEXT);                        \
	house_state(&name, sections)

#define DOMAIN "domains: {a.example: {}}\n"
#define USERS                                                                            \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna}\n"                                                 \
	"  bo@a.example: {id: bo}\n"
#define TWO_PEOPLE "policy: {approvals: {exposing: 2, irreversible: 2, policy: 2}}\n"
#define ALIAS      "aliases: {info@a.example: [anna]}\n"

static const struct view anna = { "anna (uid 1000)", 15 };
static const struct view bo = { "bo (uid 1001)", 13 };
static const struct view root = { "uid 0", 5 };

static void apply_as(struct house *house, struct view actor, struct view state,
		struct agent_result *out)
{
	const struct source_file file = { VIEW("state.yaml"), state };
	const struct agent_source source = { &file, 1, VIEW("test") };
	const struct agent_apply_options options = { .actor = actor };

	assert_int_equal(agent_apply(house->agent, &source, &options, out), 0);
}

static void tick(struct house *house, struct agent_result *out)
{
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, out), 0);
}

/* What this result says may be approved. */
static void approve(struct house *house, const struct agent_result *held,
		struct view actor, struct agent_result *out)
{
	CLEANUP(buf_free) struct buf digest = BUF_NULL(DIGEST_TEXT + 1);

	assert_true(held->plan->approvable);
	text_add_digest(&digest, held->plan->held_digest);
	assert_int_equal(
			agent_approve(house->agent,
					&(const struct agent_approval){ buf_view(&digest),
							actor, 0, VIEW_NULL },
					out),
			0);
}

static bool leads(struct house *house, const char *address)
{
	struct resolution r = { 0 };
	int outcome = configuration_resolve(
			house->runtime.configuration, view_z(address), &r);

	resolution_free(&r);
	return outcome == RESOLVE_OK;
}

/* How many accounts get the mail to an address. */
static size_t readers(struct house *house, const char *address)
{
	struct resolution r = { 0 };
	size_t count = 0;

	if (configuration_resolve(house->runtime.configuration, view_z(address), &r) ==
			RESOLVE_OK)
		count = r.count;
	resolution_free(&r);
	return count;
}

static const char *held_word(
		const struct agent_result *result, const char *kind, const char *id)
{
	for (size_t i = 0; i < result->plan->change_count; i++) {
		const struct change *change = &result->plan->changes[i];

		if (strcmp(change->driver->kind, kind) == 0 &&
				view_eq(change->id, view_z(id)))
			return change->held ? change->held : "";
	}
	return "absent";
}

static void with_one_admin_nothing_waits(void **state)
{
	struct house *house = *state;
	STATE(one, DOMAIN USERS);
	STATE(two, DOMAIN USERS ALIAS
			"policy: {retain: 1d, gates: {users: {percent: 50}}}\n");

	house_must_apply(house, buf_view(&one));
	house_must_apply(house, buf_view(&two));
	assert_true(leads(house, "info@a.example"));
}

static void G17_what_exposes_waits_for_another_person(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, ticked = { 0 }, again = { 0 }, free = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN TWO_PEOPLE ALIAS
			"users:\n"
			"  anna@a.example: {id: anna, roles: [admin]}\n"
			"  bo@a.example: {id: bo, quota: 20GiB}\n");

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_string_equal(held.reason, "ApprovalsMissing");
	assert_non_null(strstr(held.message, "has 1 of 2 (anna)"));
	assert_string_equal(
			held_word(&held, "alias", "info@a.example"), "ApprovalsMissing");
	assert_string_equal(held_word(&held, "user", "anna"), "ApprovalsMissing");
	/* What is safe goes. */
	assert_string_equal(held_word(&held, "user", "bo"), "");
	assert_false(leads(house, "info@a.example"));

	tick(house, &ticked);
	assert_int_equal(ticked.code, EXIT_GATE);
	assert_memory_equal(
			held.plan->held_digest, ticked.plan->held_digest, DIGEST_SIZE);
	assert_string_equal(held_word(&ticked, "user", "bo"), "absent");

	/* The same person twice is one. */
	approve(house, &held, anna, &again);
	assert_int_equal(again.code, EXIT_GATE);
	assert_non_null(strstr(again.message, "has 1 of 2 (anna)"));
	approve(house, &held, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_true(leads(house, "info@a.example"));
}

static void root_is_one_person_however_often(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, watch = { 0 }, again = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN USERS TWO_PEOPLE ALIAS);

	house_must_apply(house, buf_view(&one));
	apply_as(house, root, buf_view(&two), &held);
	assert_int_equal(held.code, EXIT_GATE);
	approve(house, &held, VIEW("uid 996"), &watch);
	assert_int_equal(watch.code, EXIT_GATE);
	apply_as(house, VIEW("watch"), buf_view(&two), &again);
	assert_int_equal(again.code, EXIT_GATE);
	assert_non_null(strstr(again.message, "(root)"));
}

/* Who only applies what another one has put there has not read it. */
static void who_applies_it_later_has_not_agreed(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, later = { 0 }, free = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN USERS TWO_PEOPLE ALIAS);
	STATE(three, DOMAIN USERS TWO_PEOPLE ALIAS "groups: {crew: {}}\n");

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	apply_as(house, bo, buf_view(&three), &later);
	assert_int_equal(later.code, EXIT_GATE);
	assert_string_equal(held_word(&later, "group", "crew"), "");
	assert_non_null(strstr(later.message, "has 1 of 2 (anna)"));
	approve(house, &later, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
}

#define CREW(members, aliases)                                                           \
	"domains: {a.example: {contact: group/crew, catch_all: bo}}\n" USERS TWO_PEOPLE  \
	"groups: {crew: {members: [" members "]}}\n"                                     \
	"aliases: {all@a.example: [group/crew]" aliases "}\n"

/* Wherever a group stands, who is in it is who was. */
static void a_held_member_is_nowhere_a_member(void **state)
{
	struct house *house = *state;
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("a long word"));
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, started = { 0 }, free = { 0 };
	STATE(one, CREW("anna", ""));
	STATE(two, CREW("anna, bo", ""));

	apply_as(house, anna, buf_view(&one), &started);
	assert_int_equal(started.code, EXIT_FINE);
	agent_result_free(&started);
	assert_int_equal(readers(house, "all@a.example"), 1);
	apply_as(house, anna, buf_view(&two), &held);
	assert_string_equal(held_word(&held, "group", "crew"), "ApprovalsMissing");
	assert_int_equal(readers(house, "all@a.example"), 1);
	assert_int_equal(readers(house, "postmaster@a.example"), 1);
	/* nor after a change of something else, nor after a restart */
	assert_int_equal(
			agent_password_set(house->agent, VIEW("bo"), &password, root), 0);
	assert_int_equal(readers(house, "all@a.example"), 1);
	house_restart(house, &started);
	assert_int_equal(started.code, EXIT_GATE);
	assert_int_equal(readers(house, "all@a.example"), 1);
	assert_int_equal(readers(house, "postmaster@a.example"), 1);

	approve(house, &held, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_int_equal(readers(house, "all@a.example"), 2);
	assert_int_equal(readers(house, "postmaster@a.example"), 2);
}

static void what_needs_what_is_held_waits_along(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result held = { 0 }, free = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE "groups: {crew: {}}\n");
	STATE(two, DOMAIN USERS "  carl@a.example: {id: carl, roles: [admin]}\n"
				"groups: {crew: {}, team: {}}\n"
				"policy: {protect: [user/carl], approvals: {exposing: 2, "
				"irreversible: 2, policy: 2}}\n");

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	assert_string_equal(held_word(&held, "user", "carl"), "ApprovalsMissing");
	assert_string_equal(held_word(&held, "policy", "policy"), "HeldAlong");
	assert_string_equal(held_word(&held, "group", "team"), "");
	approve(house, &held, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_true(leads(house, "carl@a.example"));
}

/* What stays refers to somebody who goes: so he stays, too. */
static void what_is_held_keeps_what_it_refers_to(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result held = { 0 }, free = { 0 };
	STATE(one, DOMAIN USERS "  carl@a.example: {id: carl}\n"
				"  dana@a.example: {id: dana}\n" TWO_PEOPLE
				"aliases: {info@a.example: [carl]}\n");
	STATE(two, DOMAIN USERS "  dana@a.example: {id: dana}\n" TWO_PEOPLE
				"aliases: {info@a.example: [dana]}\n");

	apply_as(house, anna, buf_view(&one), &held);
	agent_result_free(&held);
	apply_as(house, anna, buf_view(&two), &held);
	assert_string_equal(
			held_word(&held, "alias", "info@a.example"), "ApprovalsMissing");
	assert_string_equal(held_word(&held, "user", "carl"), "HeldAlong");
	assert_int_equal(readers(house, "info@a.example"), 1);
	assert_true(leads(house, "carl@a.example"));
	approve(house, &held, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_int_equal(free.plan->counts[ACTION_DISABLE], 1);
}

/* The rules that count are those that were applied, not those that come. */
static void G17_a_looser_policy_waits_and_frees_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, free = { 0 }, plain = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN USERS ALIAS "policy: {approvals: {exposing: 1, policy: 1}}\n");
	STATE(none, DOMAIN USERS);

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	assert_string_equal(held_word(&held, "policy", "policy"), "ApprovalsMissing");
	assert_string_equal(
			held_word(&held, "alias", "info@a.example"), "ApprovalsMissing");
	assert_false(leads(house, "info@a.example"));
	/* nor does leaving the policy out */
	apply_as(house, anna, buf_view(&none), &plain);
	assert_string_equal(held_word(&plain, "policy", "policy"), "ApprovalsMissing");
	approve(house, &plain, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
}

static void a_stricter_policy_waits_for_nobody(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result applied = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN USERS "policy: {retain: 90d, protect: [user/anna], approvals: "
				"{exposing: 3, irreversible: 2, policy: 2}}\n");

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &applied);
	assert_int_equal(applied.code, EXIT_FINE);
}

static void another_change_needs_its_own_people(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, other = { 0 }, stale = { 0 };
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN USERS TWO_PEOPLE ALIAS);
	STATE(three, DOMAIN USERS TWO_PEOPLE "aliases: {info@a.example: [anna, bo]}\n");

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	apply_as(house, anna, buf_view(&three), &other);
	/* An approval is for what was shown. */
	approve(house, &held, bo, &stale);
	assert_int_equal(stale.code, EXIT_GATE);
	assert_non_null(strstr(stale.message, "for other steps"));
	assert_false(leads(house, "info@a.example"));
}

static void what_destroys_waits_for_another_person(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result gone = { 0 }, held = { 0 }, free = { 0 };
	CLEANUP(buf_free) struct buf three = BUF_NULL(HOUSE_TEXT);
	json_t *object;
	STATE(one, DOMAIN USERS "  carl@a.example: {id: carl}\n" TWO_PEOPLE);
	STATE(two, DOMAIN USERS TWO_PEOPLE);

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &gone);
	assert_int_equal(gone.code, EXIT_FINE);
	object = house_get(house, "user/carl");
	house_state(&three, DOMAIN USERS TWO_PEOPLE);
	buf_addf(&three, "purge: [{kind: user, id: carl, uid: %s}]\n",
			json_string_value(json_object_get(object, "uid")));
	json_decref(object);
	house->now += 31 * 86400;
	apply_as(house, anna, buf_view(&three), &held);
	assert_string_equal(held_word(&held, "user", "carl"), "ApprovalsMissing");
	approve(house, &held, bo, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_int_equal(free.plan->counts[ACTION_PURGE], 1);
}

/* -- time -- */

#define COOL "policy: {cooldown: {exposing: 1h}}\n"

static walltime jump; /* of the wall's clock */

static walltime jumping_wall(void *state)
{
	return ((struct house *)state)->now + jump;
}

static nstime left_of(struct house *house)
{
	return agent_next_deadline(house->agent) - house->now * NS_PER_S;
}

static void a_cooldown_ends_by_itself(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, early = { 0 }, free = { 0 };
	CLEANUP(status_freep) struct status *status = NULL;
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);
	STATE(one, DOMAIN USERS COOL);
	STATE(two, DOMAIN USERS COOL ALIAS);

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_string_equal(held.reason, "Cooldown");
	assert_non_null(strstr(held.message, "goes by itself in 1h"));
	assert_false(held.plan->approvable);

	house->now += 3600 - 10;
	tick(house, &early);
	assert_int_equal(early.code, EXIT_GATE);
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &status), 0);
	status_print(status, &text);
	buf_add_byte(&text, '\0');
	assert_non_null(strstr(text.data, "alias/info@a.example  held: Cooldown · 10s "
					  "left"));
	/* It is woken for, not polled for. */
	assert_true(left_of(house) <= nstime_seconds(10));
	house->now += 10;
	tick(house, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_true(leads(house, "info@a.example"));
}

static void a_restart_does_not_begin_it_anew(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, started = { 0 }, free = { 0 };
	STATE(one, DOMAIN USERS COOL);
	STATE(two, DOMAIN USERS COOL ALIAS);

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	house->now += 1800;
	house_restart(house, &started);
	assert_int_equal(started.code, EXIT_GATE);
	assert_false(leads(house, "info@a.example"));
	house->now += 1800;
	tick(house, &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_true(leads(house, "info@a.example"));
}

static void a_clock_that_jumps_changes_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, ahead = { 0 }, back = { 0 }, free = { 0 };
	STATE(one, DOMAIN USERS COOL);
	STATE(two, DOMAIN USERS COOL ALIAS);

	jump = 0;
	house->os.wall = jumping_wall;
	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	house->now += 60;
	tick(house, &ahead);
	agent_result_free(&ahead);
	jump = 86400;
	tick(house, &ahead);
	assert_int_equal(ahead.code, EXIT_GATE);
	jump = -86400;
	house->now += 3540;
	tick(house, &free);
	assert_int_equal(free.code, EXIT_FINE);
	jump = 0;
	(void)back;
}

static void what_is_withdrawn_is_forgotten(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, gone = { 0 }, anew = { 0 }, late = { 0 };
	STATE(one, DOMAIN USERS COOL);
	STATE(two, DOMAIN USERS COOL ALIAS);

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	house->now += 3000;
	apply_as(house, anna, buf_view(&one), &gone);
	assert_int_equal(gone.code, EXIT_FINE);
	house->now += 10;
	apply_as(house, anna, buf_view(&two), &anew);
	assert_int_equal(anew.code, EXIT_GATE);
	house->now += 3500;
	tick(house, &late);
	assert_int_equal(late.code, EXIT_GATE);
	assert_false(leads(house, "info@a.example"));
}

static void a_plan_shows_what_would_wait_and_writes_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result planned = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);
	unsigned char before[32], after[32];
	STATE(one, DOMAIN USERS TWO_PEOPLE);
	STATE(two, DOMAIN USERS TWO_PEOPLE ALIAS);

	house_must_apply(house, buf_view(&one));
	house_digest(house, before);
	house_plan(house, buf_view(&two), &planned);
	house_digest(house, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(planned.code, EXIT_GATE);
	house_print(&planned, &text);
	buf_add_byte(&text, '\0');
	assert_non_null(strstr(text.data, "[exposing]  held: ApprovalsMissing · 1 of 2 "
					  "people (root)"));
	assert_non_null(strstr(text.data, "Another person agrees by: posthus approve"));
}

static void an_approval_outlives_a_restart(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, two_of_three = { 0 }, started = { 0 },
			    free = { 0 };
	STATE(one, DOMAIN USERS "policy: {approvals: {exposing: 3}}\n");
	STATE(two, DOMAIN USERS "policy: {approvals: {exposing: 3}}\n" ALIAS);

	house_must_apply(house, buf_view(&one));
	apply_as(house, anna, buf_view(&two), &held);
	approve(house, &held, bo, &two_of_three);
	assert_non_null(strstr(two_of_three.message, "has 2 of 3 (anna, bo)"));
	assert_non_null(strstr(two_of_three.message, "The approval counts."));
	house_restart(house, &started);
	assert_int_equal(started.code, EXIT_GATE);
	assert_non_null(strstr(started.message, "has 2 of 3 (anna, bo)"));
	approve(house, &held, root, &free);
	assert_int_equal(free.code, EXIT_FINE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_one_admin_nothing_waits),
		TEST(G17_what_exposes_waits_for_another_person),
		TEST(root_is_one_person_however_often),
		TEST(who_applies_it_later_has_not_agreed),
		TEST(a_held_member_is_nowhere_a_member),
		TEST(what_needs_what_is_held_waits_along),
		TEST(what_is_held_keeps_what_it_refers_to),
		TEST(G17_a_looser_policy_waits_and_frees_nothing),
		TEST(a_stricter_policy_waits_for_nobody),
		TEST(another_change_needs_its_own_people),
		TEST(what_destroys_waits_for_another_person),
		TEST(a_cooldown_ends_by_itself),
		TEST(a_restart_does_not_begin_it_anew),
		TEST(a_clock_that_jumps_changes_nothing),
		TEST(what_is_withdrawn_is_forgotten),
		TEST(a_plan_shows_what_would_wait_and_writes_nothing),
		TEST(an_approval_outlives_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

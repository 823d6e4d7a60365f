/* Records of a state and the zones of the world: who puts them there, what is waited for, and
 * that nothing of others is touched. The zones are tests/lib/fake_zone. */
#include "agent/status.h"
#include "tests/agent/zone_house.h"

#define MX   "record/a.example/MX"
#define SPF  "record/a.example/TXT"
#define SITE "record/site.a.example/TXT"

#define MANUAL(rest)                                                                     \
	"domains: {a.example: {dns: {mode: manual, " ZONE_ONLY "}" rest "}}\n"           \
	"users: {anna@a.example: {roles: [admin]}}\n"
#define HOUR (60 * 60)

static void assert_condition(struct world *w, const char *object, const char *type,
		const char *member, const char *expected)
{
	assert_string_equal(world_condition(w, object, type, member), expected);
}

static void assert_ready(struct world *w, const char *object)
{
	const char *status = world_condition(w, object, "Ready", "status");

	if (strcmp(status, "True") != 0)
		fail_msg("%s is not Ready: %s", object,
				world_condition(w, object, "Ready", "message"));
}

/* -- a person's zone -- */

static void what_a_person_has_to_put_there_is_named(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, MANUAL(""));
	world_turn(w);
	assert_condition(w, MX, "Ready", "reason", "RecordMissing");
	assert_condition(w, MX, "Reconciling", "reason", "RecordMissing");
	assert_condition(w, MX, "Ready", "message",
			"put into the zone of a.example: a.example. 300 IN MX 10 "
			"mail.a.example.");
	assert_condition(w, SPF, "Ready", "message",
			"put into the zone of a.example: a.example. 300 IN TXT "
			"\"v=spf1 mx -all\"");
	assert_condition(w, MX, "Stalled", "status", "");

	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.");
	world_pass(w, 60);
	world_turn(w);
	assert_ready(w, MX);
	assert_condition(w, SPF, "Ready", "reason", "RecordMissing");
	assert_int_equal(fake_zone_changes(), 0);
}

static void every_server_has_to_show_it(void **state)
{
	struct world *w = *state;

	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.");
	fake_zone_silence(1, true);
	zone_house_apply(w, MANUAL(""));
	world_turn(w);
	assert_condition(w, MX, "Ready", "reason", "NotVisible");
	assert_condition(w, MX, "Ready", "message",
			"ns2.a.example (192.0.2.2) does not answer (1 of 2 do)");
	fake_zone_silence(1, false);
	world_pass(w, 60);
	world_turn(w);
	assert_ready(w, MX);
}

static void of_a_persons_zone_nothing_is_taken_away(void **state)
{
	struct world *w = *state;

	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.");
	zone_house_apply(w,
			"domains: {a.example: {dns: manual}, b.example: {dns: none}}\n"
			"users: {anna@b.example: {roles: [admin]}}\n");
	world_turn(w);
	assert_ready(w, MX);
	zone_house_apply(w, "domains: {b.example: {dns: none}}\n"
			    "users: {anna@b.example: {roles: [admin]}}\n");
	world_turn(w);
	assert_condition(w, MX, "Ready", "status", "");
	assert_condition(w, "record/a.example/TXT", "Ready", "status", "");
	assert_int_equal(fake_zone_changes(), 0);
	assert_int_equal(world_open_rows(w), 0);
}

static void somebody_elses_spf_is_a_conflict_with_its_value(void **state)
{
	struct world *w = *state;

	fake_zone_put("a.example", "TXT", 300, "\"v=spf1 ~all\"|\"verification=1\"");
	zone_house_apply(w, MANUAL(""));
	world_turn(w);
	assert_condition(w, SPF, "Stalled", "reason", "ForeignOwner");
	assert_condition(w, SPF, "Ready", "message",
			"a.example has TXT \"v=spf1 ~all\", which is not ours: take it "
			"out "
			"of the zone, or `TXT` out of the state");
	fake_zone_put("a.example", "TXT", 60, "\"v=spf1 mx -all\"|\"verification=1\"");
	world_pass(w, 300);
	world_turn(w);
	assert_ready(w, SPF);
	assert_condition(w, SPF, "Stalled", "status", "");
}

static void what_vanishes_from_a_persons_zone_is_asked_for_again(void **state)
{
	struct world *w = *state;

	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.");
	zone_house_apply(w, MANUAL(""));
	world_turn(w);
	assert_ready(w, MX);
	fake_zone_put("a.example", "MX", 300, "");
	world_pass(w, 2 * 60 * 60);
	world_turn(w);
	assert_condition(w, MX, "Drifted", "status", "True");
	assert_condition(w, MX, "Ready", "reason", "RecordMissing");
	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.");
	world_pass(w, 60);
	world_turn(w);
	assert_ready(w, MX);
	assert_condition(w, MX, "Drifted", "status", "");
}

static void a_zone_that_nobody_has_stalls(void **state)
{
	struct world *w = *state;

	fake_zone_gone("a.example");
	zone_house_apply(w, MANUAL(""));
	world_turn(w);
	assert_condition(w, MX, "Stalled", "reason", "ZoneGone");
	fake_zone_gone(NULL);
	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.");
	world_pass(w, 300);
	world_turn(w);
	assert_ready(w, MX);

	/* It goes while all is well: said at the next audit, and nothing is done. */
	fake_zone_gone("a.example");
	world_pass(w, 2 * 60 * 60);
	world_turn(w);
	assert_condition(w, MX, "Stalled", "reason", "ZoneGone");
	assert_condition(w, MX, "Ready", "status", "False");
	fake_zone_gone(NULL);
	world_pass(w, 300);
	world_turn(w);
	assert_ready(w, MX);
	assert_condition(w, MX, "Stalled", "status", "");
	assert_int_equal(fake_zone_changes(), 0);
}

/* -- a provider's zone -- */

static void assert_zone(const char *name, const char *type, const char *expected)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(FAKE_TEXT);

	fake_zone_at_provider(name, type, &text);
	assert_view(buf_view(&text), expected);
}

static void a_zone_is_filled_by_one_apply_and_the_second_has_no_steps(void **state)
{
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result again = { 0 };

	fake_zone_put("a.example", "TXT", 60, "\"verification=1\"");
	fake_zone_put("www.a.example", "A", 60, "203.0.113.80");
	zone_house_apply(w, ZONE_MANAGED(", records: {site: {txt: hello, ttl: 30}}"));
	assert_condition(w, MX, "Ready", "reason", "Queued");
	world_turn(w);
	assert_ready(w, MX);
	assert_ready(w, SPF);
	assert_ready(w, SITE);
	assert_zone("a.example", "MX", "300 10 mail.a.example.");
	assert_zone("a.example", "TXT", "60 \"v=spf1 mx -all\"|\"verification=1\"");
	assert_zone("site.a.example", "TXT", "30 \"hello\"");
	assert_zone("www.a.example", "A", "60 203.0.113.80");
	zone_house_apply_result(w,
			ZONE_MANAGED(", records: {site: {txt: hello, ttl: 30}}"), &again);
	assert_int_equal(again.code, EXIT_FINE);
	assert_true(plan_is_empty(again.plan));
	world_turn(w);
	assert_int_equal(fake_zone_changes(), 4); /* with the host's own SPF */
}

static void a_change_replaces_its_own_values(void **state)
{
	struct world *w = *state;

	fake_zone_put("a.example", "TXT", 60, "\"verification=1\"");
	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	zone_house_apply(w, ZONE_MANAGED(", spf: {also: [\"ip4:198.51.100.7\"]}"));
	assert_condition(w, SPF, "Reconciling", "reason", "Queued");
	world_turn(w);
	assert_ready(w, SPF);
	assert_zone("a.example", "TXT",
			"60 \"v=spf1 mx ip4:198.51.100.7 -all\"|\"verification=1\"");
}

static void what_leaves_takes_its_own_values_along(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf before = BUF_NULL(FAKE_TEXT), after = before;

	fake_zone_put("a.example", "TXT", 60, "\"verification=1\"");
	fake_zone_put("a.example", "MX", 60, "5 other.example.");
	fake_zone_put("www.a.example", "A", 60, "203.0.113.80");
	fake_zone_print(&before);
	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	assert_ready(w, MX);
	zone_house_apply(w, ZONE_NONE);
	assert_condition(w, MX, "Ready", "reason", "Removing");
	world_turn(w);
	assert_int_equal(world_open_rows(w), 0);
	assert_condition(w, MX, "Ready", "status", "");
	fake_zone_print(&after);
	assert_true(view_eq(buf_view(&before), buf_view(&after)));
}

static void what_somebody_else_keeps_from_now_on_stays(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	zone_house_apply(w, ZONE_PROVIDER
			"domains: {a.example: {dns: none}, b.example: {dns: none}}\n"
			"users: {anna@b.example: {roles: [admin]}}\n");
	world_turn(w);
	assert_condition(w, MX, "Ready", "status", "");
	assert_int_equal(world_open_rows(w), 0);
	assert_zone("a.example", "MX", "300 10 mail.a.example.");
}

static void it_is_ready_when_every_server_shows_it(void **state)
{
	struct world *w = *state;

	fake_zone_lag(true);
	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	assert_condition(w, MX, "Ready", "reason", "NotVisible");
	assert_condition(w, MX, "Ready", "message",
			"main has it, and none of the 2 servers of a.example shows it "
			"yet");
	fake_zone_follow(1);
	world_pass(w, 60);
	world_turn(w);
	assert_condition(w, MX, "Ready", "reason", "NotVisible");
	assert_condition(w, MX, "Ready", "message",
			"ns1.a.example (192.0.2.1) does not show it yet (1 of 2 do)");
	fake_zone_follow(0);
	world_pass(w, 60);
	world_turn(w);
	assert_ready(w, MX);
	assert_int_equal(fake_zone_changes(), 3);
	assert_condition(w, MX, "Drifted", "status", "");
}

static void a_lost_answer_changes_nothing_twice(void **state)
{
	struct world *w = *state;

	fake_zone_fault("change", "ConnectionLost", true, 1);
	zone_house_apply(w, ZONE_MANAGED(""));
	world_converge(w, 5);
	assert_ready(w, MX);
	assert_int_equal(fake_zone_changes(), 3);
}

static void T09_what_cannot_be_read_is_not_taken_for_empty(void **state)
{
	struct world *w = *state;

	fake_zone_put("a.example", "MX", 60, "5 other.example.");
	fake_zone_fault("read", "ServerFailed", false, 8);
	w->draw = NS_PER_S;
	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	assert_condition(w, MX, "Reconciling", "status", "True");
	assert_zone("a.example", "MX", "60 5 other.example.");
	fake_zone_fault("read", "ServerFailed", false, 0);
	world_converge(w, 600);
	assert_zone("a.example", "MX", "60 10 mail.a.example.|5 other.example.");
}

/* Scenario 23: what a person adds or edits is not ours and is let be; ours, altered, is drift,
 * with its value. */
static void scenario_23_a_human_edits_the_zone(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	fake_zone_put("a.example", "MX", 300, "10 mail.a.example.|5 theirs.example.");
	fake_zone_put("theirs.a.example", "A", 60, "203.0.113.99");
	world_pass(w, 2 * HOUR);
	world_turn(w);
	assert_ready(w, MX);
	assert_int_equal(fake_zone_changes(), 3);

	fake_zone_put("a.example", "TXT", 300, "\"v=spf1 +all\"");
	fake_zone_put("a.example", "MX", 300, "5 theirs.example.");
	world_pass(w, 2 * HOUR);
	world_turn(w);
	assert_ready(w, MX);
	assert_ready(w, SPF);
	assert_zone("a.example", "TXT", "300 \"v=spf1 mx -all\"");
	assert_zone("a.example", "MX", "300 10 mail.a.example.|5 theirs.example.");
	assert_zone("theirs.a.example", "A", "60 203.0.113.99");
}

static void scenario_23_by_the_policy_it_is_only_reported(void **state)
{
	struct world *w = *state;
	const char *drift = "policy: {drift: {dns: report}}\n" ZONE_MANAGED("");

	zone_house_apply(w, drift);
	world_turn(w);
	fake_zone_put("a.example", "TXT", 300, "\"v=spf1 +all\"");
	world_pass(w, 2 * HOUR);
	world_turn(w);
	assert_zone("a.example", "TXT", "300 \"v=spf1 +all\"");
	assert_condition(w, SPF, "Drifted", "status", "True");
	assert_non_null(strstr(
			world_condition(w, SPF, "Drifted", "message"), "v=spf1 +all"));
	fake_zone_put("a.example", "TXT", 300, "\"v=spf1 mx -all\"");
	world_pass(w, 2 * HOUR);
	world_turn(w);
	assert_condition(w, SPF, "Drifted", "status", "");
	assert_ready(w, SPF);
}

/* Scenario 24: a text of more than 255 octets is split by us and compared joined. */
static void scenario_24_a_long_text_is_split_and_compared_joined(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf text = BUF_NULL(4096), sections = text, live = text;
	static const char sixty[] = "0123456789012345678901234567890123456789012345678901"
				    "23456789";

	for (int i = 0; i < 6; i++)
		buf_add_z(&text, sixty);
	buf_addf(&sections, ZONE_MANAGED(", records: {site: {txt: \"%.*s\"}}"),
			VIEW_ARG(buf_view(&text)));
	buf_add_byte(&sections, '\0');
	zone_house_apply(w, sections.data);
	world_turn(w);
	assert_ready(w, SITE);
	fake_zone_at_provider("site.a.example", "TXT", &live);
	assert_true(live.len > text.len + 6); /* two strings */
	/* Somebody's tool splits it elsewhere: it is the same text. */
	buf_clear(&live);
	buf_addf(&live, "\"%.*s\" \"%.*s\" \"%.*s\"",
			VIEW_ARG(view_sub(buf_view(&text), 0, 100)),
			VIEW_ARG(view_sub(buf_view(&text), 100, 200)),
			VIEW_ARG(view_from(buf_view(&text), 300)));
	buf_add_byte(&live, '\0');
	fake_zone_put("site.a.example", "TXT", 300, live.data);
	world_pass(w, 2 * HOUR);
	world_turn(w);
	assert_ready(w, SITE);
	assert_condition(w, SITE, "Drifted", "status", "");
	assert_int_equal(fake_zone_changes(), 4);
}

static void a_zone_that_is_gone_is_never_made(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	fake_zone_gone("a.example");
	zone_house_apply(w, ZONE_MANAGED(", spf: {all: softfail}"));
	world_turn(w);
	assert_condition(w, SPF, "Stalled", "reason", "ZoneGone");
	assert_int_equal(fake_zone_changes(), 3);
	/* What leaves it has left with it. */
	zone_house_apply(w, ZONE_NONE);
	world_turn(w);
	assert_int_equal(world_open_rows(w), 0);
	assert_condition(w, SPF, "Ready", "status", "");
	assert_int_equal(fake_zone_changes(), 3);
}

static void an_alias_where_we_need_a_value_is_in_the_way(void **state)
{
	struct world *w = *state;

	fake_zone_put("site.a.example", "CNAME", 60, "pages.example.");
	zone_house_apply(w, ZONE_MANAGED(", records: {site: {txt: hello}}"));
	world_turn(w);
	assert_condition(w, SITE, "Stalled", "reason", "ForeignOwner");
	assert_non_null(strstr(world_condition(w, SITE, "Ready", "message"),
			"site.a.example has CNAME pages.example."));
	assert_zone("site.a.example", "TXT", "");
}

/* The flap guard of the outbox holds for zones, too. */
static void who_keeps_changing_it_is_left_alone_in_the_end(void **state)
{
	struct world *w = *state;
	int round = 0;

	zone_house_apply(w, ZONE_MANAGED(""));
	world_turn(w);
	for (; round < 20; round++) {
		fake_zone_put("a.example", "TXT", 300, "\"v=spf1 +all\"");
		world_pass(w, 2 * HOUR);
		world_turn(w);
	}
	assert_ready(w, SPF); /* each time long after the time before: no fight */
	assert_int_equal(fake_zone_changes(), 3 + 20);
}

/* -- what is wanted of whom -- */

static void where_nobody_is_said_to_keep_a_zone_nothing_waits(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, "domains: {a.example: {}, b.example: {dns: none}}\n"
			    "users: {anna@a.example: {roles: [admin]}}\n");
	world_turn(w);
	assert_condition(w, MX, "Ready", "status", "");
	assert_int_equal(world_open_rows(w), 0);
}

static void a_name_that_is_computed_cannot_be_declared_with_both_places(void **state)
{
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	zone_house_apply_result(w,
			"domains:\n"
			"  a.example:\n"
			"    dns: manual\n"
			"    records:\n"
			"      \"@\": {mx: 20 backup.example}\n"
			"users: {anna@a.example: {roles: [admin]}}\n",
			&result);
	house_print(&result, &text);
	buf_add_byte(&text, '\0');
	assert_int_equal(result.code, EXIT_INVALID);
	assert_string_equal(result.reason, "RecordsCollide");
	assert_non_null(strstr(text.data,
			"the MX 20 backup.example. beside the MX 10 "
			"mail.a.example., which is from state.yaml:3:3"));
}

static void a_plan_says_what_will_be_there(void **state)
{
	struct world *w = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf state_text = BUF_NULL(HOUSE_TEXT), text = state_text;

	house_state(&state_text, MANUAL(", records: {site: {txt: hello}}"));
	house_plan(w->house, buf_view(&state_text), &result);
	house_print(&result, &text);
	buf_add_byte(&text, '\0');
	assert_non_null(strstr(text.data, "+ record a.example/MX"));
	assert_non_null(strstr(text.data, "  10 mail.a.example.\n"));
	assert_non_null(strstr(text.data, "+ record site.a.example/TXT"));
	assert_non_null(strstr(text.data, "  hello\n"));
	(void)SITE;
}

#define STORY(name)                                                                      \
	cmocka_unit_test_setup_teardown(name, zone_house_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(what_a_person_has_to_put_there_is_named),
		STORY(every_server_has_to_show_it),
		STORY(of_a_persons_zone_nothing_is_taken_away),
		STORY(somebody_elses_spf_is_a_conflict_with_its_value),
		STORY(what_vanishes_from_a_persons_zone_is_asked_for_again),
		STORY(a_zone_that_nobody_has_stalls),
		STORY(a_zone_is_filled_by_one_apply_and_the_second_has_no_steps),
		STORY(a_change_replaces_its_own_values),
		STORY(what_leaves_takes_its_own_values_along),
		STORY(what_somebody_else_keeps_from_now_on_stays),
		STORY(it_is_ready_when_every_server_shows_it),
		STORY(a_lost_answer_changes_nothing_twice),
		STORY(T09_what_cannot_be_read_is_not_taken_for_empty),
		STORY(scenario_23_a_human_edits_the_zone),
		STORY(scenario_23_by_the_policy_it_is_only_reported),
		STORY(scenario_24_a_long_text_is_split_and_compared_joined),
		STORY(a_zone_that_is_gone_is_never_made),
		STORY(an_alias_where_we_need_a_value_is_in_the_way),
		STORY(who_keeps_changing_it_is_left_alone_in_the_end),
		STORY(where_nobody_is_said_to_keep_a_zone_nothing_waits),
		STORY(a_name_that_is_computed_cannot_be_declared_with_both_places),
		STORY(a_plan_says_what_will_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Records of a state and the zones of the world: who puts them there, what is waited for, and
 * that nothing of others is touched. The zones are tests/lib/fake_zone. */
#include "agent/status.h"
#include "tests/agent/world.h"
#include "tests/lib/fake_zone/fake_zone.h"

#define MX   "record/a.example/MX"
#define SPF  "record/a.example/TXT"
#define SITE "record/site.a.example/TXT"

static int setup(void **state)
{
	fake_zone_reset();
	return world_setup(state);
}

static void apply_result(struct world *w, const char *sections, struct agent_result *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, sections);
	house_apply(w->house, buf_view(&text), out);
}

static void apply(struct world *w, const char *sections)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	apply_result(w, sections, &result);
	house_print(&result, &text);
	if (result.code != EXIT_FINE)
		fail_msg("not applied:\n%.*s", VIEW_ARG(buf_view(&text)));
}

/* Only what the test is about is ours. */
#define ONLY "except: [srv, dmarc, tls-rpt, a, caa, dkim]"
#define MANUAL(rest)                                                                     \
	"domains: {a.example: {dns: {mode: manual, " ONLY "}" rest "}}\n"                \
	"users: {anna@a.example: {roles: [admin]}}\n"

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

	apply(w, MANUAL(""));
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
	apply(w, MANUAL(""));
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
	apply(w, "domains: {a.example: {dns: manual}, b.example: {dns: none}}\n"
		 "users: {anna@b.example: {roles: [admin]}}\n");
	world_turn(w);
	assert_ready(w, MX);
	apply(w, "domains: {b.example: {dns: none}}\n"
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
	apply(w, MANUAL(""));
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
	apply(w, MANUAL(""));
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
	apply(w, MANUAL(""));
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

/* -- what is wanted of whom -- */

static void where_nobody_is_said_to_keep_a_zone_nothing_waits(void **state)
{
	struct world *w = *state;

	apply(w, "domains: {a.example: {}, b.example: {dns: none}}\n"
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

	apply_result(w,
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

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(what_a_person_has_to_put_there_is_named),
		STORY(every_server_has_to_show_it),
		STORY(of_a_persons_zone_nothing_is_taken_away),
		STORY(somebody_elses_spf_is_a_conflict_with_its_value),
		STORY(what_vanishes_from_a_persons_zone_is_asked_for_again),
		STORY(a_zone_that_nobody_has_stalls),
		STORY(where_nobody_is_said_to_keep_a_zone_nothing_waits),
		STORY(a_name_that_is_computed_cannot_be_declared_with_both_places),
		STORY(a_plan_says_what_will_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

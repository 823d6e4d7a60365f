/* A policy of DMARC climbs by the time that the state gives each step, in the zone. */
#include "tests/agent/zone_house.h"

#define DAY (24 * 60 * 60)
#define RAMP(dmarc)                                                                      \
	ZONE_PROVIDER "domains: {a.example: {dns: {provider: main, except: [srv, "       \
		      "tls-rpt, a, caa, dkim, mx]}, dmarc: {" dmarc "}}, " ZONE_USER

static void assert_says(const char *policy)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(FAKE_TEXT);

	fake_zone_at_provider("_dmarc.a.example", "TXT", &text);
	if (view_find_view(buf_view(&text), view_z(policy)) == text.len)
		fail_msg("not %s: %.*s", policy, VIEW_ARG(buf_view(&text)));
}

static void pass(struct world *w, int seconds)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	world_pass(w, seconds);
	assert_int_equal(agent_reconcile(w->house->agent, RECONCILE_TIMER, &result), 0);
	world_turn(w);
}

static void it_climbs_step_by_step(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, RAMP("ramp: 10d"));
	world_turn(w);
	assert_says("p=none");
	pass(w, 9 * DAY);
	assert_says("p=none");
	pass(w, DAY + 3600);
	assert_says("p=quarantine");
	pass(w, 10 * DAY);
	assert_says("p=reject");
	pass(w, 100 * DAY);
	assert_says("p=reject");
}

static void what_is_asked_already_is_not_taken_back(void **state)
{
	struct world *w = *state;

	zone_house_apply(w, RAMP("policy: reject"));
	world_turn(w);
	assert_says("p=reject");
	zone_house_apply(w, RAMP("policy: reject, ramp: 10d"));
	world_turn(w);
	assert_says("p=reject");

	zone_house_apply(w, RAMP("policy: quarantine"));
	world_turn(w);
	assert_says("p=quarantine");
	zone_house_apply(w, RAMP("policy: reject, ramp: 10d"));
	world_turn(w);
	assert_says("p=quarantine");
	pass(w, 10 * DAY + 3600);
	assert_says("p=reject");
}

#define STORY(name)                                                                      \
	cmocka_unit_test_setup_teardown(name, zone_house_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(it_climbs_step_by_step),
		STORY(what_is_asked_already_is_not_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How policies climb, change and are taken back, as days pass: what was said before is what the
 * table kept (agent/zone/sts_row.h), by hand here. */
#include "agent/zone/policy.h"
#include "runtime/mailauth/sts.h"
#include "tests/lib/test.h"

#define DAY 86400

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct sts_question question(enum desired_sts mode, const struct sts_past *past)
{
	return (struct sts_question){ .said = true,
		.mode = mode,
		.ramp = nstime_seconds(14 * DAY),
		.hosts = VIEW("mx1.a.example mx2.a.example"),
		.past = past,
		.settled = true,
		.now = 100 * DAY };
}

/* What is served next is what was served before. */
static struct sts_past past_of(const struct zone_sts *sts, walltime seen)
{
	return (struct sts_past){ .mode = sts->mode,
		.hosts = sts->hosts,
		.id = sts->id,
		.longest = sts->max_age,
		.testing_since = sts->mode == DESIRED_STS_TESTING ? seen : 0,
		.none_since = sts->mode == DESIRED_STS_NONE ? seen : 0 };
}

static void senders_read_what_is_served(void **state)
{
	struct sts_question q = question(DESIRED_STS_TESTING, NULL);
	walltime changes;
	struct zone_sts sts = sts_policy(*state, &q, &changes);
	struct sts_policy read;

	assert_true(sts_policy_read(*state, sts.file, &read));
	assert_int_equal(read.mode, STS_TESTING);
	assert_int_equal(read.host_count, 2);
	assert_true(sts_policy_has(&read, VIEW("mx2.a.example")));
	assert_true(sts.id.len > 0 && sts.id.len <= STS_ID_MAX);
	assert_int_equal(changes, 0);
	assert_false(sts.in_force);
}

static void enforce_comes_once_testing_was_seen_for_its_time(void **state)
{
	struct sts_question q = question(DESIRED_STS_ENFORCE, NULL);
	walltime changes;
	struct zone_sts sts = sts_policy(*state, &q, &changes);
	struct view first = sts.id;
	struct sts_past past = past_of(&sts, 0);

	assert_int_equal(sts.mode, DESIRED_STS_TESTING);
	q.past = &past;
	q.now += 30 * DAY; /* nobody could see it yet */
	assert_int_equal(sts_policy(*state, &q, &changes).mode, DESIRED_STS_TESTING);
	assert_int_equal(changes, 0);
	past.testing_since = q.now;
	q.now += 14 * DAY - 1;
	assert_int_equal(sts_policy(*state, &q, &changes).mode, DESIRED_STS_TESTING);
	assert_int_equal(changes, q.now + 1);
	q.now++;
	sts = sts_policy(*state, &q, &changes);
	assert_int_equal(sts.mode, DESIRED_STS_ENFORCE);
	assert_false(view_eq(sts.id, first));
	assert_true(sts.in_force);

	/* it does not fall back for a longer ramp */
	past = past_of(&sts, q.now);
	q.ramp = nstime_seconds(1000 * DAY);
	assert_int_equal(sts_policy(*state, &q, &changes).mode, DESIRED_STS_ENFORCE);
	q.past = NULL;
	q.ramp = 0;
	assert_int_equal(sts_policy(*state, &q, &changes).mode, DESIRED_STS_ENFORCE);
}

static void while_exchangers_change_both_are_named(void **state)
{
	struct sts_question q = question(DESIRED_STS_TESTING, NULL);
	walltime changes;
	struct zone_sts sts = sts_policy(*state, &q, &changes);
	struct sts_past past = past_of(&sts, q.now);

	q.past = &past;
	q.hosts = VIEW("mx2.a.example mx3.a.example");
	q.settled = false;
	sts = sts_policy(*state, &q, &changes);
	assert_view(sts.hosts, "mx1.a.example mx2.a.example mx3.a.example");
	assert_false(view_eq(sts.id, past.id));
	past = past_of(&sts, q.now);
	assert_view(sts_policy(*state, &q, &changes).hosts,
			"mx1.a.example mx2.a.example mx3.a.example");
	q.settled = true;
	assert_view(sts_policy(*state, &q, &changes).hosts,
			"mx2.a.example mx3.a.example");
}

static void it_is_taken_back_before_it_goes(void **state)
{
	static const bool said[] = { true, false };

	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		struct sts_question q = question(DESIRED_STS_NONE, NULL);
		struct sts_past past = { .mode = DESIRED_STS_ENFORCE,
			.hosts = q.hosts,
			.id = VIEW("x"),
			.longest = STS_AGE_ENFORCE };
		walltime changes;
		struct zone_sts sts;

		q.said = said[i];
		assert_false(sts_policy(*state, &q, &changes).served);
		q.past = &past;
		sts = sts_policy(*state, &q, &changes);
		assert_true(sts.served);
		assert_int_equal(sts.mode, DESIRED_STS_NONE);
		assert_false(sts.in_force);
		past.mode = DESIRED_STS_NONE;
		q.now += 30 * DAY; /* not seen yet: those who remember it do not know */
		assert_true(sts_policy(*state, &q, &changes).served);
		past.none_since = q.now;
		q.now += STS_AGE_ENFORCE - 1;
		assert_true(sts_policy(*state, &q, &changes).served);
		assert_int_equal(changes, q.now + 1);
		q.now++;
		assert_false(sts_policy(*state, &q, &changes).served);
	}
}

static void dmarc_climbs_by_steps(void **state)
{
	static const struct {
		enum desired_dmarc policy;
		walltime since, now;
		enum desired_dmarc step;
		walltime changes;
	} cases[] = {
		{ DESIRED_DMARC_REJECT, 0, 900, DESIRED_DMARC_NONE, 0 },
		{ DESIRED_DMARC_REJECT, 1000, 1000, DESIRED_DMARC_NONE, 1000 + DAY },
		{ DESIRED_DMARC_REJECT, 1000, 999 + DAY, DESIRED_DMARC_NONE, 1000 + DAY },
		{ DESIRED_DMARC_REJECT, 1000, 1000 + DAY, DESIRED_DMARC_QUARANTINE,
				1000 + 2 * DAY },
		{ DESIRED_DMARC_REJECT, 1000, 1000 + 2 * DAY, DESIRED_DMARC_REJECT, 0 },
		{ DESIRED_DMARC_REJECT, 1000, 1000 + 200 * DAY, DESIRED_DMARC_REJECT, 0 },
		{ DESIRED_DMARC_QUARANTINE, 1000, 1000, DESIRED_DMARC_NONE, 1000 + DAY },
		{ DESIRED_DMARC_QUARANTINE, 1000, 1000 + DAY, DESIRED_DMARC_QUARANTINE,
				0 },
		{ DESIRED_DMARC_NONE, 1000, 1000, DESIRED_DMARC_NONE, 0 },
	};
	walltime changes;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(dmarc_step(cases[i].policy, nstime_seconds(DAY),
						 cases[i].since, cases[i].now, &changes),
				cases[i].step);
		assert_int_equal(changes, cases[i].changes);
	}
	assert_int_equal(dmarc_step(DESIRED_DMARC_REJECT, 0, 0, 5, &changes),
			DESIRED_DMARC_REJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				senders_read_what_is_served, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				enforce_comes_once_testing_was_seen_for_its_time, set_up,
				tear_down),
		cmocka_unit_test_setup_teardown(while_exchangers_change_both_are_named,
				set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				it_is_taken_back_before_it_goes, set_up, tear_down),
		cmocka_unit_test(dmarc_climbs_by_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

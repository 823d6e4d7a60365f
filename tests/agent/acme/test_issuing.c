/* Certificates of an issuer, as the agent has them: what is served until it has signed one, whom
 * it asks when one does not answer, how often; and what becomes of it when the agent is killed
 * between any two things that it does. `test_issuing SEED SECONDS` draws other failures, and
 * goes in other steps. */
#include "agent/acme/ledger.h"
#include "agent/database/journal.h"
#include "agent/driver/certificate_text.h"
#include "runtime/base/error.h"
#include "tests/agent/acme/yard.h"
#include "tests/agent/writes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	HOUR = 60 * 60,
	DAY = 24 * HOUR,
	MOST_BOUNDARIES = 1000,
};

static uint64_t seed = 1;
static int64_t calm = 6 * HOUR; /* between two looks at a certificate that is well */

static void until_it_is_issued_one_that_signs_itself_is_served(void **state)
{
	struct yard *y = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct certificate_facts facts;

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_serves(y, arena, &facts));
	assert_true(facts.self_signed);
	assert_true(certificate_covers(&facts, VIEW("mail.a.example")));
	assert_false(yard_is_ready(y));
	assert_true(yard_converges(y, 60));
	assert_true(yard_serves_issued(y));
	assert_true(yard_is_ready(y));
	assert_int_equal(issuer->orders, 1);
}

/* Of files, with a challenge that means nothing: canonical as the schema writes it. */
static void what_is_issued_is_told_from_files(void **state)
{
	(void)state;
	assert_false(certificate_text_is_issued(VIEW(
			"{\"challenge\":\"dns-01\",\"files\":{\"chain\":\"/c.pem\"}}")));
	assert_false(certificate_text_is_issued(VIEW("{\"challenge\":\"dns-01")));
	assert_false(certificate_text_is_issued(
			VIEW("{\"name\":\"a\",\"self_signed\":true}")));
	assert_true(certificate_text_is_issued(
			VIEW("{\"challenge\":\"http-01\",\"issuers\":[{}]}")));
}

static void a_second_plan_is_empty(void **state)
{
	struct yard *y = *state;
	CLEANUP(agent_result_free) struct agent_result plan = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	house_state(&text, YARD_ISSUED);
	house_plan(y->house, buf_view(&text), &plan);
	assert_int_equal(plan.plan->change_count, 0);
}

static void what_is_issued_already_is_not_asked_for_again(void **state)
{
	struct yard *y = *state;

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	yard_apply(y, YARD_TWO); /* another to fall back to */
	assert_true(yard_converges(y, 60));
	assert_true(yard_is_ready(y));
	assert_int_equal(issuer->orders, 1);
}

static void another_key_is_another_certificate(void **state)
{
	struct yard *y = *state;

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	yard_apply(y, "issuers: {le: 'https://issuer.test/dir'}\n"
		      "certs: {auto: {issuer: le, key: ecdsa-p384}}\n");
	assert_true(yard_serves_issued(y)); /* the one before */
	assert_true(yard_converges(y, 60));
	assert_int_equal(issuer->issued, 2);
	assert_int_equal(issuer->accounts, 1);
}

static void the_fallback_is_asked_when_nobody_answers(void **state)
{
	struct yard *y = *state;

	issuer->fault = ISSUER_DOWN;
	yard_apply(y, YARD_TWO);
	assert_true(yard_converges(y, HOUR));
	assert_true(yard_serves_issued(y));
	assert_int_equal(issuer->issued, 1);
}

static void a_chain_that_is_not_ours_is_never_served(void **state)
{
	struct yard *y = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct certificate_facts before, after;

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	assert_true(yard_serves(y, arena, &before));
	issuer->fault = ISSUER_MISISSUES;
	yard_pass(y, 61 * DAY);
	yard_tick(y);
	assert_false(yard_converges(y, 5));
	assert_string_equal(yard_reason(y), "IssuerRefused");
	assert_true(yard_serves(y, arena, &after));
	assert_memory_equal(before.fingerprint, after.fingerprint,
			sizeof(before.fingerprint));
	issuer->fault = ISSUER_WELL;
	assert_true(yard_converges(y, 8 * DAY));
	assert_true(yard_serves(y, arena, &after));
	assert_memory_not_equal(before.fingerprint, after.fingerprint,
			sizeof(before.fingerprint));
}

/* Five failures in an hour are all that an issuer takes: a name that leads elsewhere does not
 * use up more, however long it takes. */
static void failures_keep_within_the_limits(void **state)
{
	struct yard *y = *state;

	issuer->fault = ISSUER_SEES_NOTHING;
	yard_apply(y, YARD_ISSUED);
	assert_false(yard_converges(y, 2 * DAY));
	assert_false(issuer->limit_passed);
	assert_true(issuer->refused >= 10);
	issuer->fault = ISSUER_WELL;
	assert_true(yard_converges(y, 3 * HOUR));
	assert_true(yard_serves_issued(y));
}

/* Who makes and takes back the same again and again gets five, and waits. */
static void duplicates_keep_within_the_limits(void **state)
{
	struct yard *y = *state;

	for (int i = 0; i < 6; i++) {
		yard_apply(y, i % 2 ? "issuers: {le: 'https://issuer.test/dir'}\n"
				      "certs: {auto: {issuer: le, key: ecdsa-p384}}\n"
				    : YARD_ISSUED);
		(void)yard_converges(y, HOUR);
	}
	assert_int_equal(issuer->issued, ledger_rule(LEDGER_DUPLICATES)->most);
	assert_false(issuer->limit_passed);
	assert_string_equal(yard_reason(y), "QuotaExceeded");
	assert_true(yard_serves_issued(y)); /* the one before */
	assert_true(yard_converges(y, 8 * DAY));
	assert_false(issuer->limit_passed);
	assert_int_equal(issuer->issued, 1 + ledger_rule(LEDGER_DUPLICATES)->most);
}

static void it_is_renewed_when_the_issuer_wants_it(void **state)
{
	struct yard *y = *state;

	issuer->renew_at_percent = 40;
	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	for (int i = 0; i < 38 * 4 && issuer->issued == 1; i++) {
		yard_pass(y, 6 * HOUR);
		yard_tick(y);
		assert_true(yard_converges(y, 60));
	}
	assert_int_equal(issuer->issued, 2);
	assert_int_equal(issuer->replaced, 1);
	assert_true(issuer->now - HOUSE_BEGIN >= 36 * DAY);
	assert_true(yard_serves_issued(y));
}

static void it_is_renewed_at_a_third_of_its_life(void **state)
{
	struct yard *y = *state;

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	yard_pass(y, 59 * DAY);
	yard_tick(y);
	assert_int_equal(issuer->issued, 1);
	yard_pass(y, 2 * DAY);
	yard_tick(y);
	assert_true(yard_converges(y, 60));
	assert_int_equal(issuer->issued, 2);
	assert_int_equal(issuer->accounts, 1);
}

static unsigned late_events(struct yard *y)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(y->house->agent->db,
					 "SELECT count FROM event WHERE object = "
					 "'certificate/auto' AND reason = "
					 "'RenewalFailing'",
					 &s),
			0);
	return statement_step(s) == DATABASE_ROW ? (unsigned)column_u64(s, 0) : 0;
}

static void a_renewal_that_fails_is_told_of_in_time(void **state)
{
	struct yard *y = *state;

	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, 60));
	issuer->fault = ISSUER_DOWN;
	yard_pass(y, 61 * DAY);
	yard_tick(y);
	assert_false(yard_converges(y, HOUR));
	assert_true(late_events(y) > 2);
	assert_false(yard_is_ready(y));
	assert_true(yard_serves_issued(y));
	issuer->fault = ISSUER_WELL;
	assert_true(yard_converges(y, HOUR));
	assert_true(yard_is_ready(y));
	assert_int_equal(issuer->issued, 2);
}

/* RFC 8657: who may issue, to which account and how it is convinced; nothing as long as one of
 * those who may be asked is not known. */
static void T06_records_name_who_may_issue(void **state)
{
	struct yard *y = *state;
	struct zone_authority one;

	yard_apply(y, YARD_ISSUED);
	assert_int_equal(yard_authorities(y, &one), 0);
	assert_true(yard_converges(y, 60));
	assert_int_equal(yard_authorities(y, &one), 1);
	assert_view(one.name, "issuer.test");
	assert_view(one.account, "https://issuer.test/account/0");
	assert_view(one.method, "http-01");
	yard_apply(y, YARD_TWO);
	assert_int_equal(yard_authorities(y, &one), 0);
}

/* -- killed at every boundary -- */

static void go_and_die(struct yard *y, long nth)
{
	house_open(y->house);
	issuer_boundary = writes_boundary;
	writes_left = nth;
	yard_apply(y, YARD_ISSUED);
	(void)yard_converges(y, HOUR);
	writes_left = 0;
	_exit(0);
}

static void check_sound(struct yard *y)
{
	CLEANUP(buf_free) struct buf report = BUF_NULL(4096);
	uint64_t seq = 0;

	assert_int_equal(database_integrity_check(y->house->agent->db, &report), 0);
	assert_int_equal(audit_verify(y->house->agent->db, &seq), AUDIT_OK);
}

/* V9: whatever was begun, something is served that its key opens and that is valid. */
static void check_served(struct yard *y)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct certificate_facts facts;

	if (!y->house->runtime.configuration)
		return; /* nothing was applied yet */
	assert_true(yard_serves(y, arena, &facts));
	assert_true(facts.not_before <= issuer->now && facts.not_after > issuer->now);
}

static bool one_kill(long nth)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct yard *y;
	void *state;
	int status;
	pid_t child;

	yard_setup(&state);
	y = state;
	house_close(y->house);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		go_and_die(y, nth);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == WRITES_KILLED || WEXITSTATUS(status) == 0);
	house_open(y->house);
	assert_int_equal(agent_reconcile(y->house->agent, RECONCILE_START, &result), 0);
	check_served(y);
	assert_true(yard_converges(y, HOUR));
	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, HOUR));
	check_sound(y);
	assert_true(yard_serves_issued(y));
	assert_true(yard_is_ready(y));
	if (issuer->accounts != 1 || issuer->orders > 2 || issuer->issued != 1)
		fail_msg("killed at %ld: %u accounts, %u orders, %u certificates", nth,
				issuer->accounts, issuer->orders, issuer->issued);
	assert_false(issuer->limit_passed);
	yard_teardown(&state);
	return WEXITSTATUS(status) == 0;
}

static void killed_at_every_boundary_it_converges(void **state)
{
	long nth = 1;

	(void)state;
	while (nth < MOST_BOUNDARIES && !one_kill(nth))
		nth++;
	print_message("%ld boundaries\n", nth - 1);
	assert_true(nth > 40 && nth < MOST_BOUNDARIES);
}

/* -- two years -- */

static void check_valid(struct yard *y)
{
	if (!yard_serves_issued(y))
		fail_msg("seed %llu: nothing valid is served %lld s after the begin",
				(unsigned long long)seed,
				(long long)(issuer->now - HOUSE_BEGIN));
}

/* To what is due next, or by a step: what had expired in between would be seen behind it. */
static void go_on(struct yard *y)
{
	nstime due = agent_outbox_deadline(y->house->agent);
	nstime most = nstime_seconds(calm);
	bool rests = yard_converges(y, 0);

	if (!rests && due < y->now + most)
		most = due > y->now ? due - y->now : 1;
	yard_pass(y, (most + NS_PER_S - 1) / NS_PER_S);
	check_valid(y);
	if (rests)
		yard_tick(y);
	yard_turn(y);
	check_valid(y);
}

/* A fifth of all that the issuer says is wrong. */
static void two_years_of_47_days_without_a_second_expired(void **state)
{
	struct yard *y = *state;
	walltime end = HOUSE_BEGIN + 2 * 365 * DAY;

	print_message("seed %llu\n", (unsigned long long)seed);
	issuer->days = 47;
	issuer->renew_at_percent = 66;
	yard_apply(y, YARD_ISSUED);
	assert_true(yard_converges(y, DAY));
	issuer->random = seed * 0x9e3779b97f4a7c15ull | 1;
	y->random ^= seed << 20;
	issuer->fails_percent = 20;
	while (issuer->now < end)
		go_on(y);
	print_message("%u requests, %u orders, %u certificates\n", issuer->requests,
			issuer->orders, issuer->issued);
	assert_false(issuer->limit_passed);
	assert_int_equal(issuer->accounts, 1);
	/* One every 31 days or so: what failed was not made up for by asking for more. */
	assert_in_range(issuer->issued, 20, 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, yard_setup, yard_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(until_it_is_issued_one_that_signs_itself_is_served),
		cmocka_unit_test(what_is_issued_is_told_from_files),
		TEST(a_second_plan_is_empty),
		TEST(what_is_issued_already_is_not_asked_for_again),
		TEST(another_key_is_another_certificate),
		TEST(the_fallback_is_asked_when_nobody_answers),
		TEST(a_chain_that_is_not_ours_is_never_served),
		TEST(failures_keep_within_the_limits),
		TEST(duplicates_keep_within_the_limits),
		TEST(it_is_renewed_when_the_issuer_wants_it),
		TEST(it_is_renewed_at_a_third_of_its_life),
		TEST(a_renewal_that_fails_is_told_of_in_time),
		TEST(T06_records_name_who_may_issue),
		cmocka_unit_test(killed_at_every_boundary_it_converges),
		TEST(two_years_of_47_days_without_a_second_expired),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		calm = strtoll(argv[2], NULL, 10);
	issuer_begin();
	writes_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

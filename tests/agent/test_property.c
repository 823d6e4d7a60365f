/* What must hold of any state and any edit of it:
 *
 *   a plan writes nothing, and what it says is what is then done, step by step;
 *   the second apply has no steps, and writes nothing;
 *   without a purge no mailbox is ever destroyed;
 *   what was held and is approved, what somebody changed by hand, and what a restart found,
 *   comes to rest in one go;
 *   the objects' rows alone serve what the state serves.
 *
 * A few states run with the suite; tests/property runs as many as one likes. */
#include "agent/build/build.h"
#include "agent/database/journal.h"
#include "agent/database/text.h"
#include "agent/inside.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"
#include "tests/agent/random_state.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	STATES = 25,
	THINGS = 14,
	IN_ONE_HOUSE = 40, /* states, before a house is left for a new one */
};

struct run {
	struct house *house;
	struct random_state *random;
	size_t mailboxes;
	/* for the last line */
	size_t steps, held, approved, changed_by_hand, restarts;
};

static void fail_with(const struct agent_result *result, struct view text)
{
	CLEANUP(buf_free) struct buf printed = BUF_NULL(HOUSE_TEXT);

	house_print(result, &printed);
	printf("%.*s\n", VIEW_ARG(text));
	fail_msg("%.*s", VIEW_ARG(buf_view(&printed)));
}

static void check_code(const struct agent_result *result, struct view text)
{
	if (result->code != EXIT_FINE && result->code != EXIT_GATE)
		fail_with(result, text);
}

static uint64_t ask(struct house *house, const char *sql)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	uint64_t number;

	assert_int_equal(database_prepare(house->agent->db, sql, &s), 0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	number = column_u64(s, 0);
	return number;
}

/* -- a plan is what is done -- */

/* The steps of the transaction, in their order, are the plan's that are not held. */
static void check_steps(struct house *house, const struct agent_result *done)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const struct plan *plan = done->plan;

	assert_int_equal(database_prepare(house->agent->db,
					 "SELECT kind, id, action FROM step"
					 " WHERE serial > ?1 ORDER BY serial, seq",
					 &s),
			0);
	bind_u64(s, 1, plan->base_serial);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];

		if (change->held)
			continue;
		assert_int_equal(statement_step(s), DATABASE_ROW);
		assert_true(view_eq(column_view(s, 0), view_z(change->driver->kind)));
		assert_true(view_eq(column_view(s, 1), change->id));
		assert_true(view_eq(
				column_view(s, 2), view_z(action_name(change->action))));
	}
	assert_int_equal(statement_step(s), 0);
}

static void plan_and_apply(struct run *run, struct view text, struct agent_result *done)
{
	CLEANUP(agent_result_free) struct agent_result plan = { 0 };
	unsigned char before[32], after[32];

	house_digest(run->house, before);
	house_plan(run->house, text, &plan);
	house_digest(run->house, after);
	assert_memory_equal(before, after, sizeof(before));
	house_apply(run->house, text, done);
	check_code(done, text);
	assert_memory_equal(plan.plan->digest, done->plan->digest, DIGEST_SIZE);
	assert_int_equal(plan.plan->held_count, done->plan->held_count);
	check_steps(run->house, done);
	run->steps += done->plan->change_count - done->plan->held_count;
	run->held += done->plan->held_count;
}

/* -- the second apply -- */

static void check_rest(struct run *run, struct view text)
{
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	unsigned char before[32], after[32];

	house_digest(run->house, before);
	house_apply(run->house, text, &again);
	house_digest(run->house, after);
	check_code(&again, text);
	if (again.plan->change_count != again.plan->held_count || again.plan->drift_count)
		fail_with(&again, text);
	assert_memory_equal(before, after, sizeof(before));
}

/* Rules that were loosened count from the next change on: it may let go what was held, and
 * nothing else. */
static void apply_held(struct run *run, const struct agent_result *done, struct view text)
{
	CLEANUP(agent_result_free) struct agent_result next = { 0 };

	if (done->plan->held_count == 0)
		return;
	house_apply(run->house, text, &next);
	check_code(&next, text);
	if (next.plan->change_count > done->plan->held_count)
		fail_with(&next, text);
	for (size_t i = 0; i < next.plan->change_count; i++)
		assert_true(change_leaves(&next.plan->changes[i]));
}

/* -- no mailbox is destroyed -- */

/* Each that ever was has its account, its key and its object. */
static void check_mailboxes(struct run *run)
{
	size_t now = ask(run->house, "SELECT count(*) FROM account"
				     " JOIN key_slot ON key_slot.account = account.uid"
				     " JOIN object ON object.uid = account.uid");

	assert_true(now >= run->mailboxes);
	assert_int_equal(ask(run->house, "SELECT count(*) FROM purged"), 0);
	run->mailboxes = now;
}

/* -- the rows say all -- */

static void add_accounts(
		const struct configuration *c, struct view address, struct buf *out)
{
	struct resolution r = { 0 };
	int outcome = configuration_resolve(c, address, &r);
	unsigned char sum[ACCOUNT_UID_SIZE] = { 0 };

	/* The order of the accounts does not count. */
	for (size_t i = 0; i < r.count; i++)
		for (size_t j = 0; j < sizeof(sum); j++)
			sum[j] = (unsigned char)(sum[j] + r.accounts[i].account->uid[j]);
	buf_addf(out, "%.*s %d %zu %.*s ", VIEW_ARG(address), outcome, r.count,
			VIEW_ARG(r.text));
	hex_add(out, view_of(sum, sizeof(sum)));
	buf_add_byte(out, '\n');
	resolution_free(&r);
}

static void add_account(
		const struct configuration *c, struct view address, struct buf *out)
{
	const struct account_spec *account = configuration_login(c, address);
	size_t count;

	if (!account)
		return;
	(void)configuration_memberships(c, account->uid, &count);
	buf_addf(out, "%.*s %d %d %llu %u %llu %zu %zu %zu\n", VIEW_ARG(address),
			(int)account->kind, (int)account->state,
			(unsigned long long)account->quota, account->protocols,
			(unsigned long long)account->send_limit, account->reach_count,
			account->network_count, count);
}

/* What is served at every address that an object has or had, and beside them. */
static void describe(struct house *house, const struct configuration *c, struct buf *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const struct host_spec *host = configuration_host(c);

	buf_addf(out, "%.*s %zu %u %llu\n", VIEW_ARG(host->name), host->listener_count,
			host->connections, (unsigned long long)host->message_size);
	assert_int_equal(database_prepare(house->agent->db,
					 "SELECT key FROM object WHERE key LIKE '%@%'"
					 " UNION SELECT address FROM former_address"
					 " UNION SELECT 'postmaster@' || key FROM object"
					 "  WHERE kind = 'domain'"
					 " UNION SELECT 'nobody@' || key FROM object"
					 "  WHERE kind = 'domain' ORDER BY 1",
					 &s),
			0);
	while (statement_step(s) == DATABASE_ROW) {
		add_accounts(c, column_view(s, 0), out);
		add_account(c, column_view(s, 0), out);
	}
	assert_false(buf_failed(out));
}

static struct view line_at(struct view text, size_t at)
{
	while (at > 0 && text.data[at - 1] != '\n')
		at--;
	return view_sub(view_from(text, at), 0, view_find(view_from(text, at), '\n'));
}

/* The first line in which they differ. */
static void fail_at_line(struct view named, struct view rows, struct view text)
{
	size_t at = 0;

	while (at < named.len && at < rows.len && named.data[at] == rows.data[at])
		at++;
	printf("%.*s\n", VIEW_ARG(text));
	fail_msg("the state serves\n  %.*s\nthe rows\n  %.*s",
			VIEW_ARG(line_at(named, at)), VIEW_ARG(line_at(rows, at)));
}

static void check_rows(struct run *run, struct view text)
{
	CLEANUP(buf_free) struct buf named = BUF_NULL(HOUSE_TEXT), rows = named;
	CLEANUP(configuration_unrefp) struct configuration *c = NULL;
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	CLEANUP(observation_deinit) struct observation o = { 0 };
	struct agent *agent = run->house->agent;
	struct runtime_observed live;

	agent_observation(agent, NULL, &live, plan, &o);
	assert_int_equal(observe(&o), 0);
	assert_int_equal(build_configuration(&o, agent->tls_key, NULL, &c), 0);
	describe(run->house, run->house->runtime.configuration, &named);
	describe(run->house, c, &rows);
	if (!view_eq(buf_view(&named), buf_view(&rows)))
		fail_at_line(buf_view(&named), buf_view(&rows), text);
}

/* -- what happens in between -- */

static void restart(struct run *run, struct view text)
{
	CLEANUP(agent_result_free) struct agent_result start = { 0 };

	house_restart(run->house, &start);
	check_code(&start, text);
	assert_int_equal(start.plan->change_count, start.plan->held_count);
	run->restarts++;
}

static void approve(struct run *run, const struct agent_result *done, struct view text)
{
	CLEANUP(agent_result_free) struct agent_result approved = { 0 };
	CLEANUP(buf_free) struct buf digest = BUF_NULL(DIGEST_TEXT + 1);

	if (!done->plan->approvable)
		return;
	text_add_digest(&digest, done->plan->held_digest);
	assert_int_equal(
			agent_approve(run->house->agent,
					&(const struct agent_approval){ buf_view(&digest),
							VIEW("test"), 0, VIEW_NULL },
					&approved),
			0);
	check_code(&approved, text);
	assert_false(approved.plan->approvable);
	check_steps(run->house, &approved);
	run->approved++;
}

/* Any account by any hand; the state's word counts again with the next look. */
static void change_by_hand(struct run *run, struct view text)
{
	CLEANUP(agent_result_free) struct agent_result looked = { 0 };
	CLEANUP(statement_done) struct statement *s = NULL;
	struct agent *agent = run->house->agent;
	char name[256];
	int r;

	assert_int_equal(database_prepare(agent->db,
					 "SELECT kind || '/' || id FROM object"
					 " WHERE kind IN ('user', 'shared')"
					 " AND state = 'active' ORDER BY kind, id",
					 &s),
			0);
	for (unsigned n = 1 + random_state_draw(run->random, 4); n; n--)
		if (statement_step(s) != DATABASE_ROW)
			return;
	snprintf(name, sizeof(name), "%.*s", VIEW_ARG(column_view(s, 0)));
	statement_done(&s);
	s = NULL;
	if (random_state_draw(run->random, 3) == 0)
		r = agent_local_disable(agent, view_z(name), VIEW("admin:eve"));
	else
		r = agent_local_set(agent, &(const struct agent_local_change){
							   .object = view_z(name),
							   .field = VIEW("quota"),
							   .value = VIEW("4711"),
							   .actor = VIEW("admin:eve"),
					   });
	assert_int_equal(r, 0);
	run->house->now += 1;
	assert_int_equal(agent_reconcile(agent, RECONCILE_TIMER, &looked), 0);
	check_code(&looked, text);
	assert_non_null(looked.plan);
	run->changed_by_hand++;
}

static void one_state(struct run *run)
{
	CLEANUP(agent_result_free) struct agent_result done = { 0 };
	CLEANUP(buf_free) struct buf buf = BUF_NULL(HOUSE_TEXT);
	struct view text;

	random_state_write(run->random, &buf);
	text = buf_view(&buf);
	run->house->now += 60 * 20;
	plan_and_apply(run, text, &done);
	check_mailboxes(run);
	apply_held(run, &done, text);
	check_rest(run, text);
	if (random_state_draw(run->random, 3) == 0)
		approve(run, &done, text);
	if (random_state_draw(run->random, 3) == 0)
		change_by_hand(run, text);
	if (random_state_draw(run->random, 6) == 0)
		restart(run, text);
	check_rest(run, text);
	check_mailboxes(run);
	check_rows(run, text);
	random_state_edit(run->random);
}

static void any_state_holds(void **state)
{
	unsigned long count = STATES;
	uint64_t seed = random_state_seed(&count), audited;
	struct run run = { 0 };

	(void)state;
	for (unsigned long i = 0; i < count; i++) {
		void *house = run.house;

		if (i % IN_ONE_HOUSE == 0) {
			if (house)
				house_teardown(&house);
			random_state_freep(&run.random);
			house_setup(&house);
			run.house = house;
			run.random = random_state_new(seed + i, THINGS);
			printf("house POSTHUS_SEED=%llu\n",
					(unsigned long long)(seed + i));
			run.mailboxes = 0;
		}
		one_state(&run);
		if (i % IN_ONE_HOUSE == IN_ONE_HOUSE - 1 || i == count - 1)
			assert_int_equal(audit_verify(run.house->agent->db, &audited),
					AUDIT_OK);
	}
	printf("%lu states, %zu steps, %zu held, %zu approvals, %zu changes by hand, "
	       "%zu restarts\n",
			count, run.steps, run.held, run.approved, run.changed_by_hand,
			run.restarts);
	if (run.house) {
		void *house = run.house;

		house_teardown(&house);
	}
	random_state_freep(&run.random);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_state_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random edits of a state: no account is ever lost, a plan is what is then done, and the
 * second apply is empty. `test_random COUNT SEED` runs as many as one likes. */
#include "agent/inside.h"
#include "agent/journal.h"
#include "tests/agent/house.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	USERS = 12,
	ALIASES = 5,
	DOMAINS = 3,
};

static unsigned long count = 40;
static uint64_t seed;
static uint64_t state_of_random;

/* xorshift64* */
static unsigned draw(unsigned below)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (unsigned)((state_of_random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

/* What a state says; edited from one apply to the next. */
struct edits {
	bool user[USERS];
	unsigned user_name[USERS]; /* which of its names it has */
	unsigned user_domain[USERS];
	unsigned quota[USERS];
	bool alias[ALIASES];
	unsigned alias_to[ALIASES];
	bool smtp_moved;
	unsigned comment;
};

static void edit(struct edits *e)
{
	unsigned user = draw(USERS), alias = draw(ALIASES);

	switch (draw(7)) {
	case 0:
		e->user[user] = !e->user[user];
		break;
	case 1:
		e->user_name[user] = draw(4);
		break;
	case 2:
		e->user_domain[user] = draw(DOMAINS);
		break;
	case 3:
		e->quota[user] = 1 + draw(20);
		break;
	case 4:
		e->alias[alias] = !e->alias[alias];
		break;
	case 5:
		e->alias_to[alias] = draw(USERS);
		break;
	default:
		e->smtp_moved = draw(2);
		e->comment++;
		break;
	}
}

static void add_alias(const struct edits *e, int alias, struct buf *out)
{
	if (e->user[e->alias_to[alias]])
		buf_addf(out, "  a%d@d0.example: [u%u]\n", alias, e->alias_to[alias]);
	else
		buf_addf(out, "  a%d@d0.example: [keeper]\n", alias);
}

static void write_state(const struct edits *e, struct buf *out)
{
	buf_addf(out, "version: 1\n# edit %u\nhosts: {mail: {name: mail.a.example",
			e->comment);
	if (e->smtp_moved)
		buf_add_z(out, ", listen: {smtp: 2525}");
	buf_add_z(out, "}}\ndomains: {d0.example: {}, d1.example: {}, d2.example: {}}\n"
		       "users:\n  keeper@d0.example: {id: keeper}\n");
	for (int i = 0; i < USERS; i++)
		if (e->user[i])
			buf_addf(out, "  u%dx%u@d%u.example: {id: u%d, quota: %uGiB}\n",
					i, e->user_name[i], e->user_domain[i], i,
					e->quota[i] ? e->quota[i] : 1);
	buf_add_z(out, "aliases:\n  fixed@d0.example: [keeper]\n");
	for (int i = 0; i < ALIASES; i++)
		if (e->alias[i])
			add_alias(e, i, out);
	assert_false(buf_failed(out));
}

/* Every account that ever was has its row, its key and its object still. */
static size_t count_accounts(struct house *house)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t found;

	assert_int_equal(
			database_prepare(house->agent->db,
					"SELECT count(*) FROM account"
					" JOIN key_slot ON key_slot.account = account.uid"
					" JOIN object ON object.uid = account.uid",
					&s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	found = column_u64(s, 0);
	return found;
}

static void check_one(struct house *house, struct view text, size_t *accounts)
{
	CLEANUP(agent_result_free) struct agent_result plan = { 0 }, done = { 0 };
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	CLEANUP(buf_free) struct buf printed = BUF_NULL(HOUSE_TEXT);
	size_t now;

	house_plan(house, text, &plan);
	house_apply(house, text, &done);
	house_print(&done, &printed);
	if (done.code != EXIT_FINE && done.code != EXIT_GATE)
		fail_msg("seed %llu: %.*s", (unsigned long long)seed,
				VIEW_ARG(buf_view(&printed)));
	assert_memory_equal(plan.plan->digest, done.plan->digest, DIGEST_SIZE);
	house_apply(house, text, &again);
	assert_int_equal(again.plan->change_count, again.plan->held_count);
	assert_int_equal(again.serial, done.serial);
	now = count_accounts(house);
	assert_true(now >= *accounts);
	*accounts = now;
}

static void no_edit_loses_an_account(void **state)
{
	struct house *house = *state;
	struct edits edits = { 0 };
	size_t accounts = 0;
	uint64_t seq;

	print_message("seed %llu, %lu states\n", (unsigned long long)seed, count);
	state_of_random = seed | 1;
	for (unsigned long i = 0; i < count; i++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

		for (unsigned n = 1 + draw(6); n; n--)
			edit(&edits);
		write_state(&edits, &text);
		house->now += 60;
		check_one(house, buf_view(&text), &accounts);
		if (draw(8) == 0) {
			CLEANUP(agent_result_free) struct agent_result result = { 0 };

			house_restart(house, &result);
			assert_true(result.code == EXIT_FINE || result.code == EXIT_GATE);
		}
	}
	assert_int_equal(audit_verify(house->agent->db, &seq), AUDIT_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				no_edit_loses_an_account, house_setup, house_teardown),
	};

	if (argc > 1)
		count = strtoul(argv[1], NULL, 10);
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

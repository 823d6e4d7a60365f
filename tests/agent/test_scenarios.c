/* Scenarios that the reconciler has an outcome for, by their numbers:
 *
 *  1  a change while an apply runs                  test_outbox_scenarios
 *  8  a file vanishes, and 5 000 users with it       here
 *  9  a user leaves and returns                      here
 * 10  two users swap their addresses                 here
 * 11  an alias to a user of the same change          here
 * 12  an account is shut by hand                     test_drift
 * 13  a password is the person's                     here
 * 14  a quota below what is held                     here; the refusal in tests/runtime/service
 * 15  a domain moves between sources                 here, between files: there is one source
 * 16  the clock jumps                                test_outbox_scenarios
 * 17  the disk is full                               test_outbox_scenarios
 * 18  the control database is lost                   test_adopt, tests/whole/16-moving.sh
 * 20  a later version has a new default              here
 * 22  one state for two hosts                        here
 * 23  somebody edits what is ours at a provider      test_outbox_drift
 *
 * These wait for what this version does not have yet:
 *
 *  2 to 7, 26   a state from Git: pushes, signers, an empty tree, `--detach-source`
 * 15            a second source that a domain could move to, with `adoptFrom`
 * 19            backups, for a control database that is older than its audit
 * 21            sealed values
 * 24            DNS, for SPF and its ten look-ups
 * 25            wildcards in domains */
#include "agent/inside.h"
#include "runtime/crypto/password.h"
#include "tests/agent/house.h"

#include <stdlib.h>

#define STATE(name, sections)                                                            \
	CLEANUP(buf_free) struct buf name = BUF_NULL(HOUSE_TEXT);                        \
	house_state(&name, sections)

#define TWO_USERS                                                                        \
	"domains: {a.example: {}}\n"                                                     \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna}\n"                                                 \
	"  bo@a.example: {id: bo, quota: 1GiB}\n"

enum {
	MANY = 5000,
};

static void apply_files(struct house *house, const struct source_file *files,
		size_t count, struct agent_result *out)
{
	const struct agent_source source = {
		.files = files, .count = count, .origin = VIEW("test")
	};
	const struct agent_apply_options options = { .actor = VIEW("test") };

	assert_int_equal(agent_apply(house->agent, &source, &options, out), 0);
}

static size_t count_open(struct house *house)
{
	size_t at = 0, count = 0;
	const struct account_spec *account;

	while ((account = configuration_next_account(house->runtime.configuration, &at)))
		count += account->state == ACCOUNT_ACTIVE;
	return count;
}

/* The gate trips, what is harmless goes on, and nobody is shut. */
static void scenario_08_a_file_that_vanishes_shuts_nobody(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result whole = { 0 }, less = { 0 };
	CLEANUP(buf_free) struct buf users = BUF_NULL(HOUSE_TEXT);
	STATE(base, "domains: {a.example: {}}\n");
	STATE(more, "domains: {a.example: {}, b.example: {}}\n");

	buf_add_z(&users, "users:\n");
	for (int i = 0; i < MANY; i++)
		buf_addf(&users, "  u%d@a.example: {}\n", i);
	apply_files(house,
			(const struct source_file[]){
					{ VIEW("base.yaml"), buf_view(&base) },
					{ VIEW("users.yaml"), buf_view(&users) } },
			2, &whole);
	assert_int_equal(whole.code, EXIT_FINE);
	apply_files(house,
			(const struct source_file[]){
					{ VIEW("base.yaml"), buf_view(&more) } },
			1, &less);
	assert_int_equal(less.code, EXIT_GATE);
	assert_string_equal(less.reason, "PruneGate");
	assert_int_equal(less.plan->held_count, MANY);
	assert_non_null(strstr(less.message, "posthus approve b2:"));
	assert_int_equal(count_open(house), MANY);
	assert_true(configuration_has_domain(
			house->runtime.configuration, VIEW("b.example")));
}

static void scenario_09_an_address_does_not_change_hands_by_a_slip(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 }, alias = { 0 };
	STATE(s, TWO_USERS);
	STATE(less, "domains: {a.example: {}}\nusers: {anna@a.example: {id: anna}}\n");
	STATE(another, "domains: {a.example: {}}\n"
		       "users:\n"
		       "  anna@a.example: {id: anna}\n"
		       "  bo@a.example: {id: bob}\n");
	STATE(as_alias, "domains: {a.example: {}}\n"
			"users: {anna@a.example: {id: anna}}\n"
			"aliases: {bo@a.example: [anna]}\n");

	house_must_apply(house, buf_view(&s));
	house_must_apply(house, buf_view(&less));
	house_apply(house, buf_view(&another), &result);
	assert_int_equal(result.code, EXIT_INVALID);
	assert_string_equal(result.reason, "AddressKept");
	house_apply(house, buf_view(&as_alias), &alias);
	assert_int_equal(alias.code, EXIT_FINE);
	assert_int_equal(house_resolve(house, "bo@a.example", NULL), RESOLVE_OK);
}

static void scenario_09_who_returns_is_the_same(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result plan = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);
	struct view before;
	STATE(s, TWO_USERS);
	STATE(less, "domains: {a.example: {}}\nusers: {anna@a.example: {id: anna}}\n");

	house_must_apply(house, buf_view(&s));
	before = house_uid(house, "user/bo", arena);
	house_must_apply(house, buf_view(&less));
	assert_int_equal(house_resolve(house, "bo@a.example", NULL), RESOLVE_E_DISABLED);

	house->now += 86400;
	house_plan(house, buf_view(&less), &plan);
	house_print(&plan, &text);
	assert_int_equal(plan.plan->change_count, 0);
	assert_non_null(memmem(text.data, text.len,
			"absent from the state: disabled since 2026-08-01, data kept",
			59));

	house_must_apply(house, buf_view(&s));
	assert_true(view_eq(before, house_uid(house, "user/bo", arena)));
	assert_int_equal(house_resolve(house, "bo@a.example", NULL), RESOLVE_OK);
}

static void scenario_10_two_users_swap_their_addresses(void **state)
{
	struct house *house = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view anna, bo;
	STATE(s, TWO_USERS);
	STATE(next, "domains: {a.example: {}}\n"
		    "users:\n"
		    "  bo@a.example: {id: anna}\n"
		    "  anna@a.example: {id: bo, quota: 1GiB}\n");

	house_must_apply(house, buf_view(&s));
	anna = house_uid(house, "user/anna@a.example", arena);
	bo = house_uid(house, "user/bo@a.example", arena);
	house_must_apply(house, buf_view(&next));
	assert_true(view_eq(bo, house_uid(house, "user/anna@a.example", arena)));
	assert_true(view_eq(anna, house_uid(house, "user/bo@a.example", arena)));
}

static void hold(struct house *house, const char *address, uint64_t used,
		uint64_t messages)
{
	struct runtime *rt = &house->runtime;
	size_t at = 0;
	const struct account_spec *spec;

	while ((spec = configuration_next_account(rt->configuration, &at)))
		if (view_eq(spec->address, view_z(address)))
			memcpy(rt->reached.uid, spec->uid, ACCOUNT_UID_SIZE);
	rt->reached.mark.commits++;
	rt->reached.used = used;
	rt->reached.messages = messages;
	rt->has_reached = true;
	assert_int_equal(agent_remember(house->agent), 0);
}

static void scenario_14_a_quota_below_what_is_held_is_applied_and_said(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result planned = { 0 };
	CLEANUP(buf_free) struct buf more = BUF_NULL(HOUSE_TEXT);
	CLEANUP(buf_free) struct buf less = BUF_NULL(HOUSE_TEXT);
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&more, "domains: {a.example: {}}\n"
			   "users: {anna@a.example: {id: anna}, bo@a.example: {id: bo},\n"
			   "  cy@a.example: {id: cy}, di@a.example: {id: di}}\n");
	house_state(&less, "domains: {a.example: {}}\n"
			   "defaults: {user: {quota: 10MiB}}\n"
			   "users: {anna@a.example: {id: anna}, bo@a.example: {id: bo},\n"
			   "  cy@a.example: {id: cy}}\n");
	house_must_apply(house, buf_view(&more));
	hold(house, "anna@a.example", 20 * 1024 * 1024, 42);
	hold(house, "bo@a.example", 11 * 1024 * 1024, 1);
	hold(house, "cy@a.example", 9 * 1024 * 1024, 7);
	hold(house, "di@a.example", 1, 1);
	house_plan(house, buf_view(&less), &planned);
	house_print(&planned, &text);
	assert_int_equal(planned.plan->over_quota, 2);
	assert_true(view_find_view(buf_view(&text),
				    VIEW("it holds 42 messages, 20 MiB, over that "
					 "quota")) < text.len);
	assert_true(view_find_view(buf_view(&text),
				    VIEW("2 accounts hold more than the quota")) <
			text.len);
	/* who leaves is shut: what that hides is counted */
	assert_true(view_find_view(buf_view(&text), VIEW("it holds 1 message, 1 MiB")) <
			text.len);
	house_must_apply(house, buf_view(&less));
	assert_int_equal(configuration_login(house->runtime.configuration,
					 VIEW("anna@a.example"))
					 ->quota,
			10 * 1024 * 1024);
}

static void scenario_13_a_password_is_the_persons_once_set(void **state)
{
	struct house *house = *state;
	CLEANUP(buf_free)
	struct buf s = BUF_NULL(HOUSE_TEXT), other = BUF_NULL(HOUSE_TEXT);
	CLEANUP(secret_free) struct secret first = secret_copy(VIEW("one of the state"));
	CLEANUP(secret_free) struct secret second = secret_copy(VIEW("her own"));
	const struct account_spec *account;
	char hash[PASSWORD_HASH_TEXT], hash_after[PASSWORD_HASH_TEXT];
	uint64_t revocation;
	bool upgrade;

	password_hash(&first, hash);
	password_hash(&first, hash_after);
	house_state(&s, "domains: {a.example: {}}\nusers:\n  anna@a.example:\n");
	buf_addf(&s, "    password: {hash: \"%s\"}\n", hash);
	house_state(&other, "domains: {a.example: {}}\nusers:\n  anna@a.example:\n");
	buf_addf(&other, "    password: {hash: \"%s\"}\n", hash_after);

	house_must_apply(house, buf_view(&s));
	account = configuration_login(
			house->runtime.configuration, VIEW("anna@a.example"));
	assert_int_equal(password_verify(account->password, &first, &upgrade),
			PASSWORD_OK);
	revocation = account->revocation;

	assert_int_equal(agent_password_set(house->agent, VIEW("Anna@A.example"), &second,
					 VIEW("test")),
			0);
	account = configuration_login(
			house->runtime.configuration, VIEW("anna@a.example"));
	assert_int_equal(password_verify(account->password, &second, &upgrade),
			PASSWORD_OK);
	assert_int_equal(account->revocation, revocation + 1);

	house_must_apply(house, buf_view(&other));
	account = configuration_login(
			house->runtime.configuration, VIEW("anna@a.example"));
	assert_int_equal(password_verify(account->password, &second, &upgrade),
			PASSWORD_OK);
	assert_int_equal(account->revocation, revocation + 1);
}

static void scenario_11_an_alias_reaches_a_user_of_the_same_change(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct view at = VIEW_NULL;
	size_t user = SIZE_MAX, alias = SIZE_MAX;
	STATE(s, TWO_USERS);
	STATE(next, TWO_USERS "  eva@a.example: {id: eva}\n"
			      "aliases: {all@a.example: [eva]}\n");

	house_must_apply(house, buf_view(&s));
	house_apply(house, buf_view(&next), &result);
	assert_int_equal(result.code, EXIT_FINE);
	assert_int_equal(result.plan->change_count, 2);
	for (size_t i = 0; i < result.plan->change_count; i++) {
		if (result.plan->changes[i].driver == &driver_user)
			user = i;
		if (result.plan->changes[i].driver == &driver_alias)
			alias = i;
	}
	assert_true(user < alias && alias != SIZE_MAX);
	assert_int_equal(house_resolve(house, "all@a.example", &at), RESOLVE_OK);
	assert_view(at, "eva@a.example");
}

static void open_as(struct house *house, struct agent_file *file, struct view host)
{
	const struct agent_options options = {
		.data = house->directory,
		.broker = house->broker,
		.os = &house->os,
		.file = file,
	};

	house_close(house);
	agent_file_defaults(file);
	file->host = host;
	assert_int_equal(agent_open(&options, &house->agent), 0);
	agent_attach(house->agent, &house->runtime);
}

/* Which of the hosts a machine is, it says itself; the state is the same on both. */
static void check_host(struct house *house, struct view host, struct view text,
		const char *name, unsigned port)
{
	struct agent_file file;
	const struct host_spec *served;

	open_as(house, &file, host);
	house_must_apply(house, text);
	served = configuration_host(house->runtime.configuration);
	assert_view(served->name, name);
	assert_int_equal(served->listener_count, 1);
	assert_int_equal(served->listeners[0].port, port);
	house_close(house);
}

/* Whichever file says it, and under whichever origin, it is the same domain with the same
 * people: nothing is taken away on the one side before it is there on the other. */
static void scenario_15_a_domain_moves_between_files(void **state)
{
	CLEANUP(agent_result_free) struct agent_result before = { 0 }, after = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct house *house = *state;
	const struct view common =
			VIEW("version: 1\nhosts: {mail: {name: mail.a.example}}\n"
			     "domains: {a.example: {}}\nusers: {anna@a.example: {id: "
			     "anna}}\n");
	const struct view moving = VIEW("domains: {b.example: {catch_all: bo}}\n"
					"users: {bo@b.example: {id: bo}}\n"
					"aliases: {info@b.example: [bo, anna]}\n");
	const struct source_file first[] = { { VIEW("common.yaml"), common },
		{ VIEW("mail1/b.yaml"), moving } };
	const struct source_file second[] = { { VIEW("common.yaml"), common },
		{ VIEW("mail2/b.yaml"), moving } };
	struct view uid;

	apply_files(house, first, 2, &before);
	assert_int_equal(before.code, EXIT_FINE);
	uid = house_uid(house, "user/bo", arena);
	apply_files(house, second, 2, &after);
	assert_int_equal(after.code, EXIT_FINE);
	assert_int_equal(after.plan->change_count, 0);
	assert_true(view_eq(house_uid(house, "user/bo", arena), uid));
}

/* -- what an older version wrote -- */

static uint64_t count_steps(struct house *house)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(house->agent->db, "SELECT count(*) FROM step",
					 &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	return column_u64(s, 0);
}

/* The row as a version left it that knew no quota and no limit. */
static void age_row(struct house *house, struct view applied)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char digest[DIGEST_SIZE];

	digest_bytes(applied, digest);
	assert_int_equal(database_prepare(house->agent->db,
					 "UPDATE object SET last_applied = ?1,"
					 " observed_hash = ?2"
					 " WHERE kind = 'user' AND id = 'anna'",
					 &s),
			0);
	bind_text(s, 1, applied);
	bind_blob(s, 2, view_of(digest, sizeof(digest)));
	assert_int_equal(statement_run(s), 0);
}

static const char *applied_quota(struct house *house)
{
	json_t *item = house_get(house, "user/anna");
	const json_t *quota =
			json_object_get(json_object_get(item, "last_applied"), "quota");
	bool there = json_integer_value(quota) == (json_int_t)10 << 30;

	json_decref(item);
	return there ? "10GiB" : "none";
}

/* The default is served from the next apply on, by no step of any object. */
static void scenario_20_a_new_default_is_no_change(void **state)
{
	CLEANUP(agent_result_free) struct agent_result plan = { 0 }, done = { 0 };
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	struct house *house = *state;
	uint64_t steps;
	STATE(text, TWO_USERS);

	house_must_apply(house, buf_view(&text));
	age_row(house, VIEW("{\"addresses\":[],\"protocols\":31}"));
	assert_string_equal(applied_quota(house), "none");
	steps = count_steps(house);
	house_plan(house, buf_view(&text), &plan);
	assert_int_equal(plan.code, EXIT_FINE);
	assert_int_equal(plan.plan->change_count, 0);
	house_apply(house, buf_view(&text), &done);
	assert_int_equal(done.code, EXIT_FINE);
	assert_int_equal(done.plan->change_count, 0);
	assert_int_equal(count_steps(house), steps);
	assert_string_equal(applied_quota(house), "10GiB");
	house_apply(house, buf_view(&text), &again);
	assert_int_equal(again.serial, done.serial);
}

static void scenario_22_one_state_is_another_host_on_each(void **state)
{
	struct house *house = *state;
	void *other;
	const struct view text =
			VIEW("version: 1\n"
			     "hosts:\n"
			     "  one: {name: one.a.example, listen: {smtp: 2501, "
			     "submission: off,"
			     " submissions: off, imap: off, imaps: off, metrics: off}}\n"
			     "  two: {name: two.a.example, listen: {smtp: 2502, "
			     "submission: off,"
			     " submissions: off, imap: off, imaps: off, metrics: off}}\n"
			     "domains: {a.example: {}}\n"
			     "users: {anna@a.example: {}}\n");

	check_host(house, VIEW("one"), text, "one.a.example", 2501);
	house_setup(&other);
	check_host(other, VIEW("two"), text, "two.a.example", 2502);
	house_teardown(&other);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(scenario_08_a_file_that_vanishes_shuts_nobody),
		STORY(scenario_09_an_address_does_not_change_hands_by_a_slip),
		STORY(scenario_09_who_returns_is_the_same),
		STORY(scenario_10_two_users_swap_their_addresses),
		STORY(scenario_13_a_password_is_the_persons_once_set),
		STORY(scenario_14_a_quota_below_what_is_held_is_applied_and_said),
		STORY(scenario_11_an_alias_reaches_a_user_of_the_same_change),
		STORY(scenario_15_a_domain_moves_between_files),
		STORY(scenario_20_a_new_default_is_no_change),
		STORY(scenario_22_one_state_is_another_host_on_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A desired state that this version of the program does not take: what was applied last is
 * served, and people are told. */
#include "agent/database/condition.h"
#include "agent/inside.h"
#include "agent/status.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"

#include <stdlib.h>

#define EVERYTHING                                                                       \
	"    listen: {smtp: 2525, imap: off}\n"                                          \
	"    limits: {message_size: 20MiB, connections: 77}\n"                           \
	"    proxy: [192.0.2.7]\n"                                                       \
	"groups: {crew: {members: [anna, bo]}}\n"                                        \
	"domains:\n"                                                                     \
	"  a.example: {contact: anna, catch_all: anna}\n"                                \
	"  b.example: {same_as: a.example}\n"                                            \
	"  c.example: {subaddress: none, catch_all: bo}\n"                               \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna, roles: [admin], addresses: [a.ek@a.example]}\n"    \
	"  bo@a.example: {id: bo, quota: 1GiB, protocols: [imap], send_limit: 3/h}\n"    \
	"  eva@c.example: {id: eva}\n"                                                   \
	"shared:\n"                                                                      \
	"  office@a.example: {members: {anna: manage, bo: read}, quota: 7GiB}\n"         \
	"services:\n"                                                                    \
	"  scan@a.example: {password: {hash: \"" HASH "\"}, from: [192.0.2.0/24],"       \
	" to: [a.example], send_limit: 2/h}\n"                                           \
	"aliases:\n"                                                                     \
	"  info@a.example: {to: [group/crew], send_as: [bo]}\n"                          \
	"  gone@a.example: {reject: \"closed\"}\n"                                       \
	"  void@c.example: {discard: true}\n"

#define HASH                                                                             \
	"$6$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaa"

static const char *const addresses[] = {
	"anna@a.example",
	"a.ek@a.example",
	"a.ek@b.example",
	"bo+tag@a.example",
	"eva@c.example",
	"eva+tag@c.example",
	"office@a.example",
	"scan@a.example",
	"info@a.example",
	"gone@a.example",
	"void@c.example",
	"postmaster@a.example",
	"abuse@b.example",
	"postmaster@c.example",
	"nobody@a.example",
	"nobody@b.example",
	"nobody@c.example",
	"anna@elsewhere.example",
};

static int by_address(const void *left, const void *right)
{
	const struct resolved_account *a = left, *b = right;

	return view_compare(a->account->address, b->account->address);
}

static void add_way(const struct configuration *c, const char *address, struct buf *out)
{
	struct resolution r = { 0 };
	int outcome = configuration_resolve(c, view_z(address), &r);

	buf_addf(out, "%s %d %.*s", address, outcome, VIEW_ARG(r.text));
	if (r.count > 1)
		qsort(r.accounts, r.count, sizeof(*r.accounts), by_address);
	for (size_t i = 0; i < r.count; i++)
		buf_addf(out, " %.*s+%.*s", VIEW_ARG(r.accounts[i].account->address),
				VIEW_ARG(r.accounts[i].detail));
	buf_add_byte(out, '\n');
	resolution_free(&r);
}

static void add_login(const struct configuration *c, const char *address, struct buf *out)
{
	const struct account_spec *account = configuration_login(c, view_z(address));
	const struct membership *members;
	size_t count;

	if (!account)
		return;
	buf_addf(out, "login %s quota %llu protocols %u limit %llu/%lld %.*s\n", address,
			(unsigned long long)account->quota, account->protocols,
			(unsigned long long)account->send_limit,
			(long long)account->send_period, VIEW_ARG(account->password));
	buf_addf(out, "  from %zu reach %zu\n", account->network_count,
			account->reach_count);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		if (configuration_may_send_as(c, account, view_z(addresses[i])))
			buf_addf(out, "  sends as %s\n", addresses[i]);
	members = configuration_memberships(c, account->uid, &count);
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "  %.*s %d quota %llu\n",
				VIEW_ARG(members[i].account->address),
				(int)members[i].right,
				(unsigned long long)members[i].account->quota);
}

/* All that can be seen of a configuration through its own questions. */
static void describe(const struct configuration *c, struct buf *out)
{
	const struct host_spec *host = configuration_host(c);
	unsigned ports = 0;

	for (size_t i = 0; i < host->listener_count; i++)
		ports += host->listeners[i].port * (1u + host->listeners[i].kind);
	buf_addf(out, "%.*s %llu %u %u %u %llu ports %zu %u proxies %zu\n",
			VIEW_ARG(host->name), (unsigned long long)host->message_size,
			host->connections, host->connections_per_ip,
			host->connections_per_network, (unsigned long long)host->memory,
			host->listener_count, ports, host->proxy_count);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		add_way(c, addresses[i], out);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		add_login(c, addresses[i], out);
	assert_false(buf_failed(out));
}

static void assert_same(const struct buf *before, const struct buf *after)
{
	if (!view_eq(buf_view(before), buf_view(after)))
		fail_msg("served:\n%.*s\nnot:\n%.*s", VIEW_ARG(buf_view(after)),
				VIEW_ARG(buf_view(before)));
}

static void assert_says(const struct buf *text, const char *part)
{
	if (!memmem(text->data, text->len, part, strlen(part)))
		fail_msg("\"%s\" is not in:\n%.*s", part, VIEW_ARG(buf_view(text)));
}

/* As if another version of the program had accepted it. */
static void accept_blindly(struct house *house, struct view text)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	const struct source_file file = { VIEW("state.yaml"), text };
	struct generation generation;

	assert_int_equal(generation_newest(house->agent->db, arena, &generation), 0);
	generation.number++;
	generation_digest(&file, 1, generation.digest);
	assert_int_equal(transaction_begin(house->agent->db, &t), 0);
	assert_int_equal(generation_store(house->agent->db, &generation, &file, 1), 0);
	assert_int_equal(transaction_commit(&t), 0);
}

static const char *stalled_by(struct house *house)
{
	static char reason[64];
	json_t *item = house_get(house, "host/mail"), *condition;
	size_t i;

	reason[0] = '\0';
	json_array_foreach (json_object_get(item, "conditions"), i, condition)
		if (strcmp(json_string_value(json_object_get(condition, "type")),
				    "Stalled") == 0)
			snprintf(reason, sizeof(reason), "%s",
					json_string_value(json_object_get(
							condition, "reason")));
	json_decref(item);
	return reason;
}

static void check_refused(struct house *house, struct view text, const char *reason)
{
	CLEANUP(agent_result_free) struct agent_result start = { 0 }, tick = { 0 };
	CLEANUP(buf_free) struct buf before = BUF_NULL(HOUSE_TEXT), after = before;
	CLEANUP(buf_free) struct buf shown = before;
	CLEANUP(status_freep) struct status *status = NULL;
	unsigned char one[32], two[32];

	describe(house->runtime.configuration, &before);
	accept_blindly(house, text);
	house_restart(house, &start);
	assert_int_equal(start.code, EXIT_INVALID);
	assert_string_equal(start.reason, reason);
	assert_non_null(strstr(start.diagnostics, "state.yaml:6:"));
	assert_non_null(house->runtime.configuration);
	describe(house->runtime.configuration, &after);
	assert_same(&before, &after);

	assert_string_equal(stalled_by(house), reason);
	assert_int_equal(agent_status(house->agent, VIEW_NULL, &status), 0);
	status_print(status, &shown);
	assert_says(&shown, "host/mail  NotReady");
	assert_says(&shown, "state.yaml:6:");
	/* the next look changes nothing */
	house_digest(house, one);
	house->now += 3600;
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, &tick), 0);
	house_digest(house, two);
	assert_int_equal(tick.code, EXIT_INVALID);
	assert_memory_equal(one, two, sizeof(one));
}

static void check_mended(struct house *house, struct view good)
{
	CLEANUP(agent_result_free) struct agent_result done = { 0 };
	CLEANUP(buf_free) struct buf before = BUF_NULL(HOUSE_TEXT), after = before;

	describe(house->runtime.configuration, &before);
	house_apply(house, good, &done);
	assert_int_equal(done.code, EXIT_FINE);
	assert_int_equal(done.plan->change_count, 0);
	assert_int_equal(done.generation, 3);
	describe(house->runtime.configuration, &after);
	assert_same(&before, &after);
	assert_string_equal(stalled_by(house), "");
}

static void refused(struct house *house, const char *line, const char *reason)
{
	CLEANUP(buf_free) struct buf good = BUF_NULL(HOUSE_TEXT), bad = good;

	house_state(&good, EVERYTHING);
	buf_add_z(&bad, "version: 1\nhosts:\n  mail:\n    name: mail.a.example\n"
			"policy:\n");
	buf_addf(&bad, "  %s\n", line);
	house_must_apply(house, buf_view(&good));
	check_refused(house, buf_view(&bad), reason);
	check_mended(house, buf_view(&good));
}

static void a_field_that_is_gone_leaves_what_was_applied(void **state)
{
	refused(*state, "colour: green", "StateInvalid");
}

static void a_field_that_is_not_served_leaves_what_was_applied(void **state)
{
	refused(*state, "rollout: {hold: 2h}", "NotServedYet");
}

/* Mail goes on, and so do passwords. */
static void a_password_is_set_meanwhile(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result start = { 0 };
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("a new one"));
	CLEANUP(buf_free) struct buf good = BUF_NULL(HOUSE_TEXT);
	const struct account_spec *anna;

	house_state(&good, EVERYTHING);
	house_must_apply(house, buf_view(&good));
	accept_blindly(house, VIEW("version: 2\n"));
	house_restart(house, &start);
	assert_int_equal(start.code, EXIT_INVALID);
	assert_int_equal(agent_password_set(house->agent, VIEW("anna"), &password,
					 VIEW("test")),
			0);
	anna = configuration_login(house->runtime.configuration, VIEW("anna@a.example"));
	assert_true(anna->password.len > 0);
	assert_non_null(configuration_login(
			house->runtime.configuration, VIEW("bo@a.example")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				a_field_that_is_gone_leaves_what_was_applied, house_setup,
				house_teardown),
		cmocka_unit_test_setup_teardown(
				a_field_that_is_not_served_leaves_what_was_applied,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				a_password_is_set_meanwhile, house_setup, house_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

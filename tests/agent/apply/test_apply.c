/* What applying promises, told as short stories against a fake runtime. */
#include "agent/database/account.h"
#include "agent/database/journal.h"
#include "agent/database/text.h"
#include "agent/driver.h"
#include "agent/inside.h"
#include "runtime/crypto/password.h"
#include "tests/agent/house.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STATE(name, sections)                                                            \
	CLEANUP(buf_free) struct buf name = BUF_NULL(HOUSE_TEXT);                        \
	house_state(&name, sections)

#define TWO_USERS                                                                        \
	"domains: {a.example: {}}\n"                                                     \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna}\n"                                                 \
	"  bo@a.example: {id: bo, quota: 1GiB}\n"

static bool may_send_as(struct house *house, const char *user, const char *address)
{
	const struct configuration *c = house->runtime.configuration;

	return configuration_may_send_as(
			c, configuration_login(c, view_z(user)), view_z(address));
}

static void the_second_apply_has_no_steps(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result first = { 0 }, second = { 0 };
	unsigned char before[32], after[32];
	STATE(s, TWO_USERS);

	house_apply(house, buf_view(&s), &first);
	assert_int_equal(first.code, EXIT_FINE);
	assert_int_equal(first.generation, 1);
	assert_true(first.plan->change_count > 5);
	assert_int_equal(house->runtime.configured, 1);
	house_digest(house, before);
	house_apply(house, buf_view(&s), &second);
	house_digest(house, after);
	assert_int_equal(second.code, EXIT_FINE);
	assert_int_equal(second.plan->change_count, 0);
	assert_int_equal(second.serial, first.serial);
	assert_int_equal(house->runtime.configured, 1);
	assert_memory_equal(before, after, sizeof(before));
}

static void a_plan_writes_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result online = { 0 }, offline = { 0 };
	CLEANUP(agent_closep) struct agent *beside = NULL;
	unsigned char before[32], after[32];
	STATE(s, TWO_USERS);
	STATE(next, TWO_USERS "aliases: {info@a.example: [anna]}\n");

	house_must_apply(house, buf_view(&s));
	house_digest(house, before);
	house_plan(house, buf_view(&next), &online);
	house_digest(house, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(online.plan->counts[ACTION_CREATE], 1);

	house_close(house);
	house_digest(house, before);
	assert_int_equal(agent_open(
					 &(const struct agent_options){
							 .data = house->directory,
							 .broker = house->broker,
							 .os = &house->os,
							 .offline = true,
					 },
					 &beside),
			0);
	house->agent = beside;
	house_plan(house, buf_view(&next), &offline);
	house->agent = NULL;
	house_digest(house, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_memory_equal(online.plan->digest, offline.plan->digest, DIGEST_SIZE);
}

/* A11 with send-as: exactly the listed people, for as long as they are listed. */
static void A11_an_alias_is_written_as_by_those_it_names(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	STATE(s, TWO_USERS "groups: {desk: {members: [anna]}}\n"
			   "aliases: {help@a.example: {to: [bo], send_as: "
			   "[group/desk]}}\n");
	STATE(other, TWO_USERS "groups: {desk: {members: [bo]}}\n"
			       "aliases: {help@a.example: {to: [bo], send_as: "
			       "[group/desk]}}\n");
	STATE(nobody, TWO_USERS "aliases: {help@a.example: {to: [bo]}}\n");

	house_must_apply(house, buf_view(&s));
	assert_true(may_send_as(house, "anna@a.example", "help@a.example"));
	assert_false(may_send_as(house, "bo@a.example", "help@a.example"));
	house_apply(house, buf_view(&s), &again);
	assert_int_equal(again.plan->change_count, 0);
	house_must_apply(house, buf_view(&other));
	assert_false(may_send_as(house, "anna@a.example", "help@a.example"));
	assert_true(may_send_as(house, "bo@a.example", "help@a.example"));
	house_must_apply(house, buf_view(&nobody));
	assert_false(may_send_as(house, "bo@a.example", "help@a.example"));
}

#define THREE                                                                            \
	"domains: {a.example: {}}\n"                                                     \
	"groups: {sales: {members: [bo, carl]}}\n"                                       \
	"users:\n"                                                                       \
	"  anna@a.example: {id: anna}\n"                                                 \
	"  bo@a.example: {id: bo}\n"                                                     \
	"  carl@a.example: {id: carl}\n"
#define OFFICE(members)                                                                  \
	"shared:\n"                                                                      \
	"  office@a.example: {id: office, members: " members "}\n"

/* The right of a user in a shared mailbox. */
static enum right right_in(struct house *house, const char *user, const char *shared)
{
	const struct configuration *c = house->runtime.configuration;
	const struct membership *membership = configuration_membership(
			c, configuration_login(c, view_z(user))->uid, view_z(shared));

	return membership ? membership->right : RIGHT_NONE;
}

static void a_shared_mailbox_is_an_account_of_its_members(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("x"));
	struct view address = VIEW_NULL;
	char *path = NULL;
	STATE(s, THREE OFFICE("{group/sales: write, carl: read, anna: manage}"));
	STATE(later, THREE OFFICE("{group/sales: manage}"));

	house_must_apply(house, buf_view(&s));
	assert_int_equal(house_resolve(house, "office@a.example", &address), RESOLVE_OK);
	assert_view(address, "office@a.example");
	assert_int_equal(right_in(house, "anna@a.example", "office@a.example"),
			RIGHT_MANAGE);
	assert_int_equal(
			right_in(house, "bo@a.example", "office@a.example"), RIGHT_WRITE);
	/* who is named has the last word */
	assert_int_equal(right_in(house, "carl@a.example", "office@a.example"),
			RIGHT_READ);
	assert_true(may_send_as(house, "carl@a.example", "office@a.example"));
	/* a key like anybody's, and no login */
	assert_int_equal(agent_account_key_export(house->agent, VIEW("office"),
					 VIEW("test"), &key, &path),
			0);
	assert_int_equal(key.len, 32);
	free(path);
	assert_int_equal(agent_password_set(house->agent, VIEW("office"), &password,
					 VIEW("test")),
			AGENT_E_ABSENT);
	house_apply(house, buf_view(&s), &again);
	assert_int_equal(again.plan->change_count, 0);
	house_must_apply(house, buf_view(&later));
	assert_int_equal(right_in(house, "anna@a.example", "office@a.example"),
			RIGHT_NONE);
	assert_int_equal(right_in(house, "carl@a.example", "office@a.example"),
			RIGHT_MANAGE);
}

static void a_shared_mailbox_that_leaves_keeps_its_mail_and_address(void **state)
{
	struct house *house = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(agent_result_free) struct agent_result gone = { 0 }, slip = { 0 };
	CLEANUP(agent_result_free) struct agent_result released = { 0 };
	CLEANUP(buf_free) struct buf approval = BUF_NULL(DIGEST_TEXT + 1);
	struct view before;
	STATE(s, THREE OFFICE("{anna: write}"));
	STATE(without, THREE);
	STATE(taken, THREE "  office@a.example: {id: olle}\n");

	house_must_apply(house, buf_view(&s));
	before = house_uid(house, "shared/office", arena);
	/* the last of its kind: a gate holds it, and meanwhile it is served */
	house_apply(house, buf_view(&without), &gone);
	assert_int_equal(gone.plan->held_count, 1);
	assert_int_equal(right_in(house, "anna@a.example", "office@a.example"),
			RIGHT_WRITE);
	assert_true(may_send_as(house, "anna@a.example", "office@a.example"));
	text_add_digest(&approval, gone.plan->held_digest);
	house_apply_approved(house, buf_view(&without), buf_view(&approval), &released);
	assert_int_equal(house_resolve(house, "office@a.example", NULL),
			RESOLVE_E_DISABLED);
	assert_int_equal(right_in(house, "anna@a.example", "office@a.example"),
			RIGHT_NONE);
	assert_false(may_send_as(house, "anna@a.example", "office@a.example"));
	/* its address does not become a person's by a slip */
	house_apply(house, buf_view(&taken), &slip);
	assert_string_equal(slip.reason, "AddressKept");
	house_must_apply(house, buf_view(&s));
	assert_int_equal(right_in(house, "anna@a.example", "office@a.example"),
			RIGHT_WRITE);
	assert_true(view_eq(house_uid(house, "shared/office", arena), before));
}

#define HASH_A                                                                           \
	"$6$saltsalt$"                                                                   \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaa"                                                                           \
	"aaaa"
#define HASH_B                                                                           \
	"$6$saltsalt$"                                                                   \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
	"bbbb"                                                                           \
	"bbbb"
#define SCANNER(hash, rest)                                                              \
	"services:\n"                                                                    \
	"  scan@a.example: {password: {hash: \"" hash "\"}" rest "}\n"

static void a_service_sends_within_what_the_state_allows(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result again = { 0 };
	const struct account_spec *scanner;
	uint64_t revocation;
	STATE(s, TWO_USERS SCANNER(HASH_A, ", from: [192.0.2.0/24], to: [a.example]"));
	STATE(other, TWO_USERS SCANNER(HASH_B, ", send_limit: 2/h"));
	STATE(without, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	scanner = configuration_login(
			house->runtime.configuration, VIEW("scan@a.example"));
	assert_int_equal(scanner->kind, ACCOUNT_SERVICE);
	assert_int_equal(scanner->protocols, PROTOCOL_SMTP);
	assert_view(scanner->password, HASH_A);
	assert_int_equal(scanner->network_count, 1);
	assert_int_equal(scanner->send_limit, 300);
	assert_true(account_spec_reaches(scanner, VIEW("bo@A.example")));
	assert_false(account_spec_reaches(scanner, VIEW("bo@elsewhere.example")));
	assert_true(may_send_as(house, "scan@a.example", "scan@a.example"));
	assert_false(may_send_as(house, "scan@a.example", "anna@a.example"));
	assert_int_equal(house_resolve(house, "scan@a.example", NULL),
			RESOLVE_E_SENDS_ONLY);
	revocation = scanner->revocation;
	house_apply(house, buf_view(&s), &again);
	assert_int_equal(again.plan->change_count, 0);
	/* its password is the state's, and open sessions end with what they began under */
	house_must_apply(house, buf_view(&other));
	scanner = configuration_login(
			house->runtime.configuration, VIEW("scan@a.example"));
	assert_view(scanner->password, HASH_B);
	assert_true(scanner->revocation > revocation);
	assert_int_equal(scanner->send_limit, 2);
	assert_true(account_spec_reaches(scanner, VIEW("bo@elsewhere.example")));
	house_must_apply(house, buf_view(&without));
	assert_null(configuration_login(
			house->runtime.configuration, VIEW("scan@a.example")));
	assert_int_equal(house_resolve(house, "scan@a.example", NULL), RESOLVE_E_UNKNOWN);
	/* it left nothing behind that a new one would trip over */
	house_must_apply(house, buf_view(&s));
}

static void a_plan_needs_no_database(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(agent_closep) struct agent *beside = NULL;
	char absent[128];
	struct stat st;
	STATE(s, TWO_USERS);

	house_close(house);
	snprintf(absent, sizeof(absent), "%s/none", house->directory);
	assert_int_equal(agent_open(
					 &(const struct agent_options){
							 .data = absent,
							 .os = &house->os,
							 .offline = true,
					 },
					 &beside),
			0);
	house->agent = beside;
	house_plan(house, buf_view(&s), &result);
	house->agent = NULL;
	assert_int_equal(result.code, EXIT_FINE);
	assert_true(result.plan->counts[ACTION_CREATE] > 5);
	assert_int_equal(stat(absent, &st), -1);
}

static void a_taken_port_changes_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct configuration *before;
	STATE(s, TWO_USERS);
	STATE(next, "    listen: {smtp: 2525}\n" TWO_USERS
		    "aliases: {info@a.example: [anna]}\n");

	house_must_apply(house, buf_view(&s));
	before = house->runtime.configuration;
	house->runtime.taken_port = 2525;
	house_apply(house, buf_view(&next), &result);
	assert_int_equal(result.code, EXIT_ERROR);
	assert_string_equal(result.reason, "PortTaken");
	assert_non_null(strstr(result.message, "port 2525"));
	assert_non_null(strstr(result.message, "smtp"));
	assert_int_equal(result.generation, 1);
	assert_ptr_equal(house->runtime.configuration, before);
	assert_int_equal(house_resolve(house, "info@a.example", NULL), RESOLVE_E_UNKNOWN);

	house->runtime.taken_port = 0;
	house_must_apply(house, buf_view(&next));
	assert_int_equal(house_resolve(house, "info@a.example", NULL), RESOLVE_OK);
}

static void a_restart_needs_no_files_and_writes_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	unsigned char before[32], after[32];
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	house_close(house);
	house_open(house);
	house_digest(house, before);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_START, &result), 0);
	house_digest(house, after);
	assert_int_equal(result.code, EXIT_FINE);
	assert_int_equal(result.generation, 1);
	assert_int_equal(result.plan->change_count, 0);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(house_resolve(house, "anna@a.example", NULL), RESOLVE_OK);
}

static void an_empty_house_reconciles_to_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	assert_int_equal(agent_reconcile(house->agent, RECONCILE_START, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
	assert_int_equal(result.generation, 0);
	assert_int_equal(house->runtime.configured, 0);
}

static void a_rename_keeps_the_account_and_the_old_address(void **state)
{
	struct house *house = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view before, at = VIEW_NULL;
	STATE(s, TWO_USERS);
	STATE(next, "domains: {a.example: {}}\n"
		    "users:\n"
		    "  anna.lee@a.example: {id: anna}\n"
		    "  bo@a.example: {id: bo, quota: 1GiB}\n");

	house_must_apply(house, buf_view(&s));
	before = house_uid(house, "user/anna", arena);
	house_must_apply(house, buf_view(&next));
	assert_true(view_eq(before, house_uid(house, "user/anna", arena)));
	assert_int_equal(house_resolve(house, "anna@a.example", &at), RESOLVE_OK);
	assert_view(at, "anna.lee@a.example");
	house->now += ADDRESS_KEPT + 1;
	{
		CLEANUP(agent_result_free) struct agent_result result = { 0 };

		house_restart(house, &result);
	}
	assert_int_equal(house_resolve(house, "anna@a.example", NULL), RESOLVE_E_UNKNOWN);
}

static void a_password_is_set_beside_somebody_who_left(void **state)
{
	struct house *house = *state;
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("another one"));
	STATE(s, TWO_USERS);
	STATE(less, "domains: {a.example: {}}\nusers: {anna@a.example: {id: anna}}\n");

	house_must_apply(house, buf_view(&s));
	house_must_apply(house, buf_view(&less));
	assert_int_equal(agent_password_set(house->agent, VIEW("anna"), &password,
					 VIEW("test")),
			0);
	assert_true(configuration_login(
				    house->runtime.configuration, VIEW("anna@a.example"))
					->password.len > 0);
	assert_int_equal(house_resolve(house, "bo@a.example", NULL), RESOLVE_E_DISABLED);
}

static void an_invited_account_is_ready_once_it_has_a_password(void **state)
{
	struct house *house = *state;
	CLEANUP(secret_free)
	struct secret password = secret_copy(VIEW("a long enough one"));
	CLEANUP(secret_free) struct secret empty = SECRET_NULL;
	json_t *item;
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	item = house_get(house, "user/anna");
	assert_string_equal(json_string_value(json_object_get(
					    json_array_get(json_object_get(item,
									   "conditions"),
							    0),
					    "reason")),
			"Invited");
	json_decref(item);
	assert_int_equal(
			agent_password_set(house->agent, VIEW("anna"), &empty, VIEW("t")),
			AGENT_E_PASSWORD);
	assert_int_equal(agent_password_set(house->agent, VIEW("nobody"), &password,
					 VIEW("t")),
			AGENT_E_ABSENT);
	assert_int_equal(agent_password_set(house->agent, VIEW("anna"), &password,
					 VIEW("t")),
			0);
	item = house_get(house, "user/anna");
	assert_string_equal(json_string_value(json_object_get(
					    json_array_get(json_object_get(item,
									   "conditions"),
							    0),
					    "reason")),
			"Applied");
	json_decref(item);
}

static void ten_users(struct buf *out, int count)
{
	house_state(out, "domains: {a.example: {}}\nusers:\n");
	for (int i = 0; i < count; i++)
		buf_addf(out, "  user%d@a.example: {}\n", i);
}

static void too_many_leaving_at_once_are_held(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result held = { 0 }, wrong = { 0 };
	CLEANUP(agent_result_free) struct agent_result approved = { 0 };
	CLEANUP(buf_free)
	struct buf ten = BUF_NULL(HOUSE_TEXT), six = BUF_NULL(HOUSE_TEXT);
	CLEANUP(buf_free) struct buf digest = BUF_NULL(64);

	ten_users(&ten, 10);
	ten_users(&six, 6);
	buf_add_z(&six, "aliases: {info@a.example: [user0@a.example]}\n");
	house_must_apply(house, buf_view(&ten));
	house_apply(house, buf_view(&six), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_string_equal(held.reason, "PruneGate");
	assert_int_equal(held.plan->held_count, 4);
	assert_int_equal(house_resolve(house, "user9@a.example", NULL), RESOLVE_OK);
	assert_int_equal(house_resolve(house, "info@a.example", NULL), RESOLVE_OK);

	house_apply_approved(house, buf_view(&six), VIEW("b2:00"), &wrong);
	assert_int_equal(wrong.code, EXIT_GATE);
	text_add_digest(&digest, held.plan->held_digest);
	house_apply_approved(house, buf_view(&six), buf_view(&digest), &approved);
	assert_int_equal(approved.code, EXIT_FINE);
	assert_int_equal(approved.plan->counts[ACTION_DISABLE], 4);
	assert_int_equal(house_resolve(house, "user9@a.example", NULL),
			RESOLVE_E_DISABLED);
}

static void the_last_user_is_not_taken_by_a_slip(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	STATE(s, "domains: {a.example: {}}\nusers: {anna@a.example: {}}\n");
	STATE(none, "domains: {a.example: {}}\n");

	house_must_apply(house, buf_view(&s));
	house_apply(house, buf_view(&none), &result);
	assert_int_equal(result.code, EXIT_GATE);
	assert_int_equal(house_resolve(house, "anna@a.example", NULL), RESOLVE_OK);
}

static void a_wrong_state_changes_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result wrong = { 0 }, unserved = { 0 };
	unsigned char before[32], after[32];
	STATE(s, TWO_USERS);
	STATE(bad, "domains: {a.example: {}}\nusers: {anna@a.example: {qouta: 5GiB}}\n");
	STATE(later, TWO_USERS "spam: {engine: builtin}\n");

	house_must_apply(house, buf_view(&s));
	house_digest(house, before);
	house_apply(house, buf_view(&bad), &wrong);
	assert_int_equal(wrong.code, EXIT_INVALID);
	assert_non_null(strstr(wrong.diagnostics, "qouta"));
	house_apply(house, buf_view(&later), &unserved);
	assert_int_equal(unserved.code, EXIT_INVALID);
	assert_string_equal(unserved.reason, "NotServedYet");
	house_digest(house, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(wrong.generation, 1);
}

static void a_plan_that_was_shown_is_the_one_applied(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result plan = { 0 }, stale = { 0 };
	CLEANUP(buf_free) struct buf digest = BUF_NULL(64);
	STATE(s, TWO_USERS);
	STATE(next, TWO_USERS "aliases: {info@a.example: [anna]}\n");
	const struct source_file file = { VIEW("state.yaml"), buf_view(&next) };
	const struct agent_source source = { &file, 1, VIEW("test") };

	house_must_apply(house, buf_view(&s));
	house_plan(house, buf_view(&next), &plan);
	text_add_digest(&digest, plan.plan->digest);
	house_must_apply(house, buf_view(&next));
	assert_int_equal(agent_apply(house->agent, &source,
					 &(const struct agent_apply_options){
							 .actor = VIEW("test"),
							 .expect = buf_view(&digest),
					 },
					 &stale),
			0);
	assert_int_equal(stale.code, EXIT_CONFLICT);
}

static void a_second_agent_is_refused(void **state)
{
	struct house *house = *state;
	struct agent *second = NULL;

	assert_int_equal(agent_open(
					 &(const struct agent_options){
							 .data = house->directory,
							 .broker = house->broker,
					 },
					 &second),
			AGENT_E_LOCKED);
}

static void another_key_does_not_open_it(void **state)
{
	struct house *house = *state;
	CLEANUP(broker_stopp) struct broker *other = NULL;
	struct secret master = secret_copy(VIEW("another key of thirty-two bytes!"));
	struct agent *agent = NULL;

	house_close(house);
	assert_int_equal(broker_start(&master, &other), 0);
	assert_int_equal(agent_open(
					 &(const struct agent_options){
							 .data = house->directory,
							 .broker = other,
					 },
					 &agent),
			AGENT_E_KEY);
}

static void a_closed_port_is_opened_again(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	house->runtime.closed = LISTENER_IMAPS;
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, &result), 0);
	assert_int_equal(result.plan->drift_count, 1);
	assert_string_equal(result.plan->drifts[0].reason, "NotBound");
	assert_int_equal(house->runtime.closed, LISTENER_KINDS);
	assert_int_equal(house->runtime.configured, 2);
}

static void a_quiet_tick_does_nothing(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	unsigned char before[32], after[32];
	nstime until;
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	house_digest(house, before);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, &result), 0);
	house_digest(house, after);
	assert_null(result.plan);
	assert_memory_equal(before, after, sizeof(before));
	until = agent_next_deadline(house->agent) - house->now * NS_PER_S;
	assert_true(until >= nstime_seconds(270) && until <= nstime_seconds(330));
}

static void tick(struct house *house, size_t times)
{
	for (size_t i = 0; i < times; i++) {
		CLEANUP(agent_result_free) struct agent_result result = { 0 };

		house->now += 60;
		assert_int_equal(agent_reconcile(house->agent, RECONCILE_TIMER, &result),
				0);
		assert_int_equal(result.code, EXIT_FINE);
		assert_true(!result.plan || result.plan->change_count == 0);
		agent_rest(house->agent);
	}
}

/* A week of minutes, an hourly look at everything in it. Sanitizers keep books of their own:
 * there a leak is what they find. */
static void ten_thousand_ticks_write_nothing_and_keep_no_memory(void **state)
{
	struct house *house = *state;
	unsigned char before[32], after[32];
	size_t used;
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	tick(house, 500);
	house_digest(house, before);
	used = mallinfo2().uordblks;
	tick(house, 10000);
	house_digest(house, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_true(mallinfo2().uordblks <= used + 16 * 1024);
}

static void a_certificate_is_made_anew_in_its_last_third(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result early = { 0 }, late = { 0 };
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	assert_int_equal(configuration_identity_count(house->runtime.configuration), 1);
	house->now += (walltime)200 * 86400;
	house_restart(house, &early);
	assert_int_equal(early.plan->change_count, 0);
	house->now += (walltime)60 * 86400;
	house_restart(house, &late);
	assert_int_equal(late.plan->counts[ACTION_ROTATE], 1);
	assert_string_equal(late.plan->changes[0].reason, "Expiring");
	house_must_apply(house, buf_view(&s));
}

static void fifty_generations_are_kept(void **state)
{
	struct house *house = *state;
	CLEANUP(history_freep) struct history *history = NULL;

	for (int i = 0; i < 55; i++) {
		CLEANUP(buf_free) struct buf s = BUF_NULL(HOUSE_TEXT);

		house_state(&s, TWO_USERS);
		buf_addf(&s, "# edit %d\n", i);
		house_must_apply(house, buf_view(&s));
	}
	assert_int_equal(agent_history(house->agent, 100, &history), 0);
	assert_int_equal(history->count, GENERATIONS_KEPT);
	assert_int_equal(history->items[0].number, 55);
	assert_view(history->items[0].summary, "no changes");
}

static void the_audit_holds_together(void **state)
{
	struct house *house = *state;
	uint64_t seq = 0;
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	assert_int_equal(audit_verify(house->agent->db, &seq), AUDIT_OK);
	assert_true(seq >= 8);
	assert_int_equal(database_run(house->agent->db, "UPDATE audit SET actor = "
							"'nobody' WHERE seq = 3"),
			0);
	assert_int_equal(audit_verify(house->agent->db, &seq), AUDIT_E_BROKEN);
	assert_int_equal(seq, 3);
}

static void a_group_is_written_out_wherever_it_stands(void **state)
{
	struct house *house = *state;
	struct resolution r = { 0 };
	STATE(s, TWO_USERS "groups: {all: {members: [anna, bo]}}\n"
			   "aliases: {info@a.example: [group/all]}\n");
	STATE(less, TWO_USERS "groups: {all: {members: [bo]}}\n"
			      "aliases: {info@a.example: [group/all]}\n");

	house_must_apply(house, buf_view(&s));
	assert_int_equal(configuration_resolve(house->runtime.configuration,
					 VIEW("info@a.example"), &r),
			RESOLVE_OK);
	assert_int_equal(r.count, 2);
	resolution_free(&r);
	house_must_apply(house, buf_view(&less));
	assert_int_equal(configuration_resolve(house->runtime.configuration,
					 VIEW("info@a.example"), &r),
			RESOLVE_OK);
	assert_int_equal(r.count, 1);
	resolution_free(&r);
}

static void a_contact_answers_for_its_domain_and_its_twin(void **state)
{
	struct house *house = *state;
	STATE(s, "domains:\n"
		 "  a.example: {contact: anna}\n"
		 "  b.example: {same_as: a.example}\n"
		 "users: {anna@a.example: {id: anna}}\n");

	house_must_apply(house, buf_view(&s));
	assert_int_equal(house_resolve(house, "postmaster@a.example", NULL), RESOLVE_OK);
	assert_int_equal(house_resolve(house, "abuse@b.example", NULL), RESOLVE_OK);
	assert_int_equal(house_resolve(house, "anna+x@b.example", NULL), RESOLVE_OK);
	assert_int_equal(house_resolve(house, "bo@b.example", NULL), RESOLVE_E_UNKNOWN);
}

static void a_key_comes_out_with_its_path_and_is_audited(void **state)
{
	struct house *house = *state;
	CLEANUP(secret_free) struct secret key = SECRET_NULL, again = SECRET_NULL;
	char *path = NULL, *same = NULL;
	uint64_t before = 0, after = 0;
	STATE(s, TWO_USERS);

	house_must_apply(house, buf_view(&s));
	assert_int_equal(audit_verify(house->agent->db, &before), AUDIT_OK);
	assert_int_equal(agent_account_key_export(house->agent, VIEW("anna"),
					 VIEW("test"), &key, &path),
			0);
	assert_int_equal(agent_account_key_export(house->agent, VIEW("anna@a.example"),
					 VIEW("test"), &again, &same),
			0);
	assert_int_equal(key.len, 32);
	assert_memory_equal(key.data, again.data, 32);
	assert_string_equal(path, same);
	assert_int_equal(strlen(path), strlen("accounts/ab/.db") + UID_TEXT);
	assert_int_equal(audit_verify(house->agent->db, &after), AUDIT_OK);
	assert_int_equal(after, before + 2);
	free(path);
	free(same);
}

#define STORY(function)                                                                  \
	cmocka_unit_test_setup_teardown(function, house_setup, house_teardown)

/* The gates of the policy that was applied count, not those that come with the change. */
static void a_looser_gate_counts_from_the_next_change_on(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result held = { 0 }, free = { 0 };
	STATE(four, "domains: {a.example: {}}\n"
		    "users: {a@a.example: {}, b@a.example: {}, c@a.example: {}, "
		    "d@a.example: {}}\n");
	STATE(one, "domains: {a.example: {}}\n"
		   "users: {a@a.example: {}}\n"
		   "policy: {gates: {users: {percent: 75}}}\n");

	house_must_apply(house, buf_view(&four));
	house_apply(house, buf_view(&one), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_string_equal(held.reason, "PruneGate");
	house_apply(house, buf_view(&one), &free);
	assert_int_equal(free.code, EXIT_FINE);
	assert_int_equal(free.plan->counts[ACTION_DISABLE], 3);
}

static void what_is_protected_stays_whatever_is_approved(void **state)
{
	struct house *house = *state;
	CLEANUP(buf_free) struct buf digest = BUF_NULL(DIGEST_TEXT + 1);
	CLEANUP(agent_result_free)
	struct agent_result held = { 0 }, approved = { 0 }, later = { 0 };
	STATE(two, TWO_USERS "policy: {protect: [anna, user/bo]}\n");
	STATE(none, "domains: {a.example: {}}\n");
	STATE(unprotected, TWO_USERS);

	house_must_apply(house, buf_view(&two));
	house_apply(house, buf_view(&none), &held);
	assert_int_equal(held.code, EXIT_GATE);
	assert_string_equal(held.reason, "PruneGate");
	assert_int_equal(held.plan->held_count, 3); /* both, and the policy's going */
	text_add_digest(&digest, held.plan->held_digest);
	house_apply_approved(house, buf_view(&none), buf_view(&digest), &approved);
	assert_int_equal(approved.code, EXIT_GATE);
	assert_string_equal(approved.reason, "DeletionProtected");
	assert_int_equal(house_resolve(house, "anna@a.example", NULL), RESOLVE_OK);
	assert_int_equal(house_resolve(house, "bo@a.example", NULL), RESOLVE_OK);

	house_must_apply(house, buf_view(&unprotected));
	house_apply(house, buf_view(&none), &later);
	assert_string_equal(later.reason, "PruneGate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(the_second_apply_has_no_steps),
		STORY(a_plan_writes_nothing),
		STORY(A11_an_alias_is_written_as_by_those_it_names),
		STORY(a_shared_mailbox_is_an_account_of_its_members),
		STORY(a_shared_mailbox_that_leaves_keeps_its_mail_and_address),
		STORY(a_service_sends_within_what_the_state_allows),
		STORY(a_plan_needs_no_database),
		STORY(a_taken_port_changes_nothing),
		STORY(a_restart_needs_no_files_and_writes_nothing),
		STORY(an_empty_house_reconciles_to_nothing),
		STORY(a_rename_keeps_the_account_and_the_old_address),
		STORY(a_password_is_set_beside_somebody_who_left),
		STORY(an_invited_account_is_ready_once_it_has_a_password),
		STORY(too_many_leaving_at_once_are_held),
		STORY(a_looser_gate_counts_from_the_next_change_on),
		STORY(what_is_protected_stays_whatever_is_approved),
		STORY(the_last_user_is_not_taken_by_a_slip),
		STORY(a_wrong_state_changes_nothing),
		STORY(a_plan_that_was_shown_is_the_one_applied),
		STORY(a_second_agent_is_refused),
		STORY(another_key_does_not_open_it),
		STORY(a_closed_port_is_opened_again),
		STORY(a_quiet_tick_does_nothing),
		STORY(ten_thousand_ticks_write_nothing_and_keep_no_memory),
		STORY(a_certificate_is_made_anew_in_its_last_third),
		STORY(fifty_generations_are_kept),
		STORY(the_audit_holds_together),
		STORY(a_group_is_written_out_wherever_it_stands),
		STORY(a_contact_answers_for_its_domain_and_its_twin),
		STORY(a_key_comes_out_with_its_path_and_is_audited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

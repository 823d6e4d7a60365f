/* Every route of the control API against a whole agent with a fake runtime: the right answer,
 * and what strangers' requests get. */
#include "agent/control/files.h"
#include "agent/control/routes.h"
#include "agent/database/app_password.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "schema/source.h"
#include "tests/agent/control/desk.h"
#include "tests/agent/house.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define HEAD "version: 1\nhosts:\n  mail:\n    name: mail.a.example\n"
#define ANNA "domains: {a.example: {}}\nusers:\n  anna@a.example: {id: anna}\n"

static const char one_user[] = HEAD ANNA;
static const char two_users[] = HEAD ANNA "  bo@a.example: {id: bo}\n";

struct office {
	struct house *house;
	struct desk desk;
	struct control *control;
	nstime now;
};

static int open_office(void **state)
{
	struct office *office = xcalloc(1, sizeof(*office));
	void *house;

	assert_int_equal(house_setup(&house), 0);
	office->house = house;
	desk_init(&office->desk);
	office->control = control_new(office->house->agent, &office->desk.runtime);
	office->now = nstime_seconds(1000);
	*state = office;
	return 0;
}

static int close_office(void **state)
{
	struct office *office = *state;
	void *house = office->house;

	control_free(office->control);
	desk_deinit(&office->desk);
	free(office);
	return house_teardown(&house);
}

static int exit_of(const struct letter *letter)
{
	const json_t *code = json_object_get(letter->answer, "exit");

	assert_true(json_is_integer(code));
	return (int)json_integer_value(code);
}

static const char *text_of(const struct letter *letter)
{
	const json_t *text = json_object_get(letter->answer, "text");

	assert_true(json_is_string(text));
	return json_string_value(text);
}

static void assert_says(const struct letter *letter, const char *part)
{
	if (!strstr(text_of(letter), part))
		fail_msg("\"%s\" does not say \"%s\"", text_of(letter), part);
}

/* Lays a request down and has it answered at once, by an object with exit and text. */
static struct letter *ask(struct office *office, const char *method, const char *target,
		const char *body)
{
	struct letter *letter = desk_lay(&office->desk, method, target, body);

	control_serve(office->control, office->now);
	assert_int_not_equal(letter->status, 0);
	(void)exit_of(letter);
	(void)text_of(letter);
	return letter;
}

static void assert_answer(const struct letter *letter, int status, enum exit_code code)
{
	if (letter->status != status || exit_of(letter) != (int)code)
		fail_msg("%d, exit %d: %s", letter->status, exit_of(letter),
				text_of(letter));
}

static struct letter *send_state(struct office *office, const char *target,
		const char *state, const char *extra)
{
	const struct source_file file = { VIEW("state.yaml"), view_z(state) };
	json_t *body = files_pack(&file, 1, VIEW("test"));
	json_t *more = json_loads(extra, 0, NULL);
	struct letter *letter;
	char *text;

	assert_int_equal(json_object_update(body, more), 0);
	text = json_dumps(body, 0);
	letter = ask(office, "POST", target, text);
	json_decref(body);
	json_decref(more);
	free(text);
	return letter;
}

static void must_apply(struct office *office, const char *state)
{
	assert_answer(send_state(office, "/v1/apply", state, "{}"), 200, EXIT_FINE);
}

static long long number_of(const struct letter *letter, const char *field)
{
	const json_t *number = json_object_get(letter->answer, field);

	assert_true(json_is_integer(number));
	return json_integer_value(number);
}

static size_t steps_of(const struct letter *letter)
{
	const json_t *plan = json_object_get(letter->answer, "plan");

	assert_true(json_is_object(plan));
	return json_array_size(json_object_get(plan, "changes"));
}

/* -- states -- */

static void a_plan_shows_and_changes_nothing(void **state)
{
	struct office *office = *state;
	struct letter *plan = send_state(office, "/v1/plan", one_user, "{}");

	assert_answer(plan, 200, EXIT_FINE);
	assert_true(steps_of(plan) > 0);
	assert_int_equal(number_of(plan, "generation"), 0);
	assert_says(plan, "user anna");
	assert_int_equal(office->house->runtime.configured, 0);
}

static void an_apply_is_done_once(void **state)
{
	struct office *office = *state;
	struct letter *first = send_state(office, "/v1/apply", one_user, "{}");
	struct letter *second = send_state(office, "/v1/apply", one_user, "{}");

	assert_answer(first, 200, EXIT_FINE);
	assert_int_equal(number_of(first, "generation"), 1);
	assert_answer(second, 200, EXIT_FINE);
	assert_int_equal(steps_of(second), 0);
	assert_int_equal(office->house->runtime.configured, 1);
}

static void a_wrong_state_is_an_answer(void **state)
{
	struct office *office = *state;
	struct letter *letter =
			send_state(office, "/v1/apply", "version: 1\nusrs: {}\n", "{}");

	assert_answer(letter, 200, EXIT_INVALID);
	assert_says(letter, "state.yaml:2:1");
	assert_true(json_is_object(json_object_get(letter->answer, "diagnostics")));
}

static void an_apply_expects_the_plan_that_was_shown(void **state)
{
	struct office *office = *state;
	struct letter *plan = send_state(office, "/v1/plan", one_user, "{}");
	const char *digest = json_string_value(
			json_object_get(json_object_get(plan->answer, "plan"), "digest"));
	char extra[200];

	snprintf(extra, sizeof(extra), "{\"expect\": \"%s\"}", digest);
	assert_answer(send_state(office, "/v1/apply", two_users, extra), 200,
			EXIT_CONFLICT);
	assert_answer(send_state(office, "/v1/apply", one_user, extra), 200, EXIT_FINE);
}

static void bytes_that_are_no_utf8_reach_the_checker(void **state)
{
	struct office *office = *state;
	struct letter *letter = send_state(
			office, "/v1/plan", "version: 1\n# caf\xe9\nusers: {}\n", "{}");

	assert_answer(letter, 200, EXIT_INVALID);
	assert_says(letter, "state.yaml:2");
}

static void reconcile_needs_no_files(void **state)
{
	struct office *office = *state;

	assert_answer(ask(office, "POST", "/v1/reconcile", ""), 200, EXIT_FINE);
	must_apply(office, one_user);
	assert_int_equal(
			number_of(ask(office, "POST", "/v1/reconcile", ""), "generation"),
			1);
}

/* -- what is -- */

static void status_of_all_and_of_one(void **state)
{
	struct office *office = *state;
	struct letter *letter = ask(office, "GET", "/v1/status", "");

	assert_answer(letter, 200, EXIT_FINE);
	assert_says(letter, "EMPTY");
	must_apply(office, one_user);
	letter = ask(office, "GET", "/v1/status", "");
	assert_says(letter, "READY");
	assert_true(json_is_true(json_object_get(letter->answer, "ready")));
	letter = ask(office, "GET", "/v1/status?object=user/anna", "");
	assert_answer(letter, 200, EXIT_FINE);
	assert_says(letter, "user/anna  Ready");
	letter = ask(office, "GET", "/v1/status?object=user/nobody", "");
	assert_answer(letter, 404, EXIT_ERROR);
	assert_says(letter, "there is no user/nobody");
}

static void objects_of_a_kind_and_one_whole(void **state)
{
	struct office *office = *state;
	struct letter *letter;
	const json_t *item;

	must_apply(office, two_users);
	letter = ask(office, "GET", "/v1/objects?object=user", "");
	assert_answer(letter, 200, EXIT_FINE);
	assert_int_equal(json_array_size(json_object_get(letter->answer, "items")), 2);
	assert_says(letter, "user/bo");
	letter = ask(office, "GET", "/v1/objects?object=user/bo", "");
	item = json_array_get(json_object_get(letter->answer, "items"), 0);
	assert_string_equal(
			json_string_value(json_object_get(item, "key")), "bo@a.example");
	assert_null(json_object_get(item, "origin"));
	letter = ask(office, "GET", "/v1/objects?origin=1&object=user/bo", "");
	item = json_array_get(json_object_get(letter->answer, "items"), 0);
	assert_true(json_array_size(json_object_get(item, "origin")) > 0);
	assert_says(letter, "state.yaml:");
	assert_answer(ask(office, "GET", "/v1/objects?object=user/carl", ""), 404,
			EXIT_ERROR);
	assert_answer(ask(office, "GET", "/v1/objects?object=unicorn", ""), 404,
			EXIT_ERROR);
	assert_answer(ask(office, "GET", "/v1/objects", ""), 404, EXIT_ERROR);
}

static void export_is_one_text_or_files(void **state)
{
	struct office *office = *state;
	struct letter *letter = ask(office, "GET", "/v1/export", "");
	const json_t *files;

	assert_answer(letter, 200, EXIT_ERROR);
	assert_says(letter, "no state was applied yet");
	must_apply(office, two_users);
	letter = ask(office, "GET", "/v1/export", "");
	assert_answer(letter, 200, EXIT_FINE);
	assert_says(letter, "  bo@a.example: {id: bo}\n");
	letter = ask(office, "GET", "/v1/export?files=1&kind=user", "");
	assert_answer(letter, 200, EXIT_FINE);
	files = json_object_get(letter->answer, "files");
	assert_int_equal(json_array_size(files), 1);
	assert_string_equal(json_string_value(json_object_get(
					    json_array_get(files, 0), "path")),
			"users.yaml");
	assert_answer(ask(office, "GET", "/v1/export?kind=user,sheep", ""), 404,
			EXIT_ERROR);
}

static void history_is_newest_first_and_bounded(void **state)
{
	struct office *office = *state;
	struct letter *letter;
	const json_t *items;

	must_apply(office, one_user);
	must_apply(office, two_users);
	letter = ask(office, "GET", "/v1/history", "");
	items = json_object_get(letter->answer, "items");
	assert_answer(letter, 200, EXIT_FINE);
	assert_int_equal(json_array_size(items), 2);
	assert_int_equal(json_integer_value(json_object_get(
					 json_array_get(items, 0), "generation")),
			2);
	assert_string_equal(json_string_value(json_object_get(
					    json_array_get(items, 0), "actor")),
			"uid 7");
	letter = ask(office, "GET", "/v1/history?most=1", "");
	assert_int_equal(json_array_size(json_object_get(letter->answer, "items")), 1);
	letter = ask(office, "GET", "/v1/history?most=18446744073709551615", "");
	assert_int_equal(json_array_size(json_object_get(letter->answer, "items")), 2);
	assert_answer(ask(office, "GET", "/v1/history?most=few", ""), 400, EXIT_INVALID);
}

static void a_suspension_is_said_and_ended(void **state)
{
	struct office *office = *state;
	char body[128];

	must_apply(office, one_user);
	assert_answer(ask(office, "POST", "/v1/suspend", "{}"), 400, EXIT_INVALID);
	snprintf(body, sizeof(body), "{\"until\": %lld, \"reason\": \"why not\"}",
			(long long)office->house->now + 60);
	assert_answer(ask(office, "POST", "/v1/suspend", body), 200, EXIT_FINE);
	assert_says(ask(office, "GET", "/v1/status", ""), "SUSPENDED suspended until");
	assert_answer(ask(office, "POST", "/v1/approve", "{\"digest\": \"b2:0\"}"), 200,
			EXIT_CONFLICT);
	assert_answer(ask(office, "POST", "/v1/resume", ""), 200, EXIT_FINE);
	assert_answer(ask(office, "POST", "/v1/approve", "{\"digest\": \"b2:0\"}"), 200,
			EXIT_FINE);
}

static void a_rollback_names_a_generation(void **state)
{
	struct office *office = *state;

	must_apply(office, one_user);
	must_apply(office, two_users);
	assert_answer(ask(office, "POST", "/v1/rollback", "{\"generation\": 7}"), 404,
			EXIT_ERROR);
	assert_answer(ask(office, "POST", "/v1/rollback", "{\"generation\": -1}"), 404,
			EXIT_ERROR);
	assert_says(ask(office, "POST", "/v1/rollback", "{}"),
			"rollback to generation 1");
}

static void records_are_read(void **state)
{
	struct office *office = *state;

	must_apply(office, one_user);
	assert_says(ask(office, "GET", "/v1/trace?object=user/anna", ""), "create");
	assert_answer(ask(office, "GET", "/v1/trace?object=user/bo", ""), 404,
			EXIT_ERROR);
	assert_says(ask(office, "GET", "/v1/audit", ""), "whole: ");
	assert_says(ask(office, "GET", "/v1/events", ""), "Applied");
	assert_answer(ask(office, "GET", "/v1/events?after=x", ""), 400, EXIT_INVALID);
}

static void an_event_ends_the_wait_for_it(void **state)
{
	struct office *office = *state;
	struct letter *letter =
			desk_lay(&office->desk, "GET", "/v1/events?after=0&wait=60", "");

	control_serve(office->control, office->now);
	assert_int_equal(letter->status, 0);
	must_apply(office, one_user);
	assert_answer(letter, 200, EXIT_FINE);
	assert_says(letter, "Applied");
	letter = desk_lay(&office->desk, "GET", "/v1/events?after=1&wait=60", "");
	control_serve(office->control, office->now);
	assert_int_equal(letter->status, 0);
	control_look(office->control, office->now + nstime_seconds(60));
	assert_answer(letter, 200, EXIT_FINE);
	assert_string_equal(text_of(letter), "");
}

static uint64_t last_line(struct office *office)
{
	struct letter *letter = ask(office, "GET", "/v1/log?most=0", "");

	return (uint64_t)json_integer_value(json_object_get(letter->answer, "last"));
}

static void the_log_is_read_by_number_and_field(void **state)
{
	struct office *office = *state;
	uint64_t before = last_line(office);
	char target[128];
	struct letter *letter;

	log_event(LOG_INFO, "test.log.one", log_text("who", "anna\n"));
	log_event(LOG_INFO, "test.log.two", log_text("who", "bo"));
	snprintf(target, sizeof(target), "/v1/log?after=%llu",
			(unsigned long long)before);
	letter = ask(office, "GET", target, "");
	assert_answer(letter, 200, EXIT_FINE);
	assert_int_equal(json_array_size(json_object_get(letter->answer, "items")), 2);
	assert_int_equal(last_line(office), before + 2);
	letter = ask(office, "GET", "/v1/log?most=1", "");
	assert_int_equal(json_array_size(json_object_get(letter->answer, "items")), 1);
	assert_says(letter, "info test.log.two who=bo\n");
	letter = ask(office, "GET", "/v1/log?grep=who%3Danna%0a", "");
	assert_int_equal(json_array_size(json_object_get(letter->answer, "items")), 1);
	assert_says(letter, "test.log.one");
	assert_answer(ask(office, "GET", "/v1/log?after=x", ""), 400, EXIT_INVALID);
	assert_answer(ask(office, "GET", "/v1/log?most=-1", ""), 400, EXIT_INVALID);
	assert_answer(ask(office, "GET", "/v1/log?wait=3601", ""), 400, EXIT_INVALID);
	assert_answer(ask(office, "GET", "/v1/log?grep=anna", ""), 400, EXIT_INVALID);
	assert_answer(ask(office, "GET", "/v1/log?grep=%3Danna", ""), 400, EXIT_INVALID);
}

static bool is_told(const struct office *office)
{
	struct pollfd fd = { .fd = control_fd(office->control), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void a_line_ends_the_wait_for_it(void **state)
{
	struct office *office = *state;
	struct letter *letter;
	char target[128];

	snprintf(target, sizeof(target), "/v1/log?after=%llu&wait=60&grep=who%%3Dbo",
			(unsigned long long)last_line(office));
	letter = desk_lay(&office->desk, "GET", target, "");
	control_serve(office->control, office->now);
	assert_false(is_told(office));
	log_event(LOG_INFO, "test.log.one", log_text("who", "anna"));
	assert_true(is_told(office));
	control_look(office->control, office->now);
	assert_int_equal(letter->status, 0);
	assert_false(is_told(office));
	log_event(LOG_INFO, "test.log.two", log_text("who", "bo"));
	assert_true(is_told(office));
	control_look(office->control, office->now);
	assert_answer(letter, 200, EXIT_FINE);
	assert_says(letter, "test.log.two");
	/* Nobody waits any more: nobody is told. */
	control_look(office->control, office->now);
	log_event(LOG_INFO, "test.log.three", log_text("who", "bo"));
	assert_false(is_told(office));
	letter = desk_lay(&office->desk, "GET", "/v1/log?grep=who%3Dcarl&wait=60", "");
	control_serve(office->control, office->now);
	control_look(office->control, office->now + nstime_seconds(60));
	assert_answer(letter, 200, EXIT_FINE);
	assert_string_equal(text_of(letter), "");
}

/* -- accounts -- */

static void passwords_are_set_by_id_or_address(void **state)
{
	struct office *office = *state;
	char body[1200] = "{\"account\": \"anna\", \"password\": \"";
	struct letter *letter;

	must_apply(office, one_user);
	letter = ask(office, "POST", "/v1/password",
			"{\"account\": \"anna@a.example\", \"password\": \"correct "
			"horse\"}");
	assert_answer(letter, 200, EXIT_FINE);
	assert_null(strstr(text_of(letter), "horse"));
	assert_answer(ask(office, "POST", "/v1/password",
				      "{\"account\": \"bo\", \"password\": \"x\"}"),
			404, EXIT_ERROR);
	assert_answer(ask(office, "POST", "/v1/password",
				      "{\"account\": \"anna\", \"password\": \"\"}"),
			400, EXIT_INVALID);
	assert_answer(ask(office, "POST", "/v1/password", "{\"account\": \"anna\"}"), 400,
			EXIT_INVALID);
	memset(body + strlen(body), 'x', 1000);
	strcat(body, "\"}");
	letter = ask(office, "POST", "/v1/password", body);
	assert_answer(letter, 400, EXIT_INVALID);
	assert_says(letter, "1 to 512 bytes");
}

static void an_app_password_is_made_listed_and_revoked(void **state)
{
	/* clang-format off */
	static const struct { const char *path, *body; int status; enum exit_code code; const char *says; } table[] = {
		{ "", "{\"account\": \"bo\", \"name\": \"a\"}",                              404, EXIT_ERROR,    "user/bo" },
		{ "", "{\"account\": \"anna\"}",                                             400, EXIT_INVALID,  "needs a name" },
		{ "", "{\"account\": \"anna\", \"name\": \"a\\nb\"}",                        400, EXIT_INVALID,  "on one line" },
		{ "", "{\"account\": \"anna\", \"name\": \"a\", \"protocols\": []}",         400, EXIT_INVALID,  "at least one" },
		{ "", "{\"account\": \"anna\", \"name\": \"a\", \"protocols\": [\"pop3\"]}", 400, EXIT_INVALID,  "imap, smtp" },
		{ "", "{\"account\": \"anna\", \"name\": \"a\", \"expires\": 5}",            400, EXIT_INVALID,  "expire before" },
		{ "", "{\"account\": \"anna\", \"name\": \"my phone\"}",                     409, EXIT_CONFLICT, "already" },
		{ "/revoke", "{\"account\": \"anna\", \"name\": \"none\"}",                  404, EXIT_ERROR,    "no app password" },
		{ "/revoke", "{\"account\": \"bo\", \"name\": \"my phone\"}",                404, EXIT_ERROR,    "user/bo" },
		{ "/revoke", "{\"account\": \"anna\", \"name\": \"my phone\"}",              200, EXIT_FINE,     "opens nothing" },
		{ "/revoke", "{\"account\": \"anna\", \"name\": \"my phone\"}",              404, EXIT_ERROR,    "no app password" },
	};
	/* clang-format on */
	struct office *office = *state;
	struct letter *letter;

	must_apply(office, one_user);
	letter = ask(office, "POST", "/v1/app-password",
			"{\"account\": \"anna\", \"name\": \"my phone\", \"protocols\": "
			"[\"imap\"]}");
	assert_answer(letter, 200, EXIT_FINE);
	assert_int_equal(json_string_length(json_object_get(letter->answer, "password")),
			APP_PASSWORD_TEXT);
	letter = ask(office, "GET", "/v1/app-passwords?account=anna", "");
	assert_answer(letter, 200, EXIT_FINE);
	assert_says(letter, "my phone");
	assert_says(letter, "never used");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char target[64];

		snprintf(target, sizeof(target), "/v1/app-password%s", table[i].path);
		letter = ask(office, "POST", target, table[i].body);
		assert_answer(letter, table[i].status, table[i].code);
		assert_says(letter, table[i].says);
	}
	assert_says(ask(office, "GET", "/v1/app-passwords?account=anna", ""),
			"no app passwords");
}

static void an_account_has_a_bound_of_app_passwords(void **state)
{
	struct office *office = *state;
	struct letter *letter;
	char body[80];

	must_apply(office, one_user);
	for (unsigned i = 0; i <= APP_PASSWORDS_MAX; i++) {
		snprintf(body, sizeof(body), "{\"account\": \"anna\", \"name\": \"%u\"}",
				i);
		letter = ask(office, "POST", "/v1/app-password", body);
		assert_int_equal(letter->status, i < APP_PASSWORDS_MAX ? 200 : 409);
	}
	assert_says(letter, "at most 64");
}

static void an_account_key_opens_one_file(void **state)
{
	struct office *office = *state;
	struct letter *letter;

	must_apply(office, one_user);
	letter = ask(office, "POST", "/v1/account-key", "{\"account\": \"anna\"}");
	assert_answer(letter, 200, EXIT_FINE);
	assert_int_equal(json_string_length(json_object_get(letter->answer, "key")), 64);
	assert_true(json_string_length(json_object_get(letter->answer, "path")) > 0);
	assert_string_equal(text_of(letter), "");
	assert_answer(ask(office, "POST", "/v1/account-key", "{\"account\": \"bo\"}"),
			404, EXIT_ERROR);
}

static void a_test_is_begun_and_named(void **state)
{
	struct office *office = *state;
	struct letter *letter = ask(office, "POST", "/v1/send-test",
			"{\"to\": \"ana@elsewhere.example\"}");

	assert_answer(letter, 200, EXIT_FINE);
	assert_string_equal(json_string_value(json_object_get(letter->answer, "test")),
			"test.abc");
	assert_true(json_is_integer(json_object_get(letter->answer, "after")));
	letter = ask(office, "POST", "/v1/send-test", "{\"to\": \"anna@example.org\"}");
	assert_answer(letter, 400, EXIT_ERROR);
	assert_says(letter, "stays on this host");
	letter = ask(office, "POST", "/v1/send-test", "{\"to\": 7}");
	assert_answer(letter, 400, EXIT_INVALID);
	assert_says(letter, "is an address");
}

static void I17_a_file_put_back_is_taken_up_or_the_answer_says_why_not(void **state)
{
	/* clang-format off */
	static const struct { int outcome, status; enum exit_code code; const char *says; } table[] = {
		{ 0,               200, EXIT_FINE,     "Taken as it is" },
		{ RUNTIME_E_GONE,  409, EXIT_ERROR,    "--empty begins anew" },
		{ RUNTIME_E_THERE, 409, EXIT_ERROR,    "without --empty" },
		{ RUNTIME_E_UNFIT, 409, EXIT_ERROR,    "put back another copy" },
		{ -EBUSY,          503, EXIT_CONFLICT, "ask again" },
		{ -EIO,            500, EXIT_ERROR,    "log" },
	};
	/* clang-format on */
	struct office *office = *state;
	struct letter *letter;

	must_apply(office, one_user);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		office->house->runtime.accept_outcome = table[i].outcome;
		letter = ask(office, "POST", "/v1/account-accept",
				"{\"account\": \"anna\", \"empty\": true}");
		assert_answer(letter, table[i].status, table[i].code);
		assert_says(letter, table[i].says);
	}
	assert_int_equal(office->house->runtime.accepted, 1);
	assert_answer(ask(office, "POST", "/v1/account-accept", "{\"account\": \"bo\"}"),
			404, EXIT_ERROR);
}

/* -- strangers -- */

static void a_body_must_be_an_object_of_files(void **state)
{
	/* clang-format off */
	static const struct { const char *body, *says; } table[] = {
		{ "",                                         "no JSON object" },
		{ "{",                                        "no JSON object" },
		{ "[]",                                       "no JSON object" },
		{ "{\"origin\": \"a\", \"origin\": \"b\"}",   "no JSON object" },
		{ "{\"files\": \"\xff\"}",                    "no JSON object" },
		{ "{}",                                       "no files" },
		{ "{\"files\": {}, \"origin\": \"a\"}",       "no files" },
		{ "{\"files\": []}",                          "no files" },
		{ "{\"files\": [1], \"origin\": \"a\"}",      "no files" },
	};
	/* clang-format on */
	static const char *const targets[] = { "/v1/plan", "/v1/apply" };
	struct office *office = *state;

	for (size_t i = 0; i < ARRAY_LEN(table) * ARRAY_LEN(targets); i++) {
		struct letter *letter =
				ask(office, "POST", targets[i % 2], table[i / 2].body);

		assert_answer(letter, 400, EXIT_INVALID);
		assert_says(letter, table[i / 2].says);
	}
	assert_answer(ask(office, "POST", "/v1/password", "null"), 400, EXIT_INVALID);
	assert_answer(ask(office, "POST", "/v1/account-key", "\"anna\""), 400,
			EXIT_INVALID);
}

static void what_is_no_route_is_absent(void **state)
{
	/* clang-format off */
	static const struct { const char *method, *target; } table[] = {
		{ "GET",     "/" },
		{ "GET",     "" },
		{ "GET",     "/v1" },
		{ "GET",     "/v1/status/" },
		{ "GET",     "/v1/STATUS" },
		{ "GET",     "/v1/%73tatus" },
		{ "GET",     "/v1/apply" },
		{ "POST",    "/v1/status" },
		{ "get",     "/v1/status" },
		{ "OPTIONS", "*" },
	};
	/* clang-format on */
	struct office *office = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_answer(ask(office, table[i].method, table[i].target, "{}"), 404,
				EXIT_ERROR);
}

static void names_are_decoded_and_hostile_ones_are_answered(void **state)
{
	static const char *const names[] = { "%ff", "user/%00anna", "user/anna%00", "%",
		"user/%e2%82", "user/anna%0a", "%2525" };
	struct office *office = *state;
	char target[8000] = "/v1/status?object=";

	must_apply(office, one_user);
	assert_answer(ask(office, "GET", "/v1/status?object=u%73er%2Fanna", ""), 200,
			EXIT_FINE);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(target, sizeof(target), "/v1/status?object=%s", names[i]);
		assert_answer(ask(office, "GET", target, ""), 404, EXIT_ERROR);
		snprintf(target, sizeof(target), "/v1/wait?object=%s&for=Ready&timeout=0",
				names[i]);
		assert_answer(ask(office, "GET", target, ""), 200, EXIT_TIMEOUT);
	}
	snprintf(target, sizeof(target), "/v1/wait?for=Ready&timeout=0&object=%07000d",
			0);
	assert_answer(ask(office, "GET", target, ""), 200, EXIT_TIMEOUT);
}

/* -- waiting -- */

static struct letter *wait_for(struct office *office, const char *target)
{
	struct letter *letter = desk_lay(&office->desk, "GET", target, "");

	control_serve(office->control, office->now);
	return letter;
}

static void a_wait_ends_with_what_makes_it_true(void **state)
{
	struct office *office = *state;
	struct letter *letter =
			wait_for(office, "/v1/wait?object=user/bo&for=Ready&timeout=60");

	assert_int_equal(letter->status, 0);
	must_apply(office, one_user);
	assert_int_equal(letter->status, 0);
	must_apply(office, two_users);
	assert_answer(letter, 200, EXIT_FINE);
	assert_string_equal(text_of(letter), "user/bo: Ready holds\n");
	letter = wait_for(office, "/v1/wait?object=user/bo&for=Ready&timeout=60");
	assert_answer(letter, 200, EXIT_FINE);
	assert_true(control_deadline(office->control) == NSTIME_NEVER);
}

static void a_wait_ends_with_its_time(void **state)
{
	struct office *office = *state;
	struct letter *absent, *other;
	nstime begin = office->now;

	must_apply(office, one_user);
	absent = wait_for(office, "/v1/wait?object=user/bo&for=Ready&timeout=60");
	other = wait_for(office, "/v1/wait?object=user/anna&for=Stalled&timeout=20");
	assert_true(control_deadline(office->control) == begin + nstime_seconds(20));
	control_look(office->control, begin + nstime_seconds(20) - 1);
	assert_int_equal(other->status, 0);
	control_look(office->control, begin + nstime_seconds(20));
	assert_answer(other, 200, EXIT_TIMEOUT);
	assert_string_equal(text_of(other), "user/anna: Stalled does not hold\n");
	assert_int_equal(absent->status, 0);
	assert_true(control_deadline(office->control) == begin + nstime_seconds(60));
	control_look(office->control, begin + nstime_seconds(61));
	assert_answer(absent, 200, EXIT_TIMEOUT);
	assert_string_equal(text_of(absent), "user/bo: Ready does not exist\n");
	assert_true(control_deadline(office->control) == NSTIME_NEVER);
}

static void a_wait_ends_with_its_client(void **state)
{
	struct office *office = *state;
	struct letter *letter =
			wait_for(office, "/v1/wait?object=user/bo&for=Ready&timeout=60");

	control_look(office->control, office->now);
	assert_int_equal(letter->status, 0);
	letter->gone = true;
	control_look(office->control, office->now);
	assert_answer(letter, 200, EXIT_ERROR);
	assert_true(control_deadline(office->control) == NSTIME_NEVER);
}

static void a_wait_ends_with_the_agent(void **state)
{
	struct office *office = *state;
	struct letter *letter =
			wait_for(office, "/v1/wait?object=user/bo&for=Ready&timeout=60");

	control_free(office->control);
	office->control = NULL;
	assert_answer(letter, 200, EXIT_ERROR);
	assert_says(letter, "the agent stops");
}

static void only_so_many_wait(void **state)
{
	static const char target[] = "/v1/wait?object=user/bo&for=Ready&timeout=60";
	struct office *office = *state;
	struct letter *letter = NULL, *first = wait_for(office, target);
	size_t waiting = 1;

	while ((letter = wait_for(office, target))->status == 0)
		assert_true(++waiting < 1000);
	assert_int_equal(waiting, 64);
	assert_answer(letter, 503, EXIT_CONFLICT);
	first->gone = true;
	control_look(office->control, office->now);
	letter = wait_for(office, target);
	assert_int_equal(letter->status, 0);
}

static void a_wait_says_what_it_needs(void **state)
{
	static const char *const targets[] = { "/v1/wait",
		"/v1/wait?object=user/bo&for=Ready", "/v1/wait?object=user/bo&timeout=1",
		"/v1/wait?for=Ready&timeout=1", "/v1/wait?object=&for=Ready&timeout=1",
		"/v1/wait?object=user/bo&for=Ready&timeout=-1",
		"/v1/wait?object=user/bo&for=Ready&timeout=5m",
		"/v1/wait?object=user/bo&for=Ready&timeout=86401",
		"/v1/wait?object=user/bo&for=Ready&timeout=99999999999999999999" };
	struct office *office = *state;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		assert_answer(ask(office, "GET", targets[i], ""), 400, EXIT_INVALID);
	assert_true(control_deadline(office->control) == NSTIME_NEVER);
}

static void many_requests_are_answered_in_one_round(void **state)
{
	struct office *office = *state;
	struct letter *status = desk_lay(&office->desk, "GET", "/v1/status", "");
	struct letter *absent = desk_lay(&office->desk, "GET", "/nowhere", "");
	struct letter *history = desk_lay(&office->desk, "GET", "/v1/history", "");

	control_serve(office->control, office->now);
	assert_answer(status, 200, EXIT_FINE);
	assert_answer(absent, 404, EXIT_ERROR);
	assert_answer(history, 200, EXIT_FINE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

/* -- who may ask -- */

static struct letter *ask_as(struct office *office, uid_t uid, const char *method,
		const char *target, const char *body)
{
	struct letter *letter = desk_lay(&office->desk, method, target, body);

	letter->request.peer_uid = uid;
	control_serve(office->control, office->now);
	return letter;
}

static void a_person_may_what_trust_says(void **state)
{
	static struct trusted people[] = {
		{ .name = { "anna", 4 }, .uid = 1000, .all = true },
		{ .name = { "bo", 2 }, .uid = 1001, .approve = true },
		{ .name = { "carl", 4 }, .uid = 1002 },
	};
	static const struct {
		const char *method, *target, *body;
		bool approver; /* may it, too */
	} cases[] = {
		{ "GET", "/v1/status", "", true },
		{ "GET", "/v1/objects?object=user", "", true },
		{ "GET", "/v1/audit", "", true },
		{ "POST", "/v1/plan", "{\"files\": []}", true },
		{ "POST", "/v1/approve", "{\"digest\": \"b2:00\"}", true },
		{ "GET", "/v1/export", "", false },
		{ "POST", "/v1/apply", "{\"files\": []}", false },
		{ "POST", "/v1/rollback", "{}", false },
		{ "POST", "/v1/suspend", "{}", false },
		{ "POST", "/v1/purge", "{}", false },
		{ "POST", "/v1/password", "{}", false },
		{ "POST", "/v1/app-password", "{}", false },
		{ "POST", "/v1/app-password/revoke", "{}", false },
		{ "GET", "/v1/app-passwords", "", false },
		{ "POST", "/v1/account-key", "{}", false },
	};
	struct office *office = *state;

	must_apply(office, one_user);
	office->house->agent->own.operators = people;
	office->house->agent->own.operator_count = ARRAY_LEN(people);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *method = cases[i].method, *target = cases[i].target;
		const char *body = cases[i].body;

		assert_int_not_equal(
				ask_as(office, 1000, method, target, body)->status, 403);
		assert_int_equal(
				ask_as(office, 1001, method, target, body)->status == 403,
				!cases[i].approver);
		assert_int_equal(ask_as(office, 1002, method, target, body)->status, 403);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_plan_shows_and_changes_nothing),
		CASE(an_apply_is_done_once),
		CASE(a_wrong_state_is_an_answer),
		CASE(an_apply_expects_the_plan_that_was_shown),
		CASE(bytes_that_are_no_utf8_reach_the_checker),
		CASE(reconcile_needs_no_files),
		CASE(status_of_all_and_of_one),
		CASE(objects_of_a_kind_and_one_whole),
		CASE(export_is_one_text_or_files),
		CASE(history_is_newest_first_and_bounded),
		CASE(a_suspension_is_said_and_ended),
		CASE(a_rollback_names_a_generation),
		CASE(records_are_read),
		CASE(an_event_ends_the_wait_for_it),
		CASE(the_log_is_read_by_number_and_field),
		CASE(a_line_ends_the_wait_for_it),
		CASE(passwords_are_set_by_id_or_address),
		CASE(an_app_password_is_made_listed_and_revoked),
		CASE(an_account_has_a_bound_of_app_passwords),
		CASE(an_account_key_opens_one_file),
		CASE(a_test_is_begun_and_named),
		CASE(I17_a_file_put_back_is_taken_up_or_the_answer_says_why_not),
		CASE(a_body_must_be_an_object_of_files),
		CASE(what_is_no_route_is_absent),
		CASE(names_are_decoded_and_hostile_ones_are_answered),
		CASE(a_wait_ends_with_what_makes_it_true),
		CASE(a_wait_ends_with_its_time),
		CASE(a_wait_ends_with_its_client),
		CASE(a_wait_ends_with_the_agent),
		CASE(only_so_many_wait),
		CASE(a_wait_says_what_it_needs),
		CASE(many_requests_are_answered_in_one_round),
		CASE(a_person_may_what_trust_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

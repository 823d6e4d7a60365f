/* What others do to somebody's account, she hears of in her own mailbox. */
#include "agent/inside.h"
#include "runtime/base/base64.h"
#include "tests/agent/house.h"

#include <stdlib.h>

#define ANNA(fields)                                                                     \
	"domains: {a.example: {}}\n"                                                     \
	"users: {anna@a.example: {id: anna" fields "}, bo@a.example: {id: bo}}\n"
#define FORWARD ", forward: {to: [eve@elsewhere.example]}"

static void apply(struct house *house, const char *sections)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, sections);
	house_must_apply(house, buf_view(&text));
	agent_alerts_turn(house->agent);
}

static void set_password(struct house *house, const char *account)
{
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("wonderland"));

	assert_int_equal(agent_password_set(house->agent, view_z(account), &password,
					 VIEW("uid 1000")),
			0);
	agent_alerts_turn(house->agent);
}

/* The last letter is hers. */
static void assert_told(struct house *house, const char *name, const char *subject)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	unsigned char uid[ACCOUNT_UID_SIZE];

	assert_true(hex_decode(house_uid(house, name, arena), uid, sizeof(uid)));
	assert_memory_equal(house->runtime.letter_account, uid, sizeof(uid));
	assert_string_equal(house->runtime.letter_to, "");
	assert_string_equal(house->runtime.letter_subject, subject);
	assert_non_null(strstr(house->runtime.letter_text, "postmaster@a.example"));
}

static void who_gets_a_forward_is_told_of_it_and_of_its_end(void **state)
{
	struct house *house = *state;

	apply(house, ANNA(""));
	assert_int_equal(house->runtime.letters, 0);
	apply(house, ANNA(FORWARD));
	assert_int_equal(house->runtime.letters, 1);
	assert_told(house, "user/anna",
			"Your account was changed: where copies of your mail go");
	assert_non_null(strstr(house->runtime.letter_text, "eve@elsewhere.example"));
	assert_non_null(strstr(house->runtime.letter_text, "It was done by"));
	apply(house, ANNA(""));
	assert_int_equal(house->runtime.letters, 2);
	assert_told(house, "user/anna",
			"Your account was changed: where copies of your mail go");
}

static void an_account_that_begins_with_a_forward_is_told_of_it(void **state)
{
	struct house *house = *state;

	apply(house, ANNA(FORWARD));
	assert_int_equal(house->runtime.letters, 1);
	assert_told(house, "user/anna",
			"Your account was changed: where copies of your mail go");
}

static void who_may_get_in_is_told(void **state)
{
	struct house *house = *state;

	apply(house, ANNA(""));
	apply(house, ANNA(", roles: [admin], protocols: [imap, smtp]"));
	assert_int_equal(house->runtime.letters, 1);
	assert_told(house, "user/anna",
			"Your account was changed: who and what has access");
	assert_non_null(strstr(house->runtime.letter_text, "(protocols)"));
	assert_non_null(strstr(house->runtime.letter_text, "(roles)"));
}

static void a_password_that_is_set_again_is_told(void **state)
{
	struct house *house = *state;

	apply(house, ANNA(""));
	set_password(house, "anna"); /* the first is no reset */
	assert_int_equal(house->runtime.letters, 0);
	set_password(house, "anna");
	assert_int_equal(house->runtime.letters, 1);
	assert_told(house, "user/anna", "Your account was changed: your password");
	assert_non_null(strstr(house->runtime.letter_text, "uid 1000"));
}

static void a_key_that_is_taken_out_is_told(void **state)
{
	struct house *house = *state;
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	char *path = NULL;

	apply(house, ANNA(""));
	assert_int_equal(agent_account_key_export(house->agent, VIEW("anna"),
					 VIEW("uid 0"), &key, &path),
			0);
	free(path);
	agent_alerts_turn(house->agent);
	assert_int_equal(house->runtime.letters, 1);
	assert_told(house, "user/anna",
			"Your account was changed: who and what has access");
}

static void what_is_harmless_is_not_told(void **state)
{
	struct house *house = *state;

	apply(house, ANNA(", quota: 1GiB"));
	apply(house, ANNA(", quota: 2GiB, send_limit: 10/h"));
	apply(house, "domains: {a.example: {}}\n"
		     "users: {anna@a.example: {id: anna, quota: 2GiB, send_limit: "
		     "10/h},\n"
		     "  bo@a.example: {id: bo}, cy@a.example: {id: cy}}\n");
	assert_int_equal(house->runtime.letters, 0);
}

static void the_policy_before_says_what_is_told(void **state)
{
	struct house *house = *state;

	apply(house, ANNA(""));
	/* the change that ends the telling is told itself */
	apply(house, ANNA(FORWARD) "policy: {tell_users: [reset]}\n");
	assert_int_equal(house->runtime.letters, 1);
	apply(house, ANNA("") "policy: {tell_users: [reset]}\n");
	assert_int_equal(house->runtime.letters, 1);
	set_password(house, "anna");
	set_password(house, "anna");
	assert_int_equal(house->runtime.letters, 2);
}

static void a_crash_before_it_is_written_loses_it_not(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	apply(house, ANNA(""));
	house->runtime.letter_outcome = RUNTIME_E_LATER;
	apply(house, ANNA(FORWARD));
	assert_int_equal(house->runtime.letters, 0);
	house_restart(house, &result);
	agent_alerts_turn(house->agent);
	assert_int_equal(house->runtime.letters, 1);
	assert_told(house, "user/anna",
			"Your account was changed: where copies of your mail go");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_gets_a_forward_is_told_of_it_and_of_its_end),
		CASE(an_account_that_begins_with_a_forward_is_told_of_it),
		CASE(who_may_get_in_is_told),
		CASE(a_password_that_is_set_again_is_told),
		CASE(a_key_that_is_taken_out_is_told),
		CASE(what_is_harmless_is_not_told),
		CASE(the_policy_before_says_what_is_told),
		CASE(a_crash_before_it_is_written_loses_it_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

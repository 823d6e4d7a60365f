/* What is wrong is told once, and its end: by letter and to a program. */
#include "agent/alert/alert.h"
#include "agent/database/recovery_kit.h"
#include "agent/inside.h"
#include "runtime/base/base64.h"
#include "runtime/crypto/recovery_code.h"
#include "tests/agent/house.h"

#define TOLD                                                                             \
	"domains: {a.example: {}}\n"                                                     \
	"users: {anna@a.example: {id: anna}}\n"                                          \
	"alerts: {to: [ops@elsewhere.example]}\n"

static void apply(struct house *house, const char *sections)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_state(&text, sections);
	house_must_apply(house, buf_view(&text));
}

/* So many seconds pass, with a turn whenever one is due. */
static void pass(struct house *house, walltime seconds)
{
	walltime end = house->now + seconds;

	for (;;) {
		nstime due = agent_alerts_deadline(house->agent);
		walltime next = due == NSTIME_NEVER ? end : due / NS_PER_S;

		if (next > end)
			break;
		if (next > house->now)
			house->now = next;
		agent_alerts_turn(house->agent);
		if (next == end)
			break;
	}
	house->now = end;
}

static void fill_disk(struct house *house)
{
	house->runtime.disk_size = 1000000;
	house->runtime.disk_free = 10000;
}

static size_t rows(struct house *house)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(house->agent->db, "SELECT count(*) FROM alert",
					 &s),
			0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	return column_u64(s, 0);
}

static void while_all_is_well_nobody_hears_and_nothing_is_written(void **state)
{
	struct house *house = *state;
	uint64_t before;

	apply(house, TOLD);
	pass(house, 60);
	before = database_rows_changed(house->agent->db);
	pass(house, 24 * 60 * 60);
	assert_int_equal(house->runtime.letters, 0);
	assert_int_equal(database_rows_changed(house->agent->db), before);
}

static void what_mends_itself_is_not_told(void **state)
{
	struct house *house = *state;

	apply(house, TOLD);
	fill_disk(house);
	pass(house, 5 * 60);
	assert_int_equal(rows(house), 1);
	house->runtime.disk_free = 900000;
	pass(house, 60 * 60);
	assert_int_equal(house->runtime.letters, 0);
	assert_int_equal(rows(house), 0);
}

static void what_lasts_is_told_once_and_its_end(void **state)
{
	struct house *house = *state;

	apply(house, TOLD);
	fill_disk(house);
	pass(house, 11 * 60);
	assert_int_equal(house->runtime.letters, 1);
	assert_string_equal(house->runtime.letter_to, "ops@elsewhere.example");
	assert_string_equal(house->runtime.letter_subject, "[mail.a.example] DiskLow");
	assert_non_null(strstr(house->runtime.letter_text, "give it more"));
	pass(house, 24 * 60 * 60);
	assert_int_equal(house->runtime.letters, 1);

	house->runtime.disk_free = 900000;
	pass(house, 60);
	assert_int_equal(house->runtime.letters, 1);
	pass(house, 10 * 60);
	assert_int_equal(house->runtime.letters, 2);
	assert_string_equal(
			house->runtime.letter_subject, "[mail.a.example] over: DiskLow");
	assert_int_equal(rows(house), 0);
}

static void a_kit_that_nobody_proves_is_told(void **state)
{
	struct house *house = *state;
	CLEANUP(secret_free)
	struct secret master = secret_copy(VIEW("0123456789abcdef0123456789abcdef"));
	struct recovery_code code;
	struct age_recipient recipient;

	apply(house, TOLD);
	recovery_code_make(&code);
	recovery_code_recipient(&code, &recipient);
	assert_int_equal(recovery_kit_make(house->directory, &master, &recipient, 1,
					 house->now),
			RECOVERY_KIT_OK);
	house->now += RECOVERY_KIT_UNPROVEN - 600;
	pass(house, 5 * 60);
	assert_int_equal(house->runtime.letters, 0);
	pass(house, 10 * 60);
	assert_int_equal(house->runtime.letters, 1);
	assert_string_equal(
			house->runtime.letter_subject, "[mail.a.example] KitUnproven");
	assert_non_null(strstr(house->runtime.letter_text, "posthus recovery check"));
	assert_int_equal(recovery_kit_checked(house->directory, house->now),
			RECOVERY_KIT_OK);
	pass(house, 11 * 60);
	assert_int_equal(house->runtime.letters, 2);
	house->now += RECOVERY_KIT_PROVEN - 20 * 60;
	pass(house, 5 * 60);
	assert_int_equal(house->runtime.letters, 2);
	pass(house, 10 * 60);
	assert_int_equal(house->runtime.letters, 3);
}

static void scenario_06_a_repository_that_is_gone_is_told_of_once(void **state)
{
	struct house *house = *state;

	apply(house, TOLD);
	agent_source_trouble(
			house->agent, "ConnectionFailed", VIEW("nobody answers"), 3600);
	pass(house, 50 * 60);
	assert_int_equal(house->runtime.letters, 0);
	for (int hours = 0; hours < 7 * 24; hours++) {
		agent_source_trouble(house->agent, "ConnectionFailed",
				VIEW("nobody answers"), 3600);
		pass(house, 60 * 60);
	}
	assert_int_equal(house->runtime.letters, 1);
	assert_non_null(strstr(house->runtime.letter_subject, "ConnectionFailed"));
	agent_source_trouble(house->agent, NULL, VIEW_NULL, 0);
	pass(house, 24 * 60 * 60);
	assert_int_equal(house->runtime.letters, 2);
	assert_int_equal(rows(house), 0);
}

static void what_comes_and_goes_is_told_once(void **state)
{
	struct house *house = *state;

	apply(house, TOLD);
	fill_disk(house);
	pass(house, 11 * 60);
	for (int i = 0; i < 20; i++) {
		house->runtime.disk_free = 900000;
		pass(house, 2 * 60);
		fill_disk(house);
		pass(house, 2 * 60);
	}
	assert_int_equal(house->runtime.letters, 1);
}

static void a_restart_tells_nothing_again(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	apply(house, TOLD);
	fill_disk(house);
	pass(house, 11 * 60);
	assert_int_equal(house->runtime.letters, 1);
	house_restart(house, &result);
	fill_disk(house);
	pass(house, 24 * 60 * 60);
	assert_int_equal(house->runtime.letters, 0); /* of this process */
	house->runtime.disk_free = 900000;
	pass(house, 11 * 60);
	assert_int_equal(house->runtime.letters, 1);
	assert_non_null(strstr(house->runtime.letter_subject, "over: DiskLow"));
}

static void many_at_once_are_one_letter_a_minute(void **state)
{
	struct house *house = *state;

	apply(house, TOLD);
	fill_disk(house);
	house->runtime.queued_since = house->now - ALARM_QUEUE_AGE - 60;
	pass(house, 11 * 60);
	assert_int_equal(house->runtime.letters, 1);
	assert_string_equal(house->runtime.letter_subject,
			"[mail.a.example] DiskLow and 1 more");
	assert_non_null(strstr(house->runtime.letter_text, "QueueStuck"));

	/* the next ones: at most one in a minute */
	for (int i = 0; i < 30; i++) {
		unsigned char account[16] = { 0 };
		CLEANUP(arena_freep) struct arena *arena = arena_new();

		assert_true(hex_decode(house_uid(house, "user/anna", arena), account,
				sizeof(account)));
		telling_freeze(house->agent->telling, account, house->now + 1);
		pass(house, 2);
	}
	assert_true(house->runtime.letters <= 2);
}

static void a_gate_that_tripped_is_told_at_once(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf less = BUF_NULL(HOUSE_TEXT);

	apply(house, "domains: {a.example: {}}\n"
		     "users: {anna@a.example: {id: anna}, bo@a.example: {id: bo},\n"
		     "  cy@a.example: {id: cy}}\n"
		     "alerts: {to: [ops@elsewhere.example]}\n");
	house_state(&less, "domains: {a.example: {}}\n"
			   "users: {anna@a.example: {id: anna}}\n"
			   "alerts: {to: [ops@elsewhere.example]}\n");
	house_apply(house, buf_view(&less), &result);
	assert_int_equal(result.code, EXIT_GATE);
	pass(house, 1);
	assert_int_equal(house->runtime.letters, 1);
	assert_non_null(strstr(house->runtime.letter_subject, "PruneGate"));
	assert_non_null(strstr(house->runtime.letter_text, "posthus approve"));
}

static void a_certificate_that_nothing_renews_is_told_of(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	apply(house, TOLD);
	/* past what the next reconcile would do: nobody reconciles here */
	house->now += (walltime)400 * 24 * 60 * 60;
	telling_stale(house->agent->telling);
	pass(house, 2 * 24 * 60 * 60);
	assert_int_equal(house->runtime.letters, 1);
	assert_non_null(strstr(house->runtime.letter_subject, "certificate/"));
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &result), 0);
	pass(house, 11 * 60);
	assert_int_equal(house->runtime.letters, 2);
	assert_non_null(strstr(house->runtime.letter_subject, "over: certificate/"));
}

static void an_account_set_apart_is_told_of(void **state)
{
	struct house *house = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	apply(house, TOLD);
	assert_true(hex_decode(house_uid(house, "user/anna", arena),
			house->runtime.set_apart.uid, ACCOUNT_UID_SIZE));
	house->runtime.set_apart.why = QUARANTINE_DAMAGED;
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &result), 0);
	pass(house, 1);
	assert_int_equal(house->runtime.letters, 1);
	assert_string_equal(house->runtime.letter_subject,
			"[mail.a.example] user/anna FileDamaged");
}

static void A13_an_account_that_sends_too_much_is_told_of(void **state)
{
	struct house *house = *state;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	unsigned char account[16];

	apply(house, TOLD);
	assert_true(hex_decode(
			house_uid(house, "user/anna", arena), account, sizeof(account)));
	agent_sending_frozen(house->agent, account);
	pass(house, 1);
	assert_int_equal(house->runtime.letters, 1);
	assert_string_equal(house->runtime.letter_subject,
			"[mail.a.example] user/anna SendLimit");
}

static void what_cannot_be_written_now_is_written_later(void **state)
{
	struct house *house = *state;

	apply(house, TOLD);
	fill_disk(house);
	house->runtime.letter_outcome = RUNTIME_E_LATER;
	pass(house, 30 * 60);
	assert_int_equal(house->runtime.letters, 0);
	house->runtime.letter_outcome = 0;
	pass(house, 60);
	assert_int_equal(house->runtime.letters, 1);
	/* to whom nobody takes mail for is not tried for ever */
	house->runtime.letter_outcome = RUNTIME_E_NOBODY;
	house->runtime.disk_free = 900000;
	pass(house, 30 * 60);
	house->runtime.letter_outcome = 0;
	pass(house, 30 * 60);
	assert_int_equal(house->runtime.letters, 1);
}

static void without_alerts_nothing_is_looked_for(void **state)
{
	struct house *house = *state;

	apply(house, "domains: {a.example: {}}\n");
	fill_disk(house);
	pass(house, 60 * 60);
	assert_int_equal(rows(house), 0);
	assert_true(agent_alerts_deadline(house->agent) == NSTIME_NEVER);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(while_all_is_well_nobody_hears_and_nothing_is_written),
		CASE(what_mends_itself_is_not_told),
		CASE(what_lasts_is_told_once_and_its_end),
		CASE(a_kit_that_nobody_proves_is_told),
		CASE(scenario_06_a_repository_that_is_gone_is_told_of_once),
		CASE(what_comes_and_goes_is_told_once),
		CASE(a_restart_tells_nothing_again),
		CASE(many_at_once_are_one_letter_a_minute),
		CASE(a_gate_that_tripped_is_told_at_once),
		CASE(a_certificate_that_nothing_renews_is_told_of),
		CASE(an_account_set_apart_is_told_of),
		CASE(A13_an_account_that_sends_too_much_is_told_of),
		CASE(what_cannot_be_written_now_is_written_later),
		CASE(without_alerts_nothing_is_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

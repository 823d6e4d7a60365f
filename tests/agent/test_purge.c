/* How data goes, and how an object keeps it under another identity. */
#include "agent/database/account.h"
#include "agent/database/control_database.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"

#include <stdlib.h>

#define STATE(name, sections)                                                            \
	CLEANUP(buf_free) struct buf name = BUF_NULL(HOUSE_TEXT);                        \
	house_state(&name, sections)

#define DOMAIN "domains: {a.example: {}}\n"
#define ANNA   DOMAIN "users:\n  anna@a.example: {id: anna}\n"
#define BOTH   ANNA "  bo@a.example: {id: bo}\n"

#define COPIES                                                                           \
	"backups: {nightly: {to: {directory: /copies}}}\n"                               \
	"secrets: {recipients: {recovery: "                                              \
	"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p}}\n"

#define DAY ((walltime)86400)

static char *uid_of(struct house *house, const char *name)
{
	json_t *item = house_get(house, name);
	const char *text = json_string_value(json_object_get(item, "uid"));
	char *copy = xstrndup(text, strlen(text));

	json_decref(item);
	return copy;
}

static uint64_t count(struct house *house, const char *sql)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(house->agent->db, sql, &s), 0);
	assert_int_equal(statement_step(s), DATABASE_ROW);
	return column_u64(s, 0);
}

static void purge(struct house *house, const char *uid, struct agent_result *out)
{
	assert_int_equal(agent_purge(house->agent, VIEW("user/bo"), view_z(uid), false,
					 VIEW("uid 7"), out),
			0);
}

static void refused(struct house *house, const char *uid, const char *reason)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	purge(house, uid, &result);
	assert_int_not_equal(result.code, EXIT_FINE);
	assert_string_equal(result.reason, reason);
	assert_int_equal(count(house, "SELECT count(*) FROM key_slot"), 2);
}

static void data_goes_by_name_and_uid_after_its_time(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result gone = { 0 }, taken = { 0 };
	CLEANUP(freep) char *uid = NULL;
	STATE(both, BOTH);
	STATE(one, ANNA);

	house_must_apply(house, buf_view(&both));
	uid = uid_of(house, "user/bo");
	refused(house, uid, "StillDeclared");
	house_must_apply(house, buf_view(&one));
	refused(house, uid, "RetentionNotOver");
	house->now += 30 * DAY - 1;
	refused(house, uid, "RetentionNotOver");
	house->now++;
	refused(house, "00000000000000000000000000000000", "UidDiffers");
	purge(house, uid, &gone);
	assert_int_equal(gone.code, EXIT_FINE);
	assert_int_equal(gone.plan->counts[ACTION_PURGE], 1);
	assert_int_equal(count(house, "SELECT count(*) FROM key_slot"), 1);
	assert_int_equal(count(house, "SELECT count(*) FROM account"), 1);
	assert_int_equal(house->runtime.destroyed, 1);
	assert_int_equal(count(house, "SELECT count(*) FROM purged"), 0);

	/* Nobody else gets the address before ninety days are over. */
	house_apply(house, buf_view(&both), &taken);
	assert_int_equal(taken.code, EXIT_INVALID);
	assert_string_equal(taken.reason, "AddressQuarantined");
	house->now += 60 * DAY;
	house_must_apply(house, buf_view(&both));
}

static void files_that_are_in_use_go_later(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result gone = { 0 }, tick = { 0 };
	CLEANUP(freep) char *uid = NULL;
	STATE(both, BOTH);
	STATE(one, ANNA);

	house_must_apply(house, buf_view(&both));
	uid = uid_of(house, "user/bo");
	house_must_apply(house, buf_view(&one));
	house->now += 31 * DAY;
	house->runtime.busy = true;
	purge(house, uid, &gone);
	assert_int_equal(gone.code, EXIT_FINE);
	assert_int_equal(count(house, "SELECT count(*) FROM key_slot"), 1);
	assert_int_equal(count(house, "SELECT count(*) FROM purged"), 1);
	house->runtime.busy = false;
	house_restart(house, &tick);
	assert_int_equal(house->runtime.destroyed, 1);
	assert_int_equal(count(house, "SELECT count(*) FROM purged"), 0);
}

static void a_state_may_ask_for_it_ahead_of_time(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free)
	struct agent_result wrong = { 0 }, kept = { 0 }, gone = { 0 };
	CLEANUP(freep) char *uid = NULL;
	CLEANUP(buf_free) struct buf sections = BUF_NULL(HOUSE_TEXT);
	STATE(both, BOTH);
	STATE(one, ANNA);
	STATE(other, ANNA "purge: [{kind: user, id: bo, uid: "
			  "00000000000000000000000000000000}]\n");

	house_must_apply(house, buf_view(&both));
	uid = uid_of(house, "user/bo");
	house_must_apply(house, buf_view(&one));
	house_apply(house, buf_view(&other), &wrong);
	assert_int_equal(wrong.code, EXIT_INVALID);
	assert_string_equal(wrong.reason, "UidDiffers");
	buf_addf(&sections, ANNA "purge: [{kind: user, id: bo, uid: %s}]\n%c", uid, '\0');
	STATE(asked, sections.data);
	house_apply(house, buf_view(&asked), &kept);
	assert_int_equal(kept.code, EXIT_FINE);
	assert_int_equal(kept.plan->retained_count, 1);
	assert_int_equal(kept.plan->retained[0].until - kept.plan->retained[0].since,
			30 * DAY);
	house->now += 30 * DAY;
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &gone), 0);
	assert_int_equal(gone.plan->counts[ACTION_PURGE], 1);
	assert_int_equal(house->runtime.destroyed, 1);
}

static void ten_an_hour_at_most(void **state)
{
	struct house *house = *state;
	CLEANUP(buf_free) struct buf users = BUF_NULL(HOUSE_TEXT);
	CLEANUP(buf_free) struct buf purges = BUF_NULL(HOUSE_TEXT);
	CLEANUP(agent_result_free) struct agent_result first = { 0 }, second = { 0 };

	buf_add_z(&users, ANNA);
	for (int i = 0; i < 12; i++)
		buf_addf(&users, "  u%d@a.example: {}\n", i);
	buf_add_byte(&users, '\0');
	STATE(all, users.data);
	STATE(rest, ANNA "policy: {gates: {users: {percent: 100}}}\n");
	STATE(loose, users.data);
	buf_add_z(&loose, "policy: {gates: {users: {percent: 100}}}\n");

	house_must_apply(house, buf_view(&all));
	house_must_apply(house, buf_view(&loose));
	buf_add_z(&purges, ANNA "policy: {gates: {users: {percent: 100}}}\npurge:\n");
	for (int i = 0; i < 12; i++) {
		char name[32];
		char *uid;

		snprintf(name, sizeof(name), "user/u%d@a.example", i);
		uid = uid_of(house, name);
		buf_addf(&purges, "  - {kind: user, id: u%d@a.example, uid: %s}\n", i,
				uid);
		free(uid);
	}
	buf_add_byte(&purges, '\0');
	STATE(asked, purges.data);
	house_must_apply(house, buf_view(&rest));
	house->now += 31 * DAY;
	house_apply(house, buf_view(&asked), &first);
	assert_int_equal(first.plan->counts[ACTION_PURGE], 10);
	house->now += 3601;
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_SIGNAL, &second), 0);
	assert_int_equal(second.plan->counts[ACTION_PURGE], 2);
}

/* Of a machine that lets its state write there. */
static void open_with_copies(
		struct house *house, struct agent_file *file, struct view *folder)
{
	agent_file_defaults(file);
	file->write = folder;
	file->write_count = 1;
	house_close(house);
	house->file = file;
	house_open(house);
}

/* What came of the backup, as its row says it. */
static void back_up(struct house *house, walltime good, walltime verified)
{
	CLEANUP(statement_done) struct statement *s = NULL;

	assert_int_equal(database_prepare(house->agent->db,
					 "INSERT OR REPLACE INTO backup SELECT uid, ?1, "
					 "?1, ?2, 0, 0, 0, 0, 0, '', '', '' FROM object"
					 " WHERE kind = 'backup'",
					 &s),
			0);
	bind_i64(s, 1, good);
	bind_i64(s, 2, verified);
	assert_int_equal(statement_run(s), 0);
}

/* Behind its time, too: a backup has to have it, and that one has to have been read since. */
static void what_no_backup_has_stays(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result gone = { 0 };
	CLEANUP(freep) char *uid = NULL;
	struct view folder = VIEW("/copies");
	struct agent_file file;
	walltime left;
	STATE(both, BOTH COPIES);
	STATE(one, ANNA COPIES);

	open_with_copies(house, &file, &folder);
	house_must_apply(house, buf_view(&both));
	uid = uid_of(house, "user/bo");
	house_must_apply(house, buf_view(&one));
	left = house->now;
	house->now += 31 * DAY;
	refused(house, uid, "NotBackedUp");
	back_up(house, left - 1, left + DAY);
	refused(house, uid, "NotBackedUp");
	back_up(house, left + DAY, left);
	refused(house, uid, "NotBackedUp");
	back_up(house, left + DAY, left + DAY);
	purge(house, uid, &gone);
	assert_int_equal(gone.code, EXIT_FINE);
	assert_int_equal(gone.plan->counts[ACTION_PURGE], 1);
	house_close(house);
}

static void who_asks_by_hand_may_need_no_backup(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result gone = { 0 };
	CLEANUP(freep) char *uid = NULL;
	struct view folder = VIEW("/copies");
	struct agent_file file;
	STATE(both, BOTH COPIES);
	STATE(one, ANNA COPIES);

	open_with_copies(house, &file, &folder);
	house_must_apply(house, buf_view(&both));
	uid = uid_of(house, "user/bo");
	house_must_apply(house, buf_view(&one));
	house->now += 31 * DAY;
	assert_int_equal(agent_purge(house->agent, VIEW("user/bo"), view_z(uid), true,
					 VIEW("uid 7"), &gone),
			0);
	assert_int_equal(gone.plan->counts[ACTION_PURGE], 1);
	house_close(house);
}

static void what_moves_keeps_its_uid(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result moved = { 0 }, again = { 0 };
	CLEANUP(freep) char *before = NULL, *after = NULL;
	STATE(old, BOTH);
	STATE(new, ANNA "  robert@a.example: {id: robert}\n"
			"moved: [{kind: user, from: bo, to: robert}]\n");

	house_must_apply(house, buf_view(&old));
	before = uid_of(house, "user/bo");
	house_apply(house, buf_view(&new), &moved);
	assert_int_equal(moved.code, EXIT_FINE);
	assert_int_equal(moved.plan->counts[ACTION_MOVE], 1);
	assert_int_equal(moved.plan->change_count, 1);
	after = uid_of(house, "user/robert");
	assert_string_equal(before, after);
	house_apply(house, buf_view(&new), &again);
	assert_int_equal(again.plan->change_count, 0);
}

static void what_has_no_id_moves_by_its_address(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result moved = { 0 }, later = { 0 };
	CLEANUP(freep) char *before = NULL, *after = NULL;
	STATE(old, ANNA "  bo@a.example: {}\n");
	STATE(new, ANNA "  robert@a.example: {}\n"
			"moved: [{kind: user, from: bo@a.example, to: "
			"robert@a.example}]\n");
	STATE(past, ANNA "  robert@a.example: {}\n");

	house_must_apply(house, buf_view(&old));
	before = uid_of(house, "user/bo@a.example");
	house_apply(house, buf_view(&new), &moved);
	assert_int_equal(moved.plan->counts[ACTION_MOVE], 1);
	house_apply(house, buf_view(&past), &later);
	assert_int_equal(later.plan->change_count, 0);
	after = uid_of(house, "user/robert@a.example");
	assert_string_equal(before, after);
}

static void nothing_moves_onto_another(void **state)
{
	struct house *house = *state;
	CLEANUP(agent_result_free) struct agent_result refused = { 0 };
	STATE(old, BOTH "  carl@a.example: {id: carl}\n");
	STATE(less, ANNA "  bo@a.example: {id: bo}\n");
	STATE(new, ANNA "  carla@a.example: {id: carl}\n"
			"moved: [{kind: user, from: bo, to: carl}]\n");

	house_must_apply(house, buf_view(&old));
	house_must_apply(house, buf_view(&less));
	house_apply(house, buf_view(&new), &refused);
	assert_int_equal(refused.code, EXIT_INVALID);
	assert_string_equal(refused.reason, "IdTaken");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(data_goes_by_name_and_uid_after_its_time),
		STORY(files_that_are_in_use_go_later),
		STORY(a_state_may_ask_for_it_ahead_of_time),
		STORY(ten_an_hour_at_most),
		STORY(what_no_backup_has_stays),
		STORY(who_asks_by_hand_may_need_no_backup),
		STORY(what_moves_keeps_its_uid),
		STORY(what_has_no_id_moves_by_its_address),
		STORY(nothing_moves_onto_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

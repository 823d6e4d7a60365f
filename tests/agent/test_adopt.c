/* Account files that control.db does not know: it was lost, or an older one was put back. */
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "tests/agent/house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                             \
	"version: 1\nhosts: {mail: {name: mail.a.example}}\ndomains: {a.example: {}}\n"
#define TWO_USERS                                                                        \
	HEAD "users: {anna@a.example: {id: anna}, bo@a.example: {}}\n"                   \
	     "shared: {office@a.example: {id: office, members: {anna: write}}}\n"

/* -- a house and what lies in it -- */

/* The uid of an object, in hexadecimal. */
static void uid_of(struct house *house, const char *name, char out[UID_TEXT + 1])
{
	json_t *object = house_get(house, name);
	const char *uid = json_string_value(json_object_get(object, "uid"));

	assert_non_null(uid);
	snprintf(out, UID_TEXT + 1, "%s", uid);
	json_decref(object);
}

static void path_of(const struct house *house, const char *uid, char *out, size_t size)
{
	snprintf(out, size, "%s/accounts/%.2s/%s.db", house->directory, uid, uid);
}

/* As the runtime would at the first message. */
static void make_file(const struct house *house, const char *uid)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/accounts/%.2s", house->directory, uid);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	path_of(house, uid, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, path, sizeof(path)), sizeof(path));
	close(fd);
}

static void assert_file(const struct house *house, const char *uid)
{
	char path[256];

	path_of(house, uid, path, sizeof(path));
	assert_int_equal(access(path, F_OK), 0);
}

static void remove_file(const struct house *house, const char *name)
{
	static const char *const endings[] = { "", "-wal" };

	for (size_t i = 0; i < 2; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s%s", house->directory, name,
				endings[i]);
		(void)unlink(path);
	}
}

/* The agent comes up again after these are gone. */
static void lose(struct house *house, const char *const *names, size_t count)
{
	house_close(house);
	for (size_t i = 0; i < count; i++)
		remove_file(house, names[i]);
	house->runtime.configuration = NULL;
	house_open(house);
}

static void lose_control(struct house *house)
{
	static const char *const names[] = { "control.db" };

	lose(house, names, 1);
}

static void apply_way(struct house *house, const char *text, enum unowned_way way,
		struct agent_result *out)
{
	const struct source_file file = { VIEW("state.yaml"), view_z(text) };
	const struct agent_source source = {
		.files = &file, .count = 1, .origin = VIEW("test"), .unowned = way
	};
	const struct agent_apply_options options = { .actor = VIEW("test") };

	assert_int_equal(agent_apply(house->agent, &source, &options, out), 0);
}

static bool result_says(const struct agent_result *result, const char *words)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_print(result, &text);
	if (view_find_view(buf_view(&text), view_z(words)) < text.len)
		return true;
	print_message("%.*s\n", VIEW_ARG(buf_view(&text)));
	return false;
}

static void key_of(struct house *house, const char *account, struct secret *out)
{
	CLEANUP(freep) char *path = NULL;

	assert_int_equal(agent_account_key_export(house->agent, view_z(account),
					 VIEW("test"), out, &path),
			0);
}

/* -- stories -- */

/* The files find their accounts again, under the keys that they have; nothing is purged. */
static void scenario_18_control_database_lost(void **state)
{
	CLEANUP(agent_result_free) struct agent_result asked = { 0 }, planned = { 0 };
	CLEANUP(agent_result_free) struct agent_result adopted = { 0 }, again = { 0 };
	CLEANUP(secret_free) struct secret before = SECRET_NULL, after = SECRET_NULL;
	char anna[UID_TEXT + 1], bo[UID_TEXT + 1], office[UID_TEXT + 1];
	char now[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	uid_of(house, "user/bo@a.example", bo);
	uid_of(house, "shared/office", office);
	key_of(house, "anna", &before);
	make_file(house, anna);
	make_file(house, office);
	lose_control(house);

	house_plan(house, VIEW(TWO_USERS), &planned);
	assert_int_equal(planned.code, EXIT_GATE);
	assert_string_equal(planned.reason, "AdoptionNeeded");
	assert_int_equal(planned.plan->counts[ACTION_ADOPT], 2);
	assert_true(result_says(&planned, "+ user anna"));
	assert_true(result_says(&planned, "adopt the file that is here"));
	assert_true(result_says(&planned, anna));
	apply_way(house, TWO_USERS, UNOWNED_ASKED, &asked);
	assert_int_equal(asked.code, EXIT_GATE);
	assert_int_equal(asked.generation, 0);
	assert_int_equal(asked.serial, 0);

	apply_way(house, TWO_USERS, UNOWNED_ADOPTED, &adopted);
	assert_int_equal(adopted.code, EXIT_FINE);
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
	uid_of(house, "shared/office", now);
	assert_string_equal(now, office);
	/* His file was never made: he begins anew, and loses nothing. */
	uid_of(house, "user/bo@a.example", now);
	assert_string_not_equal(now, bo);
	key_of(house, "anna", &after);
	assert_true(view_eq(secret_expose(&before), secret_expose(&after)));
	assert_file(house, anna);
	assert_file(house, office);
	assert_int_equal(house->runtime.destroyed, 0);
	house_apply(house, VIEW(TWO_USERS), &again);
	assert_int_equal(again.code, EXIT_FINE);
	assert_int_equal(again.plan->change_count, 0);
}

/* An older control.db does not know who came since. */
static void scenario_18_older_control_database_put_back(void **state)
{
	static const char first[] = HEAD "users: {anna@a.example: {id: anna}}\n";
	CLEANUP(agent_result_free) struct agent_result asked = { 0 }, adopted = { 0 };
	char command[256], bo[UID_TEXT + 1], now[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, view_z(first));
	house_close(house);
	snprintf(command, sizeof(command), "cp %s/control.db %s/kept", house->directory,
			house->directory);
	assert_int_equal(system(command), 0);
	house_open(house);
	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/bo@a.example", bo);
	make_file(house, bo);
	house_close(house);
	remove_file(house, "control.db");
	snprintf(command, sizeof(command), "mv %s/kept %s/control.db", house->directory,
			house->directory);
	assert_int_equal(system(command), 0);
	house_open(house);

	apply_way(house, TWO_USERS, UNOWNED_ASKED, &asked);
	assert_int_equal(asked.code, EXIT_GATE);
	assert_string_equal(asked.reason, "AdoptionNeeded");
	apply_way(house, TWO_USERS, UNOWNED_ADOPTED, &adopted);
	assert_int_equal(adopted.code, EXIT_FINE);
	uid_of(house, "user/bo@a.example", now);
	assert_string_equal(now, bo);
}

/* By her id, whatever her address was. */
static void a_state_says_itself_what_is_adopted(void **state)
{
	static const char one[] = HEAD "users: {anna@a.example: {id: anna, adopt: true}, "
				       "bo@a.example: {}}\n"
				       "shared: {office@a.example: {id: office, members: "
				       "{anna: write}}}\n";
	static const char both[] = HEAD "users: {anna@a.example: {id: anna, adopt: "
					"true}, bo@a.example: {}}\n"
					"shared: {office@a.example: {id: office, "
					"members: {anna: write},\n"
					"  adopt: true}}\n";
	CLEANUP(agent_result_free) struct agent_result asked = { 0 }, adopted = { 0 };
	char anna[UID_TEXT + 1], office[UID_TEXT + 1], now[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	uid_of(house, "shared/office", office);
	make_file(house, anna);
	make_file(house, office);
	lose_control(house);

	apply_way(house, one, UNOWNED_ASKED, &asked);
	assert_int_equal(asked.code, EXIT_GATE);
	assert_string_equal(asked.reason, "AdoptionNeeded");
	assert_true(result_says(&asked, "1 account files are here"));
	assert_int_equal(asked.generation, 0);

	apply_way(house, both, UNOWNED_ASKED, &adopted);
	assert_int_equal(adopted.code, EXIT_FINE);
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
	uid_of(house, "shared/office", now);
	assert_string_equal(now, office);
	/* said no more, it changes nothing that lives */
	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
}

static void a_renamed_account_is_adopted_by_its_id(void **state)
{
	static const char later[] = HEAD "users: {ann@a.example: {id: anna}}\n";
	CLEANUP(agent_result_free) struct agent_result adopted = { 0 };
	char anna[UID_TEXT + 1], now[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	make_file(house, anna);
	lose_control(house);
	apply_way(house, later, UNOWNED_ADOPTED, &adopted);
	assert_int_equal(adopted.code, EXIT_FINE);
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
}

static void abandoned_files_stay(void **state)
{
	CLEANUP(agent_result_free) struct agent_result abandoned = { 0 }, again = { 0 };
	char anna[UID_TEXT + 1], now[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	make_file(house, anna);
	lose_control(house);
	apply_way(house, TWO_USERS, UNOWNED_ABANDONED, &abandoned);
	assert_int_equal(abandoned.code, EXIT_FINE);
	uid_of(house, "user/anna", now);
	assert_string_not_equal(now, anna);
	assert_file(house, anna);
	apply_way(house, TWO_USERS, UNOWNED_ASKED, &again);
	assert_int_equal(again.code, EXIT_FINE);
}

/* Without the deeds nobody can tell whose a file is, and no key opens it. */
static void lost_keys_are_said_and_nothing_is_made_over_them(void **state)
{
	static const char *const names[] = { "control.db", "accounts/deeds.db" };
	CLEANUP(agent_result_free) struct agent_result asked = { 0 }, adopted = { 0 };
	CLEANUP(agent_result_free) struct agent_result abandoned = { 0 };
	char anna[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	make_file(house, anna);
	lose(house, names, 2);
	apply_way(house, TWO_USERS, UNOWNED_ASKED, &asked);
	assert_int_equal(asked.code, EXIT_INVALID);
	assert_string_equal(asked.reason, "KeysLost");
	assert_true(result_says(&asked, "1 account files are here whose keys"));
	apply_way(house, TWO_USERS, UNOWNED_ADOPTED, &adopted);
	assert_string_equal(adopted.reason, "KeysLost");
	apply_way(house, TWO_USERS, UNOWNED_ABANDONED, &abandoned);
	assert_int_equal(abandoned.code, EXIT_FINE);
	assert_file(house, anna);
}

/* Deeds of accounts that were made before there were any. */
static void deeds_are_made_up_for(void **state)
{
	static const char *const names[] = { "accounts/deeds.db" };
	CLEANUP(agent_result_free) struct agent_result adopted = { 0 };
	char anna[UID_TEXT + 1], now[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	make_file(house, anna);
	lose(house, names, 1);
	lose_control(house);
	apply_way(house, TWO_USERS, UNOWNED_ADOPTED, &adopted);
	assert_int_equal(adopted.code, EXIT_FINE);
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
}

/* They are a second place, and no reason not to start: whole ones are made, and what was there
 * is kept. */
static void damaged_deeds_are_set_aside(void **state)
{
	CLEANUP(agent_result_free) struct agent_result adopted = { 0 };
	char path[256], anna[UID_TEXT + 1], now[UID_TEXT + 1];
	struct house *house = *state;
	int fd;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "user/anna", anna);
	make_file(house, anna);
	house_close(house);
	snprintf(path, sizeof(path), "%s/accounts/deeds.db", house->directory);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "damaged", 7, 500), 7);
	close(fd);
	house_open(house);
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
	snprintf(path, sizeof(path), "%s/accounts/deeds.damaged", house->directory);
	assert_int_equal(access(path, F_OK), 0);
	lose_control(house);
	apply_way(house, TWO_USERS, UNOWNED_ADOPTED, &adopted);
	assert_int_equal(adopted.code, EXIT_FINE);
	uid_of(house, "user/anna", now);
	assert_string_equal(now, anna);
}

/* An account of another kind has the address: it is no user's. */
static void another_kind_is_not_adopted(void **state)
{
	static const char user[] = HEAD "users: {office@a.example: {}}\n";
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	char office[UID_TEXT + 1];
	struct house *house = *state;

	house_must_apply(house, VIEW(TWO_USERS));
	uid_of(house, "shared/office", office);
	make_file(house, office);
	lose_control(house);
	apply_way(house, user, UNOWNED_ADOPTED, &result);
	assert_int_equal(result.code, EXIT_INVALID);
	assert_string_equal(result.reason, "AddressKept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(scenario_18_control_database_lost,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				scenario_18_older_control_database_put_back, house_setup,
				house_teardown),
		cmocka_unit_test_setup_teardown(a_state_says_itself_what_is_adopted,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(a_renamed_account_is_adopted_by_its_id,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				abandoned_files_stay, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				lost_keys_are_said_and_nothing_is_made_over_them,
				house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				deeds_are_made_up_for, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				damaged_deeds_are_set_aside, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(
				another_kind_is_not_adopted, house_setup, house_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

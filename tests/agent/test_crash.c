/* Killed at any write of an apply, or out of room from that write on, the house is as it
 * was or as it shall be, and the next apply ends the matter. For the kill a child of this
 * process applies; its n-th write of the database is cut in half and is its last. */
#include "agent/database/journal.h"
#include "agent/inside.h"
#include "tests/agent/house.h"
#include "tests/agent/writes.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MOST_WRITES = 400,
};

/* RSA keys would take more time than all the rest. */
#define SIGNS "{dkim: {algorithms: [ed25519]}}"

static const char before_text[] = "domains: {a.example: " SIGNS "}\n"
				  "users:\n"
				  "  anna@a.example: {id: anna}\n"
				  "  bo@a.example: {id: bo}\n";

static const char after_text[] = "domains: {a.example: " SIGNS ", b.example: " SIGNS "}\n"
				 "users:\n"
				 "  anna.lee@a.example: {id: anna, quota: 2GiB}\n"
				 "  carl@b.example: {id: carl}\n"
				 "aliases: {info@a.example: [anna, carl]}\n";

/* Applies until it is killed; never returns. */
static void apply_and_die(struct house *house, struct view state, long nth)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };

	house_open(house);
	writes_left = nth;
	house_apply(house, state, &result);
	writes_left = 0;
	_exit(result.code == EXIT_FINE ? 0 : 1);
}

static size_t count_objects(struct house *house)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(object_set_deinit) struct object_set set = OBJECT_SET_NULL;

	assert_int_equal(object_set_load(house->agent->db, arena, &set), 0);
	return set.count;
}

/* Either all of the change or nothing of it. */
static void check_whole(struct house *house)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf report = BUF_NULL(4096);
	uint64_t seq = 0;

	house_open(house);
	assert_int_equal(database_integrity_check(house->agent->db, &report), 0);
	assert_int_equal(audit_verify(house->agent->db, &seq), AUDIT_OK);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_START, &result), 0);
	assert_int_equal(result.code, EXIT_FINE);
	assert_int_equal(result.plan->change_count, 0);
	assert_true(result.generation == 1 || result.generation == 2);
}

static void check_converges(struct house *house, struct view after, size_t *objects)
{
	CLEANUP(agent_result_free) struct agent_result again = { 0 };

	house_must_apply(house, after);
	house_apply(house, after, &again);
	assert_int_equal(again.plan->change_count, 0);
	assert_int_equal(again.generation, 2);
	if (*objects == 0)
		*objects = count_objects(house);
	assert_int_equal(count_objects(house), *objects);
}

/* True once the child came through. */
static bool one_kill(long nth, size_t *objects)
{
	CLEANUP(buf_free) struct buf before = BUF_NULL(HOUSE_TEXT), after = before;
	struct house *house;
	void *state;
	int status;
	pid_t child;

	house_state(&before, before_text);
	house_state(&after, after_text);
	house_setup(&state);
	house = state;
	house_must_apply(house, buf_view(&before));
	house_close(house);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		apply_and_die(house, buf_view(&after), nth);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == WRITES_KILLED || WEXITSTATUS(status) == 0);
	check_whole(house);
	check_converges(house, buf_view(&after), objects);
	house_teardown(&state);
	return WEXITSTATUS(status) == 0;
}

static void every_write_may_be_the_last(void **state)
{
	size_t objects = 0;
	long nth = 1;

	(void)state;
	while (!one_kill(nth, &objects) && nth < MOST_WRITES)
		nth++;
	assert_true(nth > 5 && nth < MOST_WRITES);
}

/* From the nth write on there is no room. True once there was enough. */
static bool one_full_disk(long nth)
{
	CLEANUP(buf_free) struct buf before = BUF_NULL(HOUSE_TEXT), after = before;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	struct configuration *running;
	struct house *house;
	void *state;
	size_t objects = 0;
	bool enough;

	house_state(&before, before_text);
	house_state(&after, after_text);
	house_setup(&state);
	house = state;
	house_must_apply(house, buf_view(&before));
	running = house->runtime.configuration;
	writes_find_no_room = true;
	writes_left = nth;
	house_apply(house, buf_view(&after), &result);
	enough = result.code == EXIT_FINE;
	writes_left = 0;
	writes_find_no_room = false;
	if (!enough) {
		assert_int_equal(result.code, EXIT_ERROR);
		assert_string_equal(result.reason, "DiskFull");
		assert_int_equal(result.generation, 1);
		assert_ptr_equal(house->runtime.configuration, running);
	}
	check_converges(house, buf_view(&after), &objects);
	house_teardown(&state);
	return enough;
}

static void a_full_disk_changes_nothing(void **state)
{
	long nth = 1;

	(void)state;
	while (!one_full_disk(nth) && nth < MOST_WRITES)
		nth++;
	assert_true(nth > 5 && nth < MOST_WRITES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_write_may_be_the_last),
		cmocka_unit_test(a_full_disk_changes_nothing),
	};

	writes_watch();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which snapshots stay, what goes, and that a run or a prune that ends anywhere hurts nothing. */
#include "backup_house.h"
#include "target_faults.h"

#include "agent/backup/keep.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR ((walltime)3600)
#define DAY  ((walltime)86400)

/* -- the policy -- */

static void the_newest_of_each_period_stays(void **state)
{
	/* clang-format off */
	static const struct {
		struct vault_keep keep;
		const char *kept; /* of those below, the newest last */
	} rows[] = {
		{ { .daily = 0 },               ".........x" },
		{ { .hourly = 3 },              "......x.xx" },
		{ { .daily = 2 },               ".....x...x" },
		{ { .daily = 7 },               "x.xxxx...x" },
		{ { .weekly = 2 },              "....x....x" },
		{ { .monthly = 2 },             "..x......x" },
		{ { .yearly = 9 },              "..x......x" },
		{ { .hourly = 1, .weekly = 2 }, "....x....x" },
	};
	/* 30 and 31 December 2025, a Sunday 4 January 2026, Monday and Tuesday after it. */
	static const walltime at[] = {
		1767052800 + 2 * HOUR, 1767139200 + 1 * HOUR, 1767139200 + 9 * HOUR,
		1767225600 + 5 * HOUR,                                /* 1 January */
		1767484800 + 3 * HOUR,                                /* Sunday */
		1767571200 + 3 * HOUR,                                /* Monday */
		1767657600 + 3 * HOUR, 1767657600 + 4 * HOUR,         /* Tuesday */
		1767657600 + 4 * HOUR + 1800, 1767657600 + 6 * HOUR,
	};
	/* clang-format on */
	bool keep[ARRAY_LEN(at)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		keep_choose(&rows[i].keep, at, ARRAY_LEN(at), keep);
		for (size_t k = 0; k < ARRAY_LEN(at); k++)
			if (keep[k] != (rows[i].kept[k] == 'x'))
				fail_msg("row %zu: snapshot %zu %s", i, k,
						keep[k] ? "stays" : "goes");
	}
}

/* -- pruning -- */

static struct vault_pruned prune(struct backup_house *house,
		const struct vault_keep *keep, walltime now, int outcome)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	struct vault_pruned pruned = { 0 };

	assert_int_equal(vault_open(&house->writing, &vault, &house->trouble), VAULT_OK);
	assert_int_equal(
			vault_prune(vault, keep, now, &pruned, &house->trouble), outcome);
	return pruned;
}

static void fill_house(struct backup_house *house, uint64_t seed)
{
	house_new(house, seed);
	house_file_add(house, "a.db", 300000, VAULT_PAGES, false);
	house_file_add(house, "b.db", 200000, VAULT_PAGES, false);
	house_file_add(house, "words", 50000, VAULT_STREAM, true);
}

/* All of a file anew, so that the snapshot before needs packs of its own. */
static void write_anew(struct backup_house *house, size_t i)
{
	for (size_t at = 0; at < house->files[i].len; at++)
		house->files[i].bytes[at] = (char)house_random(house);
	house->files[i].version++;
}

static void what_nothing_needs_goes_after_the_grace(void **state)
{
	const struct vault_keep keep = { .daily = 1 };
	struct backup_house house;
	struct vault_pruned pruned;
	struct house_run last;

	(void)state;
	fill_house(&house, 3);
	house_backup(&house, true, DAY);
	write_anew(&house, 0);
	house_backup(&house, true, 2 * DAY);
	write_anew(&house, 0);
	last = house_backup(&house, true, 3 * DAY);
	pruned = prune(&house, &keep, 3 * DAY, VAULT_OK);
	assert_int_equal(pruned.kept, 1);
	assert_int_equal(pruned.dropped, 2);
	assert_int_equal(pruned.marked, 1); /* the first pack has the other files, too */
	assert_int_equal(pruned.removed, 0);
	pruned = prune(&house, &keep, 4 * DAY - 1, VAULT_OK);
	assert_int_equal(pruned.removed, 0);
	pruned = prune(&house, &keep, 4 * DAY, VAULT_OK);
	assert_int_equal(pruned.removed, 1);
	assert_true(pruned.bytes > 300000);
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	assert_true(house_restores(&house, &last.id));
	last = house_backup(&house, true, 5 * DAY);
	prune(&house, &keep, 6 * DAY, VAULT_OK); /* the mark goes, too */
	assert_true(house_restores(&house, &last.id));
	assert_int_equal(house_findings(&house, VAULT_DEEP, false), 0);
	house_end(&house);
}

/* A writer that began before the mark leans on what the mark has: its snapshot saves it. */
static void a_writer_meanwhile_is_not_hurt(void **state)
{
	const struct vault_keep keep = { .daily = 1 };
	CLEANUP(vault_freep) struct vault *vault = NULL;
	CLEANUP(vault_writer_freep) struct vault_writer *writer = NULL;
	struct vault_file file = { .path = VIEW("a.db"), .shape = VAULT_PAGES };
	struct backup_house house;
	struct vault_pruned pruned;
	struct vault_id id;
	char *old;
	bool same;

	(void)state;
	fill_house(&house, 4);
	house_backup(&house, true, DAY);
	write_anew(&house, 0);
	house_backup(&house, true, 2 * DAY);
	old = xmalloc(house.files[0].len);
	memcpy(old, house.files[0].bytes, house.files[0].len);
	write_anew(&house, 0);
	house_backup(&house, true, 3 * DAY);

	assert_int_equal(vault_open(&house.writing, &vault, &house.trouble), VAULT_OK);
	assert_int_equal(vault_write(vault, &writer, &house.trouble), VAULT_OK);
	pruned = prune(&house, &keep, 3 * DAY, VAULT_OK);
	assert_int_equal(pruned.marked, 1);
	assert_int_equal(vault_file_begin(writer, &file, &same), VAULT_OK);
	assert_int_equal(vault_add(writer, view_of(old, house.files[0].len)), VAULT_OK);
	assert_int_equal(vault_file_end(writer), VAULT_OK);
	assert_int_equal(vault_commit(writer, VIEW_NULL, 3 * DAY + 10, &id), VAULT_OK);
	pruned = prune(&house, &keep, 5 * DAY, VAULT_OK);
	assert_int_equal(pruned.removed, 0);
	assert_int_equal(house_reads(&house, &id), VAULT_END);
	free(old);
	house_end(&house);
}

static void a_writer_does_not_lean_on_what_goes(void **state)
{
	const struct vault_keep keep = { .daily = 1 };
	struct backup_house house;
	struct house_run run;
	char *old;

	(void)state;
	fill_house(&house, 5);
	house_backup(&house, true, DAY);
	write_anew(&house, 0);
	house_backup(&house, true, 2 * DAY);
	old = xmalloc(house.files[0].len);
	memcpy(old, house.files[0].bytes, house.files[0].len);
	write_anew(&house, 0);
	house_backup(&house, true, 3 * DAY);
	prune(&house, &keep, 3 * DAY, VAULT_OK);
	memcpy(house.files[0].bytes, old, house.files[0].len);
	house.files[0].version = 77;
	run = house_backup(&house, true, 3 * DAY + 10);
	assert_true(run.sent > house.files[0].len);
	assert_int_equal(prune(&house, &keep, 5 * DAY, VAULT_OK).removed, 1);
	assert_true(house_restores(&house, &run.id));
	free(old);
	house_end(&house);
}

static void a_place_that_lets_nothing_go_says_so(void **state)
{
	const struct vault_keep keep = { .daily = 1 };
	struct backup_house house;
	struct vault_pruned pruned;

	(void)state;
	fill_house(&house, 6);
	house_backup(&house, true, DAY);
	write_anew(&house, 0);
	house_backup(&house, true, 2 * DAY);
	faults_refuse_removal(true);
	pruned = prune(&house, &keep, 3 * DAY, VAULT_OK);
	faults_refuse_removal(false);
	assert_true(pruned.refused);
	assert_int_equal(pruned.removed, 0);
	house_end(&house);
}

/* Somebody took a snapshot away: its packs stay until a person has said that it is lost. */
static void nothing_goes_while_a_snapshot_is_missing(void **state)
{
	const struct vault_keep keep = { .daily = 1 };
	struct backup_house house;
	char command[200];

	(void)state;
	fill_house(&house, 7);
	house_backup(&house, true, DAY);
	write_anew(&house, 0);
	house_backup(&house, true, 2 * DAY);
	write_anew(&house, 0);
	house_backup(&house, true, 3 * DAY);
	snprintf(command, sizeof(command), "rm %s/snapshots/0000000000000002-*",
			house.target);
	assert_int_equal(system(command), 0);
	prune(&house, &keep, 4 * DAY, VAULT_E_LOST);
	assert_true(house_findings(&house, VAULT_QUICK, true) > 0);
	house_backup(&house, true, 4 * DAY);
	prune(&house, &keep, 4 * DAY, VAULT_E_LOST);
	assert_int_equal(vault_accept_loss(&house.writing), 0);
	house_backup(&house, true, 5 * DAY);
	assert_int_equal(house_findings(&house, VAULT_QUICK, true), 0);
	assert_int_equal(prune(&house, &keep, 5 * DAY, VAULT_OK).marked, 1);
	snprintf(command, sizeof(command), "rm %s/snapshots/*", house.target);
	assert_int_equal(system(command), 0);
	prune(&house, &keep, 9 * DAY, VAULT_E_LOST);
	house_end(&house);
}

/* -- the end, anywhere -- */

/* Every snapshot that is listed can be read; nothing is amiss. */
static void check_whole(struct backup_house *house, uint64_t at)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	const struct vault_snapshot *snapshots;
	size_t count;
	int r = vault_open(&house->reading, &vault, &house->trouble);

	if (r == VAULT_E_NONE)
		return;
	assert_int_equal(r, VAULT_OK);
	assert_int_equal(vault_snapshots(vault, &snapshots, &count, &house->trouble),
			VAULT_OK);
	for (size_t i = 0; i < count; i++)
		if (house_reads(house, &snapshots[i].id) != VAULT_END)
			fail_msg("call %llu: a snapshot that is listed cannot be read: "
				 "%s",
					(unsigned long long)at, house->trouble.message);
}

static uint64_t life(struct backup_house *house, uint64_t end, bool once)
{
	const struct vault_keep keep = { .daily = 2 };
	CLEANUP(vault_freep) struct vault *vault = NULL;
	struct vault_pruned pruned;
	uint64_t calls;
	walltime now = DAY;

	fill_house(house, 9);
	if (once)
		faults_fail_at(end);
	else
		faults_end_at(end);
	for (int i = 0; i < 5; i++, now += DAY) {
		house_backup(house, true, now);
		write_anew(house, (size_t)(i % 2));
		if (i >= 2 && vault_open(&house->writing, &vault, &house->trouble) ==
						VAULT_OK)
			(void)!vault_prune(vault, &keep, now + HOUR, &pruned,
					&house->trouble);
		vault_free(TAKE(vault));
	}
	calls = faults_calls();
	faults_end_at(0);
	return calls;
}

/* A life of five days, which ends at the n-th call to the target, or in which that one fails; for
 * every third n, or every n where POSTHUS_ROUNDS is set. What follows goes well. */
static void a_life_may_end_anywhere(void **state)
{
	const struct vault_keep keep = { .daily = 2 };
	struct backup_house house;
	const char *rounds = getenv("POSTHUS_ROUNDS");
	uint64_t calls = life(&house, 0, false), step;

	(void)state;
	house_end(&house);
	assert_true(calls > 20);
	step = rounds ? 1 : 3;
	for (uint64_t n = 1; n <= 2 * calls; n += step) {
		bool once = n > calls;
		struct house_run run;

		life(&house, once ? n - calls : n, once);
		check_whole(&house, n);
		run = house_backup(&house, true, 10 * DAY);
		if (run.outcome)
			fail_msg("call %llu: the next run: %d %s", (unsigned long long)n,
					run.outcome, house.trouble.message);
		prune(&house, &keep, 10 * DAY, VAULT_OK);
		prune(&house, &keep, 12 * DAY, VAULT_OK);
		run = house_backup(&house, true, 12 * DAY);
		assert_int_equal(run.outcome, VAULT_OK);
		prune(&house, &keep, 14 * DAY, VAULT_OK);
		assert_true(house_restores(&house, &run.id));
		check_whole(&house, n);
		assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
		house_end(&house);
	}
	print_message("ended, and failed, at every %s of %llu calls\n",
			rounds ? "one" : "third", (unsigned long long)calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_of_each_period_stays),
		cmocka_unit_test(what_nothing_needs_goes_after_the_grace),
		cmocka_unit_test(a_writer_meanwhile_is_not_hurt),
		cmocka_unit_test(a_writer_does_not_lean_on_what_goes),
		cmocka_unit_test(a_place_that_lets_nothing_go_says_so),
		cmocka_unit_test(nothing_goes_while_a_snapshot_is_missing),
		cmocka_unit_test(a_life_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A vault in a directory: what goes in comes out, by the identity alone; what was there before
 * is not sent again; what was lost is seen. */
#include "backup_house.h"
#include "target_faults.h"

#include "agent/backup/records.h"

#include <stdio.h>
#include <stdlib.h>

static void fill_house(struct backup_house *house)
{
	house_new(house, 7);
	house_file_add(house, "empty", 0, VAULT_STREAM, false);
	house_file_add(house, "one", 1, VAULT_PAGES, false);
	house_file_add(house, "words", 3000000, VAULT_STREAM, true);
	house_file_add(house, "control.db", 65536, VAULT_PAGES, false);
	house_file_add(house, "accounts/ab/a.db", 9 * 1024 * 1024 + 8192, VAULT_PAGES,
			false);
	house_file_add(house, "intake/1", 1000001, VAULT_STREAM, false);
}

static void what_goes_in_comes_out(void **state)
{
	struct backup_house house;
	struct house_run run;

	(void)state;
	fill_house(&house);
	run = house_backup(&house, true, 1000);
	assert_int_equal(run.outcome, VAULT_OK);
	assert_true(house_restores(&house, &run.id));
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	assert_int_equal(house_findings(&house, VAULT_DEEP, false), 0);
	house_end(&house);
}

static void a_second_run_sends_what_changed(void **state)
{
	struct backup_house house;
	struct house_run first, second, third;

	(void)state;
	fill_house(&house);
	first = house_backup(&house, true, 1000);
	house_file_touch(&house, &house.files[4], 3);
	second = house_backup(&house, true, 2000);
	third = house_backup(&house, false, 3000);
	assert_int_equal(second.outcome, VAULT_OK);
	assert_int_equal(second.same, house.file_count - 1);
	assert_true(second.new_chunks <= 3 + 3); /* runs of pages, nodes, the list */
	assert_true(second.sent < 5 * 65536);
	assert_int_equal(third.same, 0);
	assert_true(third.sent < 20000); /* read again, found again */
	assert_true(house_restores(&house, &second.id));
	assert_true(house_restores(&house, &third.id));
	assert_int_equal(house_reads(&house, &first.id), VAULT_END);
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	house_end(&house);
}

static void bytes_put_in_move_few_cuts(void **state)
{
	struct backup_house house;
	struct house_file *file;
	struct house_run run;

	(void)state;
	house_new(&house, 8);
	file = house_file_add(&house, "words", 4000000, VAULT_STREAM, false);
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_OK);
	memmove(file->bytes + 2000010, file->bytes + 2000000, 1900000);
	run = house_backup(&house, false, 2000);
	assert_true(run.new_chunks <= 6);
	assert_true(house_restores(&house, &run.id));
	house_end(&house);
}

static void the_host_cannot_read(void **state)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	struct vault_reader *reader = NULL;
	struct backup_house house;
	struct house_run run;
	struct key other = { { 1 } };

	(void)state;
	fill_house(&house);
	run = house_backup(&house, false, 1000);
	assert_int_equal(vault_open(&house.writing, &vault, &house.trouble), VAULT_OK);
	assert_int_equal(vault_read(vault, &run.id, &reader, &house.trouble),
			VAULT_E_RECIPIENT);
	house.reading.identities = &other;
	assert_int_equal(house_reads(&house, &run.id), VAULT_E_RECIPIENT);
	house_end(&house);
}

/* What new recipients need is sent anew: older packs do not open for them. */
static void other_recipients_can_read_what_follows(void **state)
{
	struct backup_house house;
	struct house_run first, second;
	struct key old, young = { { 9 } };

	(void)state;
	fill_house(&house);
	first = house_backup(&house, true, 1000);
	old = house.identity;
	age_recipient_of(&young, &house.recipient);
	second = house_backup(&house, true, 2000);
	assert_int_equal(second.same, 1); /* the empty one needs nobody's key */
	house.identity = young;
	assert_true(house_restores(&house, &second.id));
	assert_int_equal(house_reads(&house, &first.id), VAULT_E_RECIPIENT);
	house.identity = old;
	assert_true(house_restores(&house, &first.id));
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	house_end(&house);
}

static void a_killed_run_is_taken_up(void **state)
{
	struct backup_house house;
	struct house_run run;

	(void)state;
	fill_house(&house);
	faults_end_at(3); /* the mark, a pack */
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_E_FAILED);
	faults_end_at(0);
	run = house_backup(&house, false, 2000);
	assert_int_equal(run.outcome, VAULT_OK);
	assert_true(run.sent <
			10000000); /* of 14 MB: one pack arrived, the larger or the smaller */
	assert_true(house_restores(&house, &run.id));
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	house_end(&house);
}

static void run_command(const char *command, const char *folder)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", folder, command);
	assert_int_equal(system(line), 0);
}

static void an_emptied_target_is_not_written_over(void **state)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	struct backup_house house;

	(void)state;
	fill_house(&house);
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_OK);
	run_command("rm -rf target/*", house.folder);
	assert_int_equal(house_backup(&house, false, 2000).outcome, VAULT_E_LOST);
	assert_int_equal(
			vault_init(&house.writing, &vault, &house.trouble), VAULT_E_LOST);
	run_command("test -z \"$(ls -A target)\"", house.folder);
	assert_int_equal(vault_accept_loss(&house.writing), 0);
	assert_int_equal(house_backup(&house, false, 3000).outcome, VAULT_OK);
	house_end(&house);
}

static void a_target_put_back_from_a_copy_is_seen(void **state)
{
	struct backup_house house;

	(void)state;
	fill_house(&house);
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_OK);
	run_command("cp -a target copy", house.folder);
	assert_int_equal(house_backup(&house, false, 2000).outcome, VAULT_OK);
	run_command("rm -rf target && mv copy target", house.folder);
	assert_int_equal(house_backup(&house, false, 3000).outcome, VAULT_E_LOST);
	assert_int_equal(house_findings(&house, VAULT_QUICK, true), 1);
	house_end(&house);
}

static void another_hosts_vault_is_foreign(void **state)
{
	struct backup_house house;
	unsigned char key[VAULT_KEY];
	struct house_run run;

	(void)state;
	fill_house(&house);
	run = house_backup(&house, false, 1000);
	vault_public_key_of(&house.host, key);
	house.reading.expected = key;
	assert_int_equal(house_reads(&house, &run.id), VAULT_END);
	house.host.bytes[0] ^= 1;
	vault_public_key_of(&house.host, key);
	assert_int_equal(house_backup(&house, false, 2000).outcome, VAULT_E_FOREIGN);
	assert_int_equal(house_reads(&house, &run.id), VAULT_E_FOREIGN);
	house_end(&house);
}

static void a_directory_that_is_not_there_is_not_made(void **state)
{
	struct backup_house house;

	(void)state;
	fill_house(&house);
	house.place.directory = VIEW("/nowhere/at/all");
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_E_FAILED);
	assert_string_equal(house.trouble.reason, "PlaceMissing");
	house_end(&house);
}

/* A host fetches no index that it wrote, unless its own folder is lost. */
static void what_a_host_wrote_it_knows(void **state)
{
	struct backup_house house;
	uint64_t before;

	(void)state;
	house_new(&house, 13);
	house_file_add(&house, "a.db", 500000, VAULT_PAGES, false);
	assert_int_equal(house_backup(&house, true, 1000).outcome, VAULT_OK);
	before = faults_fetched("index/");
	assert_true(house_backup(&house, false, 2000).sent < 10000);
	assert_int_equal(faults_fetched("index/"), before);
	run_command("rm -r state", house.folder);
	assert_true(house_backup(&house, false, 3000).sent < 10000);
	assert_true(faults_fetched("index/") > before);
	run_command("rm target/index/*", house.folder);
	assert_true(house_backup(&house, false, 4000).sent < 10000);
	run_command("test $(ls state | grep -c index-) = 1", house.folder);
	house_end(&house);
}

static void a_run_ends_when_the_agent_does(void **state)
{
	atomic_bool stopping = true;
	struct backup_house house;

	(void)state;
	fill_house(&house);
	house.place.stopping = &stopping;
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_E_STOPPED);
	stopping = false;
	assert_int_equal(house_backup(&house, false, 2000).outcome, VAULT_OK);
	house_end(&house);
}

/* It may be slower. */
static void a_limit_of_bytes_is_kept(void **state)
{
	struct backup_house house;
	nstime began = clock_now();

	(void)state;
	house_new(&house, 12);
	house_file_add(&house, "a.db", 500000, VAULT_PAGES, false);
	house.writing.bytes_per_second = 1000000;
	assert_int_equal(house_backup(&house, false, 1000).outcome, VAULT_OK);
	assert_true(clock_now() - began >= 500 * NS_PER_MS);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(a_second_run_sends_what_changed),
		cmocka_unit_test(bytes_put_in_move_few_cuts),
		cmocka_unit_test(the_host_cannot_read),
		cmocka_unit_test(other_recipients_can_read_what_follows),
		cmocka_unit_test(a_killed_run_is_taken_up),
		cmocka_unit_test(an_emptied_target_is_not_written_over),
		cmocka_unit_test(a_target_put_back_from_a_copy_is_seen),
		cmocka_unit_test(another_hosts_vault_is_foreign),
		cmocka_unit_test(a_directory_that_is_not_there_is_not_made),
		cmocka_unit_test(what_a_host_wrote_it_knows),
		cmocka_unit_test(a_run_ends_when_the_agent_does),
		cmocka_unit_test(a_limit_of_bytes_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

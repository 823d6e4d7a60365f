/* The file of an account that was put back from a copy, or is gone: it is set apart, its
 * mail waits, others go on, until somebody takes it as it is. */
#include "tests/runtime/service/delivery_test.h"

#include <time.h>

enum {
	PUT_BACK = 0, /* whose file it is */
	OTHER = 1,
	BOTH = 1 << PUT_BACK | 1 << OTHER,
	MESSAGES = 10,
};

static char *path_of(struct world *w, int n)
{
	char *path;

	/* uid_of() makes sixteen equal bytes. */
	if (asprintf(&path, "%s/accounts/%x/%08x%08x%08x%08x.db", w->data, 0xa0 + n,
			    0x01010101u * (0xa0 + (unsigned)n),
			    0x01010101u * (0xa0 + (unsigned)n),
			    0x01010101u * (0xa0 + (unsigned)n),
			    0x01010101u * (0xa0 + (unsigned)n)) < 0)
		die("out of memory");
	return path;
}

static void copy(const char *from, const char *to)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len;
	FILE *file;

	assert_int_equal(os_read_file(os_real(), from, 1 << 28, &bytes, &len), 0);
	file = fopen(to, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void await_filed(struct world *w)
{
	struct timespec pause = { .tv_nsec = 2000000 };

	while (delivery_observe(w->delivery).waiting)
		nanosleep(&pause, NULL);
}

static void deliver(struct world *w, unsigned n, unsigned to)
{
	size_t done = w->done;

	world_send(w, n, to, on_done, w);
	world_await(w, &w->done, done + 1);
	assert_int_equal(w->last_outcome, 0);
}

static void restart(struct world *w)
{
	world_end(w);
	world_begin(w, 2);
	delivery_start(w->delivery, w->intake);
}

/* What the agent does: all is remembered. */
static size_t remember(struct world *w)
{
	struct account_reached reached[ACCOUNTS];
	size_t count = accounts_moved(w->accounts, reached, ACCOUNTS);

	for (size_t i = 0; i < count; i++)
		known[reached[i].uid[0] - 0xa0] = reached[i].mark;
	accounts_remembered(w->accounts, reached, count);
	return count;
}

static void assert_counts(struct world *w, int n, const char *wanted)
{
	unsigned counts[MESSAGES] = { 0 };
	char text[MESSAGES + 1] = "";

	assert_int_equal(look_into(w, n, count_subjects, counts), ACCOUNT_OK);
	for (size_t i = 0; i < MESSAGES; i++)
		text[i] = (char)('0' + counts[i]);
	assert_string_equal(text, wanted);
}

static const struct account_spec *spec_of(struct world *w, int n)
{
	unsigned char uid[ACCOUNT_UID_SIZE];

	uid_of(n, uid);
	return configuration_account(w->configuration, uid);
}

static int look_at_inbox(struct look *look, struct account_store *store)
{
	int64_t inbox;
	int r = mailbox_find(store, VIEW("INBOX"), &inbox);

	return r ? r : mailbox_status(store, inbox, look->arg);
}

static struct mailbox_status inbox_of(struct world *w, int n)
{
	struct mailbox_status status;

	assert_int_equal(look_into(w, n, look_at_inbox, &status), ACCOUNT_OK);
	return status;
}

static void assert_set_apart(struct world *w, enum quarantine why)
{
	struct account_set_apart apart[ACCOUNTS];
	unsigned char uid[ACCOUNT_UID_SIZE];

	uid_of(PUT_BACK, uid);
	assert_int_equal(look_into(w, PUT_BACK, count_subjects, NULL),
			ACCOUNT_E_QUARANTINED);
	assert_int_equal(accounts_set_apart(w->accounts, apart, ACCOUNTS), 1);
	assert_int_equal(apart[0].why, why);
	assert_memory_equal(apart[0].uid, uid, ACCOUNT_UID_SIZE);
	assert_int_equal(accounts_observe(w->accounts).quarantined, 1);
}

/* Messages 1 and 2, of which the file that is put back has the first; all is remembered.
 * The inbox as it was before. */
static struct mailbox_status put_back(struct world *w)
{
	CLEANUP(freep) char *path = path_of(w, PUT_BACK);
	CLEANUP(freep) char *kept = NULL;
	struct mailbox_status status;

	if (asprintf(&kept, "%s/kept", w->data) < 0)
		die("out of memory");
	delivery_start(w->delivery, w->intake);
	deliver(w, 1, BOTH);
	await_filed(w);
	remember(w);
	world_end(w);
	copy(path, kept);
	world_begin(w, 2);
	delivery_start(w->delivery, w->intake);
	deliver(w, 2, BOTH);
	await_filed(w);
	/* how far a file came is noted behind the job that brought it there: before the next */
	(void)inbox_of(w, OTHER);
	status = inbox_of(w, PUT_BACK);
	assert_int_equal(remember(w), 2);
	assert_int_equal(remember(w), 0);
	world_end(w);
	copy(kept, path);
	world_begin(w, 2);
	delivery_start(w->delivery, w->intake);
	return status;
}

static void I17_a_file_put_back_is_set_apart_until_it_is_accepted(void **state)
{
	struct world *w = *state;
	struct mailbox_status before = put_back(w), after;

	assert_set_apart(w, QUARANTINE_OLDER);
	assert_counts(w, OTHER, "0110000000");
	deliver(w, 3, BOTH);
	world_await(w, &w->changes, 1);
	assert_counts(w, OTHER, "0111000000");
	assert_int_equal(delivery_observe(w->delivery).waiting, 1);
	assert_int_equal(accounts_accept(w->accounts, spec_of(w, PUT_BACK), false),
			ACCOUNT_OK);
	assert_int_equal(accounts_observe(w->accounts).quarantined, 0);
	delivery_retry(w->delivery, spec_of(w, PUT_BACK)->uid);
	await_filed(w);
	assert_counts(w, PUT_BACK, "0101000000");
	after = inbox_of(w, PUT_BACK);
	assert_true(after.uidvalidity > before.uidvalidity);
	assert_true(after.uidnext > before.uidnext + 1);
	assert_true(after.modseq > before.modseq);
	/* From now on this is the file that is known. */
	remember(w);
	restart(w);
	assert_counts(w, PUT_BACK, "0101000000");
	assert_int_equal(inbox_of(w, PUT_BACK).uidvalidity, after.uidvalidity);
}

/* A whole host that was restored: nobody has to say so for each account. */
static void I17_a_restored_file_is_taken_up_once_under_new_numbers(void **state)
{
	struct world *w = *state;
	struct mailbox_status before = put_back(w), after;

	restored[PUT_BACK] = true;
	restart(w);
	deliver(w, 3, BOTH);
	await_filed(w);
	assert_counts(w, PUT_BACK, "0101000000");
	assert_counts(w, OTHER, "0111000000");
	assert_int_equal(accounts_observe(w->accounts).quarantined, 0);
	after = inbox_of(w, PUT_BACK);
	assert_true(after.uidvalidity > before.uidvalidity);
	assert_true(after.uidnext > before.uidnext + 1);
	assert_true(after.modseq > before.modseq);
	/* It is open at most twice over there: it was closed, and is opened again. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(inbox_of(w, i % ACCOUNTS).messages > 0, i != 2);
	assert_int_equal(inbox_of(w, PUT_BACK).uidvalidity, after.uidvalidity);
	/* What is remembered of it says that it is no longer as it was restored. */
	remember(w);
	restored[PUT_BACK] = false;
	restart(w);
	assert_int_equal(inbox_of(w, PUT_BACK).uidvalidity, after.uidvalidity);
	assert_counts(w, PUT_BACK, "0101000000");
}

/* A restart alone does not let it in, and does not change it. */
static void I17_it_stays_set_apart_after_a_restart(void **state)
{
	struct world *w = *state;

	put_back(w);
	assert_set_apart(w, QUARANTINE_OLDER);
	restart(w);
	assert_set_apart(w, QUARANTINE_OLDER);
}

/* While it is closed since others are used: nothing has been remembered elsewhere yet. */
static void I17_a_file_exchanged_while_it_is_closed_is_noticed_at_once(void **state)
{
	struct world *w = *state;
	CLEANUP(freep) char *path = path_of(w, PUT_BACK);
	CLEANUP(freep) char *kept = NULL;
	struct timespec pause = { .tv_nsec = 2000000 };

	if (asprintf(&kept, "%s/kept", w->data) < 0)
		die("out of memory");
	world_end(w);
	world_begin(w, 1);
	delivery_start(w->delivery, w->intake);
	deliver(w, 1, 1 << PUT_BACK);
	await_filed(w);
	assert_counts(w, OTHER, "0000000000");
	while (accounts_observe(w->accounts).open > 1)
		nanosleep(&pause, NULL);
	copy(path, kept);
	deliver(w, 2, 1 << PUT_BACK);
	await_filed(w);
	assert_counts(w, OTHER, "0000000000");
	while (accounts_observe(w->accounts).open > 1)
		nanosleep(&pause, NULL);
	copy(kept, path);
	assert_set_apart(w, QUARANTINE_OLDER);
}

static void K01_a_file_that_is_gone_is_not_made_anew(void **state)
{
	struct world *w = *state;
	CLEANUP(freep) char *path = path_of(w, PUT_BACK);
	struct mailbox_status before = put_back(w), after;
	const struct account_spec *spec;

	world_end(w);
	assert_int_equal(unlink(path), 0);
	world_begin(w, 2);
	delivery_start(w->delivery, w->intake);
	spec = spec_of(w, PUT_BACK);
	deliver(w, 3, BOTH);
	world_await(w, &w->changes, 1);
	assert_set_apart(w, QUARANTINE_GONE);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(accounts_accept(w->accounts, spec, false), ACCOUNT_E_GONE);
	assert_set_apart(w, QUARANTINE_GONE);
	assert_int_equal(accounts_accept(w->accounts, spec, true), ACCOUNT_OK);
	assert_int_equal(accounts_accept(w->accounts, spec, true), ACCOUNT_E_THERE);
	delivery_retry(w->delivery, spec->uid);
	await_filed(w);
	assert_counts(w, PUT_BACK, "0001000000");
	after = inbox_of(w, PUT_BACK);
	assert_true(after.uidvalidity > before.uidvalidity);
	assert_true(after.uidnext > before.uidnext + 1);
}

/* As a crash leaves it, or a control database that was put back: less is known than is. */
static void I17_a_file_that_is_further_than_known_is_served(void **state)
{
	struct world *w = *state;

	delivery_start(w->delivery, w->intake);
	deliver(w, 1, BOTH);
	await_filed(w);
	remember(w);
	deliver(w, 2, BOTH);
	await_filed(w);
	assert_true(accounts_have_moved(w->accounts));
	restart(w);
	assert_counts(w, PUT_BACK, "0110000000");
	memset(known, 0, sizeof(known));
	restart(w);
	assert_counts(w, PUT_BACK, "0110000000");
	assert_int_equal(accounts_observe(w->accounts).quarantined, 0);
}

static void I17_an_account_that_never_had_a_file_is_not_set_apart(void **state)
{
	struct world *w = *state;

	assert_int_equal(accounts_accept(w->accounts, spec_of(w, PUT_BACK), false),
			ACCOUNT_E_GONE);
	assert_int_equal(accounts_observe(w->accounts).quarantined, 0);
	assert_counts(w, PUT_BACK, "0000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(I17_a_file_put_back_is_set_apart_until_it_is_accepted),
		world_test(I17_a_restored_file_is_taken_up_once_under_new_numbers),
		world_test(I17_it_stays_set_apart_after_a_restart),
		world_test(I17_a_file_exchanged_while_it_is_closed_is_noticed_at_once),
		world_test(K01_a_file_that_is_gone_is_not_made_anew),
		world_test(I17_a_file_that_is_further_than_known_is_served),
		world_test(I17_an_account_that_never_had_a_file_is_not_set_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The intake log as its callers see it: what was answered with 0 is there after any end of
 * the process, once; what is filed does not come again. */
#include "runtime/base/error.h"
#include "runtime/store/intake.h"
#include "tests/lib/failing_os.h"
#include "tests/lib/test.h"

#include "runtime/crypto/key.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MESSAGES = 64,
	BUDGET = 1024 * 1024,
	PENDING = -1000, /* not yet answered */
};

static const struct key key = { "thirty-two bytes for these tests" };
static char folder[] = "/tmp/posthus-test-intake.XXXXXX";

/* What a test sees of one run of the log. */
struct run {
	struct failing_os disk;
	struct intake *intake;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct intake_message *committed[MESSAGES];
	size_t committed_count;
	int outcome[MESSAGES]; /* by the arg of done */
	size_t done_count;
};

static void on_committed(void *state, struct intake_message *message)
{
	struct run *run = state;

	pthread_mutex_lock(&run->lock);
	run->committed[run->committed_count++] = message;
	pthread_mutex_unlock(&run->lock);
}

struct waiter {
	struct run *run;
	size_t n;
};

static void on_done(void *arg, int outcome, uint64_t id)
{
	struct waiter *w = arg;

	assert(id);
	pthread_mutex_lock(&w->run->lock);
	w->run->outcome[w->n] = outcome;
	w->run->done_count++;
	pthread_cond_broadcast(&w->run->changed);
	pthread_mutex_unlock(&w->run->lock);
	free(w);
}

static void await(struct run *run, size_t done)
{
	pthread_mutex_lock(&run->lock);
	while (run->done_count < done)
		pthread_cond_wait(&run->changed, &run->lock);
	pthread_mutex_unlock(&run->lock);
}

static void run_init(struct run *run)
{
	*run = (struct run){ 0 };
	failing_os_init(&run->disk);
	pthread_mutex_init(&run->lock, NULL);
	pthread_cond_init(&run->changed, NULL);
	for (size_t i = 0; i < MESSAGES; i++)
		run->outcome[i] = PENDING;
}

static int run_open(struct run *run)
{
	struct intake_options options = { .os = &run->disk.os,
		.folder = folder,
		.key = &key,
		.budget = BUDGET,
		.segment_size = 256 * 1024,
		.committed = on_committed,
		.state = run };

	return intake_open(&options, &run->intake);
}

static void run_start(struct run *run)
{
	run_init(run);
	assert_int_equal(run_open(run), 0);
}

/* Files the first `filed` of the committed ones, gives the rest back, closes. */
static void run_stop(struct run *run, size_t filed)
{
	for (size_t i = 0; i < run->committed_count; i++) {
		if (!run->committed[i])
			continue;
		if (i < filed)
			intake_filed(run->intake, run->committed[i]);
		else
			intake_release(run->intake, run->committed[i]);
	}
	intake_close(run->intake);
}

static size_t size_of(size_t n)
{
	return n % 5 == 3 ? 300 * 1024 + n : 700 * n + 10;
}

static char byte_of(size_t n, size_t at)
{
	return (char)('!' + (at * 31 + n) % 90);
}

/* Sends message n, whose sender and bytes follow from n. 0, or why it was not handed in. */
static int send_message(struct run *run, size_t n)
{
	struct intake_recipient recipient = { .account = "an account uid!",
		.address = VIEW("alice@example.org") };
	char sender[32];
	struct intake_envelope envelope = {
		.recipients = &recipient, .recipient_count = 1, .received = 1795505623
	};
	struct intake_message *m = NULL;
	CLEANUP(freep) char *bytes = xmalloc(size_of(n));
	struct waiter *w;
	int r;

	snprintf(sender, sizeof(sender), "%zu", n);
	envelope.sender = view_z(sender);
	if (n % 2) {
		envelope.envid = view_z(sender);
		recipient.notify = DSN_FAILURE;
		recipient.orcpt = VIEW("rfc822;a@example.org");
	}
	for (size_t i = 0; i < size_of(n); i++)
		bytes[i] = byte_of(n, i);
	r = intake_begin(run->intake, &envelope, &m);
	for (size_t at = 0; !r && at < size_of(n); at += 5000)
		r = intake_chunk(m, view_sub(view_of(bytes, size_of(n)), at, 5000));
	if (r) {
		intake_abandon(m);
		return r;
	}
	w = xcalloc(1, sizeof(*w));
	*w = (struct waiter){ run, n };
	intake_commit(m, VIEW("Received: by test\r\n"), on_done, w);
	return 0;
}

/* The message is one that send_message sent; its n. */
static size_t check_message(struct intake_message *m)
{
	const struct intake_envelope *envelope = intake_message_envelope(m);
	CLEANUP(freep) char *bytes = NULL;
	size_t len = (size_t)intake_message_size(m), got;
	uint64_t n;

	assert_true(view_to_u64(envelope->sender, &n));
	assert_int_equal(envelope->recipient_count, 1);
	assert_view(envelope->recipients[0].address, "alice@example.org");
	assert_view(envelope->recipients[0].orcpt, n % 2 ? "rfc822;a@example.org" : "");
	assert_int_equal(envelope->recipients[0].notify, n % 2 ? DSN_FAILURE : 0);
	assert_int_equal(envelope->envid.len, n % 2 ? envelope->sender.len : 0);
	assert_view(intake_message_trace(m), "Received: by test\r\n");
	assert_int_equal(len, size_of(n));
	bytes = xmalloc(len + 1);
	for (size_t at = 0; at < len; at += got) {
		assert_int_equal(intake_message_read(m, at, bytes + at, 9999, &got), 0);
		assert_true(got > 0);
	}
	for (size_t i = 0; i < len; i++)
		assert_true(bytes[i] == byte_of(n, i));
	return n;
}

/* What the log gives back at a start; counts by n. Files all where `file`. */
static size_t collect(unsigned seen[MESSAGES], bool file)
{
	struct run run;
	struct intake_message *m;
	size_t count = 0;

	run_start(&run);
	while ((m = intake_next_unfiled(run.intake))) {
		seen[check_message(m)]++;
		count++;
		if (file)
			intake_filed(run.intake, m);
		else
			intake_release(run.intake, m);
	}
	assert_int_equal(intake_recovered(run.intake).messages, count);
	intake_close(run.intake);
	return count;
}

static void clear_folder(void)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(100000);
	struct view rest;

	assert_int_equal(os_real()->list(NULL, folder, &names), 0);
	for (rest = buf_view(&names); rest.len;) {
		char path[200];

		snprintf(path, sizeof(path), "%s/%s", folder, view_cut(&rest, '\0').data);
		unlink(path);
	}
}

static size_t count_files(const char *ending)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(100000);
	size_t count = 0;
	struct view rest;

	assert_int_equal(os_real()->list(NULL, folder, &names), 0);
	for (rest = buf_view(&names); rest.len;)
		count += view_ends(view_cut(&rest, '\0'), view_z(ending));
	return count;
}

static void committed_messages_come_again_until_they_are_filed(void **state)
{
	struct run run;
	unsigned seen[MESSAGES] = { 0 };

	(void)state;
	clear_folder();
	run_start(&run);
	for (size_t n = 0; n < 10; n++)
		assert_int_equal(send_message(&run, n), 0);
	await(&run, 10);
	for (size_t n = 0; n < 10; n++) {
		assert_int_equal(run.outcome[n], 0);
		check_message(run.committed[n]);
	}
	run_stop(&run, 4);
	assert_int_equal(collect(seen, false), 6);
	assert_int_equal(collect(seen, true), 6);
	assert_int_equal(collect(seen, false), 0);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(seen[n], 0);
	for (size_t n = 4; n < 10; n++)
		assert_int_equal(seen[n], 2);
	assert_int_equal(count_files(".body"), 0);
	assert_int_equal(count_files(".log"), 1);
}

static void an_abandoned_message_leaves_nothing(void **state)
{
	struct intake_envelope envelope = { .sender = VIEW("x") };
	CLEANUP(freep) char *bytes = xcalloc(1, 400 * 1024);
	struct intake_message *m;
	unsigned seen[MESSAGES] = { 0 };
	struct run run;

	(void)state;
	clear_folder();
	run_start(&run);
	assert_int_equal(intake_begin(run.intake, &envelope, &m), 0);
	assert_int_equal(intake_chunk(m, view_of(bytes, 400 * 1024)), 0);
	assert_int_equal(count_files(".body"), 1);
	intake_abandon(m);
	assert_int_equal(count_files(".body"), 0);
	intake_abandon(NULL);
	run_stop(&run, 0);
	assert_int_equal(collect(seen, true), 0);
}

/* Ten thousand accounts behind long addresses: refused before the message, not lost after
 * it. */
static void an_envelope_larger_than_a_record_is_refused(void **state)
{
	const size_t count = 10000;
	struct intake_recipient *recipients = xcalloc(count, sizeof(*recipients));
	char orcpt[200] = "";
	struct intake_envelope envelope = {
		.sender = VIEW("x"), .recipients = recipients, .recipient_count = count
	};
	struct intake_message *m;
	unsigned seen[MESSAGES] = { 0 };
	struct run run;

	(void)state;
	clear_folder();
	run_start(&run);
	for (size_t i = 0; i < count; i++)
		recipients[i].address = view_of(orcpt, 150);
	assert_int_equal(intake_begin(run.intake, &envelope, &m), INTAKE_OK);
	intake_abandon(m);
	for (size_t i = 0; i < count; i++)
		recipients[i].orcpt = view_of(orcpt, 150);
	assert_int_equal(intake_begin(run.intake, &envelope, &m), INTAKE_E_ENVELOPE);
	run_stop(&run, 0);
	assert_int_equal(collect(seen, true), 0);
	free(recipients);
}

/* The gate: the first flush waits in it until the test opens it. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool reached, open;
};

static void wait_at_gate(void *arg)
{
	struct gate *g = arg;

	pthread_mutex_lock(&g->lock);
	g->reached = true;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void all_that_wait_share_one_flush(void **state)
{
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER };
	struct run run;

	(void)state;
	clear_folder();
	run_init(&run);
	run.disk.before_sync = wait_at_gate;
	run.disk.arg = &gate;
	assert_int_equal(run_open(&run), 0);
	assert_int_equal(send_message(&run, 0), 0);
	pthread_mutex_lock(&gate.lock);
	while (!gate.reached)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
	for (size_t n = 10; n < 40; n++)
		if (n % 5 != 3)
			assert_int_equal(send_message(&run, n), 0);
	assert_int_equal(run.done_count, 0);
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
	await(&run, 25);
	assert_int_equal(run.disk.syncs, 2);
	run_stop(&run, MESSAGES);
}

static void bytes_past_the_budget_go_to_the_spool(void **state)
{
	struct intake_envelope envelope = { .sender = VIEW("x") };
	CLEANUP(freep) char *bytes = xcalloc(1, 200 * 1024);
	struct intake_message *m[8];
	struct run run;

	(void)state;
	clear_folder();
	run_start(&run);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(intake_begin(run.intake, &envelope, &m[i]), 0);
		assert_int_equal(intake_chunk(m[i], view_of(bytes, 200 * 1024)), 0);
	}
	assert_true(count_files(".body") >= 2);
	for (int i = 0; i < 8; i++)
		intake_abandon(m[i]);
	assert_int_equal(count_files(".body"), 0);
	run_stop(&run, 0);
}

static void a_failed_flush_stops_acceptance_until_the_next_start(void **state)
{
	struct intake_envelope envelope = { .sender = VIEW("x") };
	struct intake_message *m;
	unsigned seen[MESSAGES] = { 0 };
	struct run run;
	long flushes;

	(void)state;
	clear_folder();
	run_start(&run);
	assert_int_equal(send_message(&run, 0), 0);
	await(&run, 1);
	failing_os_arm(&run.disk, 2, -EIO, false); /* the write, then the flush */
	assert_int_equal(send_message(&run, 1), 0);
	await(&run, 2);
	assert_int_equal(run.outcome[1], INTAKE_E_STOPPED);
	assert_false(intake_accepting(run.intake));
	assert_int_equal(intake_begin(run.intake, &envelope, &m), INTAKE_E_STOPPED);
	flushes = run.disk.syncs;
	run_stop(&run, 0);
	assert_int_equal(run.disk.syncs, flushes); /* never tried again */
	collect(seen, true);
	assert_int_equal(seen[0], 1);
}

static void a_full_disk_is_told_and_heals(void **state)
{
	unsigned seen[MESSAGES] = { 0 };
	struct run run;

	(void)state;
	clear_folder();
	run_start(&run);
	assert_int_equal(send_message(&run, 0), 0);
	await(&run, 1);
	failing_os_arm(&run.disk, 1, -ENOSPC, true);
	assert_int_equal(send_message(&run, 1), 0);
	await(&run, 2);
	assert_int_equal(run.outcome[1], INTAKE_E_FULL);
	assert_int_equal(send_message(&run, 3), INTAKE_E_FULL); /* has no room to spool */
	assert_true(intake_accepting(run.intake));
	failing_os_arm(&run.disk, 0, 0, false);
	assert_int_equal(send_message(&run, 2), 0);
	assert_int_equal(send_message(&run, 3), 0);
	await(&run, 4);
	assert_int_equal(run.outcome[2], 0);
	assert_int_equal(run.outcome[3], 0);
	run_stop(&run, 0);
	assert_int_equal(collect(seen, true), 3);
	assert_int_equal(seen[1], 0); /* it was refused: its mark keeps it away */
	clear_folder();
}

/* Every call of the disk fails in turn, once or from then on; what was answered with 0 is
 * there afterwards, and nothing twice. */
static void whatever_call_fails_nothing_accepted_is_lost(void **state)
{
	long calls = 0;

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		for (long at = 1; at == 1 || at <= calls; at++) {
			unsigned seen[MESSAGES] = { 0 };
			size_t handed = 0;
			struct run run;

			clear_folder();
			run_init(&run);
			failing_os_arm(&run.disk, at, kind & 1 ? -EIO : -ENOSPC,
					kind & 2);
			if (run_open(&run)) {
				collect(seen, true);
				continue;
			}
			for (size_t n = 0; n < 5; n++)
				handed += send_message(&run, n) == 0;
			await(&run, handed);
			if (run.disk.calls > calls)
				calls = run.disk.calls;
			run_stop(&run, 2);
			failing_os_arm(&run.disk, 0, 0, false);
			collect(seen, true);
			for (size_t n = 0; n < 5; n++) {
				bool filed = false;

				/* Filed ones may come again where their mark was lost. */
				for (size_t i = 0; i < 2 && i < run.committed_count; i++)
					filed |= run.outcome[n] == 0;
				assert_true(seen[n] <= 1);
				if (run.outcome[n] == 0 && !filed)
					assert_int_equal(seen[n], 1);
			}
		}
	}
	clear_folder();
}

static void no_plain_byte_is_on_the_disk(void **state)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(100000);
	struct run run;
	struct view rest;
	char marker[24];

	(void)state;
	clear_folder();
	run_start(&run);
	assert_int_equal(send_message(&run, 2), 0);
	assert_int_equal(send_message(&run, 3), 0);
	await(&run, 2);
	for (size_t i = 0; i < sizeof(marker); i++)
		marker[i] = byte_of(3, i);
	assert_int_equal(os_real()->list(NULL, folder, &names), 0);
	for (rest = buf_view(&names); rest.len;) {
		CLEANUP(freep) char *bytes = NULL;
		char path[200];
		size_t len;

		snprintf(path, sizeof(path), "%s/%s", folder, view_cut(&rest, '\0').data);
		assert_int_equal(os_read_file(os_real(), path, 1 << 24, &bytes, &len), 0);
		assert_null(memmem(bytes, len, marker, sizeof(marker)));
		assert_null(memmem(bytes, len, "alice@", 6));
	}
	run_stop(&run, MESSAGES);
	clear_folder();
}

static void ids_grow_over_restarts_and_the_floor_follows(void **state)
{
	uint64_t last = 0;

	(void)state;
	clear_folder();
	for (int round = 0; round < 5; round++) {
		struct run run;
		uint64_t first;

		run_start(&run);
		assert_int_equal(send_message(&run, 1), 0);
		assert_int_equal(send_message(&run, 2), 0);
		await(&run, 2);
		first = intake_message_id(run.committed[0]);
		assert_true(first > last);
		assert_true(intake_floor(run.intake) <= first);
		last = intake_message_id(run.committed[1]);
		assert_true(last > first);
		run_stop(&run, 2);
	}
	assert_int_equal(count_files(".log"), 1);
	clear_folder();
}

/* The log of another key, or one whose key was lost, is said to be damaged, and stays. */
static void what_another_key_wrote_is_kept(void **state)
{
	static const struct key other = { "another thirty-two bytes for it." };
	unsigned seen[MESSAGES] = { 0 };
	struct intake_options options = { .os = os_real(),
		.folder = folder,
		.key = &other,
		.budget = BUDGET,
		.committed = on_committed };
	struct intake *intake;
	struct run run;

	(void)state;
	clear_folder();
	run_start(&run);
	assert_int_equal(send_message(&run, 1), 0);
	await(&run, 1);
	run_stop(&run, 0);
	assert_int_equal(intake_open(&options, &intake), 0);
	assert_int_equal(intake_recovered(intake).damaged, 1);
	assert_int_equal(intake_recovered(intake).messages, 0);
	intake_close(intake);
	assert_int_equal(collect(seen, false),
			1); /* under the right key it is all there */
	assert_int_equal(seen[1], 1);
	clear_folder();
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	clear_folder();
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(committed_messages_come_again_until_they_are_filed),
		cmocka_unit_test(an_envelope_larger_than_a_record_is_refused),
		cmocka_unit_test(an_abandoned_message_leaves_nothing),
		cmocka_unit_test(all_that_wait_share_one_flush),
		cmocka_unit_test(bytes_past_the_budget_go_to_the_spool),
		cmocka_unit_test(a_failed_flush_stops_acceptance_until_the_next_start),
		cmocka_unit_test(a_full_disk_is_told_and_heals),
		cmocka_unit_test(whatever_call_fails_nothing_accepted_is_lost),
		cmocka_unit_test(no_plain_byte_is_on_the_disk),
		cmocka_unit_test(ids_grow_over_restarts_and_the_floor_follows),
		cmocka_unit_test(what_another_key_wrote_is_kept),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

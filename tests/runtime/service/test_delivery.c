#include "tests/runtime/service/delivery_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum {
	MANY = 300,
	LOTS = 100000
};

static unsigned counts[ACCOUNTS][LOTS];

static void count_all(struct world *w)
{
	memset(counts, 0, sizeof(counts));
	for (int i = 0; i < ACCOUNTS; i++)
		assert_int_equal(look_into(w, i, count_subjects, counts[i]), 0);
}

static void await_filed(struct world *w)
{
	struct timespec pause = { .tv_nsec = 2000000 };

	while (delivery_observe(w->delivery).waiting)
		nanosleep(&pause, NULL);
}

static int whole_text(struct look *look, struct account_store *store)
{
	struct buf *out = look->arg;

	return message_read(store, 1, 0, 1000, out);
}

static void a_message_reaches_the_inbox_of_each_recipient(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_free) struct buf text = BUF_NULL(2000);

	delivery_start(w->delivery, w->intake);
	world_send(w, 7, 3, on_done, w);
	world_await(w, &w->done, 1);
	assert_int_equal(w->last_outcome, 0);
	world_await(w, &w->changes, 2);
	count_all(w);
	assert_int_equal(counts[0][7], 1);
	assert_int_equal(counts[1][7], 1);
	assert_int_equal(counts[2][7], 0);
	assert_int_equal(look_into(w, 1, whole_text, &text), 0);
	assert_view(buf_view(&text), "Return-Path: <x@example.net>\r\n"
				     "Delivered-To: b+list@example.org\r\n"
				     "Received: by test\r\n"
				     "Subject: 7\r\n\r\nThis is message 7.\r\n");
	await_filed(w);
	assert_int_equal(delivery_observe(w->delivery).delivered, 2);
	assert_int_equal(delivery_observe(w->delivery).accepted, 1);
}

static bool has_files(struct world *w, int n)
{
	unsigned char uid[ACCOUNT_UID_SIZE];
	char path[200];

	uid_of(n, uid);
	snprintf(path, sizeof(path),
			"%s/accounts/%02x/%02x%02x%02x%02x%02x%02x%02x%02x%02x"
			"%02x%02x%02x%02x%02x%02x%02x.db",
			w->data, uid[0], uid[0], uid[1], uid[2], uid[3], uid[4], uid[5],
			uid[6], uid[7], uid[8], uid[9], uid[10], uid[11], uid[12],
			uid[13], uid[14], uid[15]);
	return access(path, F_OK) == 0;
}

static void a_destroyed_account_leaves_no_file(void **state)
{
	struct world *w = *state;
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct account *held;

	delivery_start(w->delivery, w->intake);
	world_send(w, 7, 3, on_done, w);
	world_await(w, &w->changes, 2);
	await_filed(w);
	assert_true(has_files(w, 0) && has_files(w, 1));
	uid_of(1, uid);
	held = account_ref(w->accounts, configuration_account(w->configuration, uid));
	assert_int_equal(accounts_destroy(w->accounts, uid), -EBUSY);
	assert_true(has_files(w, 1));
	account_unref(held);
	assert_int_equal(accounts_destroy(w->accounts, uid), 0);
	assert_false(has_files(w, 1));
	assert_true(has_files(w, 0));
	assert_int_equal(accounts_destroy(w->accounts, uid), 0);
}

static void many_messages_are_each_there_once(void **state)
{
	struct world *w = *state;

	delivery_start(w->delivery, w->intake);
	for (unsigned n = 0; n < MANY; n++)
		world_send(w, n, 1 + n % 7, on_done, w);
	await_filed(w);
	world_await(w, &w->done, MANY);
	await_filed(w);
	count_all(w);
	for (unsigned n = 0; n < MANY; n++)
		for (unsigned i = 0; i < ACCOUNTS; i++)
			assert_int_equal(counts[i][n], (1 + n % 7) >> i & 1);
}

static void a_message_for_nobody_leaves_the_log(void **state)
{
	struct world *w = *state;

	delivery_start(w->delivery, w->intake);
	world_send(w, 1, 0, on_done, w);
	world_await(w, &w->done, 1);
	await_filed(w);
	assert_int_equal(delivery_observe(w->delivery).delivered, 0);
}

static void run_in(const char *data, const char *command)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "cd '%s' && %s", data, command);
	assert_int_equal(system(whole), 0);
}

/* The log as it was before the filing comes back, as if its marks had been lost. */
static void a_replay_files_nothing_twice(void **state)
{
	struct world *w = *state;

	delivery_start(w->delivery, w->intake);
	delivery_stop(w->delivery);
	for (unsigned n = 0; n < 20; n++)
		world_send(w, n, 7, on_done, w); /* after the stop: it stays in the log */
	world_await(w, &w->done, 20);
	world_end(w);
	run_in(w->data, "cp -r intake kept");
	for (int round = 0; round < 3; round++) {
		world_begin(w, 0);
		assert_int_equal(intake_recovered(w->intake).messages, 20);
		delivery_start(w->delivery, w->intake);
		await_filed(w);
		assert_int_equal(delivery_observe(w->delivery).delivered, round ? 0 : 60);
		count_all(w);
		for (unsigned n = 0; n < 20; n++)
			for (unsigned i = 0; i < ACCOUNTS; i++)
				assert_int_equal(counts[i][n], 1);
		world_end(w);
		run_in(w->data, "rm -r intake && cp -r kept intake");
	}
	world_begin(w, 0);
}

static void what_cannot_be_filed_waits_and_holds_up_nobody(void **state)
{
	struct world *w = *state;
	char path[120];

	/* Account b's folder cannot be made: a file has its name. */
	snprintf(path, sizeof(path), "%s/accounts", w->data);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/accounts/a1", w->data);
	close(creat(path, 0600));
	delivery_start(w->delivery, w->intake);
	world_send(w, 1, 3, on_done, w);
	world_await(w, &w->changes, 1);
	assert_int_equal(delivery_observe(w->delivery).delivered, 1);
	assert_int_equal(delivery_observe(w->delivery).waiting, 1);
	assert_int_equal(unlink(path), 0);
	world_await(w, &w->changes, 2); /* a retry, by itself */
	await_filed(w);
	count_all(w);
	assert_int_equal(counts[0][1], 1);
	assert_int_equal(counts[1][1], 1);
}

/* -- kill -9 -- */

struct report {
	int fd;
	unsigned n;
};

static void on_reported(void *arg, int outcome, uint64_t id)
{
	struct report *report = arg;

	(void)id;
	if (!outcome && write(report->fd, &report->n, sizeof(report->n)) < 0)
		_exit(9);
	free(report);
}

/* Sends from `first` on, as fast as it goes, and writes to `fd` what was answered with 0,
 * until it is killed. */
static void child(struct world *w, int fd, unsigned first)
{
	world_begin(w, 2);
	delivery_start(w->delivery, w->intake);
	for (unsigned n = first; n < first + 20000; n++) {
		struct report *report = xcalloc(1, sizeof(*report));
		struct timespec pause = { .tv_nsec = 200000 };

		*report = (struct report){ fd, n };
		world_send(w, n, 1 + n % 7, on_reported, report);
		if (n % 16 == 0)
			nanosleep(&pause, NULL);
	}
	pause();
}

static void whatever_the_instant_of_the_kill_all_is_there_once(void **state)
{
	const char *asked = getenv("POSTHUS_CRASHES");
	unsigned rounds = asked ? (unsigned)atoi(asked) : 6;
	unsigned seed = asked ? (unsigned)time(NULL) : 11;
	static unsigned char acknowledged[LOTS];
	struct world *w = *state;

	world_end(w);
	memset(acknowledged, 0, sizeof(acknowledged));
	print_message("seed %u, %u kills\n", seed, rounds);
	srand(seed);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned first = round % 5 * 20000, n;
		struct timespec life = { .tv_nsec = 1000000 * (20 + rand() % 250) };
		int pipes[2], status;
		pid_t pid;

		assert_int_equal(pipe(pipes), 0);
		pid = fork();
		if (!pid) {
			close(pipes[0]);
			child(w, pipes[1], first);
		}
		close(pipes[1]);
		/* The first answer shows that it runs. */
		if (read(pipes[0], &n, sizeof(n)) == sizeof(n))
			acknowledged[n] = 1;
		nanosleep(&life, NULL);
		kill(pid, SIGKILL);
		while (read(pipes[0], &n, sizeof(n)) == sizeof(n))
			acknowledged[n] = 1;
		close(pipes[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		if (round % 5 != 4 && round + 1 != rounds)
			continue;
		world_begin(w, 0);
		delivery_start(w->delivery, w->intake);
		assert_int_equal(intake_recovered(w->intake).damaged, 0);
		await_filed(w);
		count_all(w);
		for (unsigned i = 0; i < ACCOUNTS; i++) {
			for (n = 0; n < LOTS; n++) {
				unsigned wanted = (1 + n % 7) >> i & 1;

				assert_true(counts[i][n] <= wanted);
				if (acknowledged[n])
					assert_int_equal(counts[i][n], wanted);
			}
		}
		world_end(w);
		if (round + 1 != rounds) {
			world_remove(w);
			world_folder(w);
			memset(acknowledged, 0, sizeof(acknowledged));
		}
	}
	world_begin(w, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_message_reaches_the_inbox_of_each_recipient),
		world_test(a_destroyed_account_leaves_no_file),
		world_test(many_messages_are_each_there_once),
		world_test(a_message_for_nobody_leaves_the_log),
		world_test(a_replay_files_nothing_twice),
		world_test(what_cannot_be_filed_waits_and_holds_up_nobody),
		world_test(whatever_the_instant_of_the_kill_all_is_there_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

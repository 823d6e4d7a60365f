#include "runtime/service/snapshot.h"

#include "runtime/snapshot.h"
#include "tests/runtime/service/delivery_test.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

enum {
	MOST = 20000,       /* messages of one test */
	BEFORE = 300,       /* that are there when a snapshot begins */
	LARGE = 300 * 1024, /* bytes of some: they go by a spool */
	LARGE_EACH = 40,
	LOG_MOST = 1 << 30,
};

/* -- a load -- */

struct load {
	struct world *w;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint sent;
	atomic_uint count; /* of those that are acknowledged */
	atomic_bool acknowledged[MOST];
	atomic_llong begun[MOST];
	atomic_llong took[MOST];
};

static struct load load;

static void on_sent(void *arg, int outcome, uint64_t id)
{
	unsigned n = (unsigned)(uintptr_t)arg;

	(void)id;
	assert(!outcome);
	atomic_store(&load.took[n], clock_now() - atomic_load(&load.begun[n]));
	atomic_store(&load.acknowledged[n], true);
	atomic_fetch_add(&load.count, 1);
}

static unsigned recipients_of(unsigned n)
{
	return 1 + n % 7;
}

static void send(struct world *w, unsigned n)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(SIZE_MAX);

	buf_addf(&text, "Subject: %u\r\n\r\nThis is message %u.\r\n", n, n);
	while (n % LARGE_EACH == 0 && text.len < LARGE)
		buf_add(&text, VIEW("It is rather long, as messages go.\r\n"));
	atomic_store(&load.begun[n], clock_now());
	world_send_text(w, buf_view(&text), recipients_of(n), on_sent,
			(void *)(uintptr_t)n);
}

/* A busy day's, in so many sessions. */
static void *run_load(void *arg)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	unsigned n;

	(void)arg;
	for (n = 0; n < MOST && !atomic_load(&load.stop); n++) {
		send(load.w, n);
		atomic_store(&load.sent, n + 1);
		do
			nanosleep(&pause, NULL);
		while (n + 1 - atomic_load(&load.count) > 32);
	}
	return NULL;
}

static void load_begin(struct world *w)
{
	memset(&load, 0, sizeof(load));
	load.w = w;
	assert(!pthread_create(&load.thread, NULL, run_load, NULL));
}

static void load_await(unsigned count)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	while (atomic_load(&load.count) < count)
		nanosleep(&pause, NULL);
}

static void load_end(void)
{
	atomic_store(&load.stop, true);
	pthread_join(load.thread, NULL);
	load_await(atomic_load(&load.sent));
}

static int by_time(const void *a, const void *b)
{
	const nstime *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of the messages from..to, in microseconds. */
static long long p99(unsigned from, unsigned to)
{
	CLEANUP(freep) nstime *times = xcalloc(to - from + 1, sizeof(*times));
	size_t count = 0;

	for (unsigned n = from; n < to; n++)
		times[count++] = atomic_load(&load.took[n]);
	qsort(times, count, sizeof(*times), by_time);
	return count ? times[count * 99 / 100] / 1000 : 0;
}

/* -- a copy, and what it holds -- */

static void make_folders(const char *path)
{
	CLEANUP(freep) char *folder = xstrndup(path, strlen(path));

	for (char *slash = strchr(folder + 1, '/'); slash;
			slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) && errno != EEXIST)
			die("no folder %s", folder);
		*slash = '/';
	}
}

static void write_file(struct snapshot *s, const char *to,
		const struct snapshot_file *file, nstime pause)
{
	struct timespec wait = { .tv_nsec = (long)pause };
	static char bytes[64 * 1024];
	char path[300];
	uint64_t size = 0;
	size_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%.*s", to, VIEW_ARG(file->path));
	make_folders(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	nanosleep(&wait, NULL);
	for (;;) {
		assert_int_equal(snapshot_read(s, bytes, sizeof(bytes), &len), 0);
		if (!len)
			break;
		assert_int_equal(write(fd, bytes, len), (ssize_t)len);
		size += len;
	}
	assert_int_equal(size, file->size);
	close(fd);
}

static int begin_snapshot(struct world *w, uint64_t log_most, struct snapshot **out)
{
	const struct snapshot_options options = { .data = w->data,
		.os = os_real(),
		.accounts = w->accounts,
		.intake = w->intake,
		.log_most = log_most };

	return snapshot_new(&options, out);
}

/* Copies all of it to `to`; each file takes a while. `acknowledged` are those that were
 * before the log was cut. */
static int copy(struct world *w, const char *to, uint64_t log_most, nstime pause,
		bool *acknowledged)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct snapshot_file file;
	bool own = false;
	int r;

	assert_int_equal(begin_snapshot(w, log_most, &s), 0);
	do {
		for (unsigned n = 0; !own && n < MOST; n++)
			acknowledged[n] = atomic_load(&load.acknowledged[n]);
		r = snapshot_next(s, &file);
		if (r == SNAPSHOT_OWN)
			own = true;
		else if (r == SNAPSHOT_OK)
			write_file(s, to, &file, pause);
	} while (r == SNAPSHOT_OK || r == SNAPSHOT_OWN);
	assert_int_equal(r, SNAPSHOT_END);
	assert_true(own);
	return snapshot_check(s);
}

static void await_filed(struct world *w)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	while (delivery_observe(w->delivery).waiting)
		nanosleep(&pause, NULL);
}

static void begin_copy(struct world *w, const char *to)
{
	snprintf(w->data, sizeof(w->data), "%s", to);
	world_begin(w, 0);
	assert_int_equal(intake_recovered(w->intake).damaged, 0);
	delivery_start(w->delivery, w->intake);
	await_filed(w);
}

/* Each of those once, the others not more often. */
static unsigned assert_complete(struct world *w, const bool *acknowledged)
{
	static unsigned counts[ACCOUNTS][MOST];
	unsigned lost = 0, twice = 0, there = 0;

	memset(counts, 0, sizeof(counts));
	for (int i = 0; i < ACCOUNTS; i++)
		assert_int_equal(look_into(w, i, count_subjects, counts[i]), 0);
	for (unsigned n = 0; n < MOST; n++)
		for (unsigned i = 0; i < ACCOUNTS; i++) {
			unsigned wanted = recipients_of(n) >> i & 1;

			there += counts[i][n] > 0;
			lost += acknowledged[n] && counts[i][n] < wanted;
			twice += counts[i][n] > wanted;
		}
	print_message("  restored: %u copies, %u lost, %u twice\n", there, lost, twice);
	assert_int_equal(lost, 0);
	assert_int_equal(twice, 0);
	return there;
}

static void what_was_acknowledged_is_in_the_copy_once(void **state)
{
	static bool acknowledged[MOST];
	struct world *w = *state, again;
	char to[64];
	unsigned quiet, copied, rounds = 2;

	snprintf(to, sizeof(to), "%.40s/copy", w->data);
	delivery_start(w->delivery, w->intake);
	load_begin(w);
	load_await(BEFORE);
	quiet = atomic_load(&load.sent);
	for (unsigned i = 0; i < rounds; i++) {
		char *command = NULL;

		assert_int_equal(copy(w, to, LOG_MOST, 20000000, acknowledged), 0);
		copied = atomic_load(&load.sent);
		begin_copy(&again, to);
		assert_true(assert_complete(&again, acknowledged) > BEFORE);
		world_end(&again);
		assert_true(asprintf(&command, "rm -rf '%s'", to) > 0);
		assert_int_equal(system(command), 0);
		free(command);
		if (i == 0)
			print_message("  p99 of an answer: %lld us before, %lld us with "
				      "a copy under way\n",
					p99(0, quiet - 32), p99(quiet, copied - 32));
	}
	load_end();
	/* and where it was copied from, nothing has gone amiss */
	await_filed(w);
	for (unsigned n = 0; n < MOST; n++)
		acknowledged[n] = atomic_load(&load.acknowledged[n]);
	assert_complete(w, acknowledged);
}

static void a_log_that_grows_too_much_is_let_go(void **state)
{
	static bool acknowledged[MOST];
	struct world *w = *state;
	char to[64];

	snprintf(to, sizeof(to), "%.40s/copy", w->data);
	delivery_start(w->delivery, w->intake);
	load_begin(w);
	load_await(20);
	assert_int_equal(copy(w, to, 1000, 50000000, acknowledged), SNAPSHOT_E_OUTGROWN);
	load_end();
}

static void an_account_that_is_replaced_is_seen(void **state)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct world *w = *state;
	struct snapshot_file file;
	char command[300];

	delivery_start(w->delivery, w->intake);
	load_begin(w);
	load_await(20);
	load_end();
	assert_int_equal(begin_snapshot(w, LOG_MOST, &s), 0);
	while (snapshot_next(s, &file) == SNAPSHOT_OK && file.pages)
		;
	snprintf(command, sizeof(command),
			"cd '%s'/accounts/a1 && cp *.db new && mv new *.db", w->data);
	assert_int_equal(system(command), 0);
	while (snapshot_next(s, &file) != SNAPSHOT_END)
		;
	assert_int_equal(snapshot_check(s), SNAPSHOT_E_MOVED);
}

static void files_that_nobody_has_open_are_copied_with_their_wal(void **state)
{
	static bool acknowledged[MOST];
	struct world *w = *state, again;
	struct snapshot *s = NULL;
	struct snapshot_file file;
	char to[64], command[400];
	int r;

	/* As a crash leaves them: what was frozen keeps its WAL when it is closed. */
	delivery_start(w->delivery, w->intake);
	load_begin(w);
	load_await(20);
	load_end();
	await_filed(w);
	for (unsigned n = 0; n < MOST; n++)
		acknowledged[n] = atomic_load(&load.acknowledged[n]);
	snprintf(to, sizeof(to), "%.40s/crashed", w->data);
	snprintf(command, sizeof(command),
			"mkdir '%s' && cp -r '%s'/accounts '%s'/intake '%s'", to, w->data,
			w->data, to);
	assert_int_equal(system(command), 0);
	snprintf(again.data, sizeof(again.data), "%s", to);
	world_begin(&again, 0);
	assert_int_equal(begin_snapshot(&again, LOG_MOST, &s), 0);
	snprintf(to, sizeof(to), "%.40s/copy", w->data);
	while ((r = snapshot_next(s, &file)) != SNAPSHOT_END)
		if (r == SNAPSHOT_OK)
			write_file(s, to, &file, 0);
	assert_int_equal(snapshot_check(s), 0);
	snapshot_free(s);
	world_end(&again);
	begin_copy(&again, to);
	assert_complete(&again, acknowledged);
	world_end(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(what_was_acknowledged_is_in_the_copy_once),
		world_test(a_log_that_grows_too_much_is_let_go),
		world_test(an_account_that_is_replaced_is_seen),
		world_test(files_that_nobody_has_open_are_copied_with_their_wal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

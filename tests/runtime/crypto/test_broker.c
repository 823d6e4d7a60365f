#include "runtime/crypto/broker.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct broker *start(unsigned char fill)
{
	char bytes[KEY_SIZE];
	struct secret master;
	struct broker *broker = NULL;

	memset(bytes, fill, sizeof(bytes));
	master = secret_copy(view_of(bytes, sizeof(bytes)));
	assert_int_equal(broker_start(&master, &broker), 0);
	assert_null(master.data);
	return broker;
}

static struct view bytes_of(const struct broker_wrapped *w)
{
	return view_of(w->bytes, sizeof(w->bytes));
}

static void a_purpose_key_is_the_masters(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	struct key master, expected, key;

	(void)state;
	memset(&master, 7, sizeof(master));
	for (int i = 0; i < PURPOSE_ACCOUNTS; i++) {
		key_derive(&master, (enum purpose)i, &expected);
		assert_int_equal(broker_purpose_key(broker, (enum purpose)i, &key),
				BROKER_OK);
		assert_memory_equal(&key, &expected, sizeof(key));
	}
}

static void the_accounts_key_never_leaves(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	struct key key = { { 0 } }, zero = { { 0 } };

	(void)state;
	assert_int_equal(broker_purpose_key(broker, PURPOSE_ACCOUNTS, &key),
			BROKER_E_REFUSED);
	assert_memory_equal(&key, &zero, sizeof(key));
	assert_int_equal(broker_purpose_key(broker, PURPOSE_CONTROL, &key), BROKER_OK);
}

static void a_wrapped_key_opens_for_its_account_alone(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	CLEANUP(broker_stopp) struct broker *again = start(7);
	CLEANUP(broker_stopp) struct broker *other = start(8);
	unsigned char uids[2][BROKER_UID] = { "alice", "bob" };
	struct broker_wrapped wrapped[2];
	struct key one, two, copy;

	(void)state;
	assert_int_equal(broker_wrap_new(broker, uids[0], 2, wrapped), 0);
	assert_int_equal(broker_unwrap(broker, uids[0], bytes_of(&wrapped[0]), &one), 0);
	assert_int_equal(broker_unwrap(broker, uids[1], bytes_of(&wrapped[1]), &two), 0);
	assert_memory_not_equal(&one, &two, sizeof(one));
	assert_int_equal(broker_unwrap(again, uids[0], bytes_of(&wrapped[0]), &copy), 0);
	assert_memory_equal(&one, &copy, sizeof(one));
	assert_int_equal(broker_unwrap(broker, uids[1], bytes_of(&wrapped[0]), &copy),
			BROKER_E_FORGED);
	assert_int_equal(broker_unwrap(other, uids[0], bytes_of(&wrapped[0]), &copy),
			BROKER_E_FORGED);
	assert_int_equal(broker_unwrap(broker, uids[0],
					 view_sub(bytes_of(&wrapped[0]), 0, 20), &copy),
			BROKER_E_FORGED);
	wrapped[0].bytes[40] ^= 1;
	assert_int_equal(broker_unwrap(broker, uids[0], bytes_of(&wrapped[0]), &copy),
			BROKER_E_FORGED);
}

static void ten_thousand_wraps_take_less_than_a_second(void **state)
{
	enum {
		COUNT = 10000
	};
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	unsigned char(*uids)[BROKER_UID] = calloc(COUNT, BROKER_UID);
	struct broker_wrapped *wrapped = calloc(COUNT, sizeof(*wrapped));
	struct timespec from, to;
	struct key key;
	int64_t ms;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++)
		memcpy(uids[i], &i, sizeof(i));
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(broker_wrap_new(broker, uids[0], COUNT, wrapped), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	print_message("10,000 wraps: %lld ms\n", (long long)ms);
	assert_true(ms < 1000);
	assert_int_equal(broker_unwrap(broker, uids[COUNT - 1],
					 bytes_of(&wrapped[COUNT - 1]), &key),
			0);
	free(uids);
	free(wrapped);
}

struct asker {
	struct broker *broker;
	unsigned char uid[BROKER_UID];
	bool good;
};

static void *ask(void *arg)
{
	struct asker *asker = arg;
	struct broker_wrapped wrapped;
	struct key first, key;

	asker->good = broker_wrap_new(asker->broker, asker->uid, 1, &wrapped) == 0 &&
		      broker_unwrap(asker->broker, asker->uid, bytes_of(&wrapped),
				      &first) == 0;
	for (int i = 0; i < 200 && asker->good; i++)
		asker->good = broker_unwrap(asker->broker, asker->uid, bytes_of(&wrapped),
					      &key) == 0 &&
			      memcmp(&key, &first, sizeof(key)) == 0;
	return NULL;
}

static void threads_get_their_own_answers(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	struct asker askers[4];
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		askers[i] = (struct asker){ .broker = broker,
			.uid = { (unsigned char)i } };
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_true(askers[i].good);
	}
}

static void a_dead_broker_is_a_fault(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	struct key key;

	(void)state;
	kill(broker_pid(broker), SIGKILL);
	assert_int_equal(broker_purpose_key(broker, PURPOSE_TLS, &key), -EPIPE);
	assert_int_equal(broker_purpose_key(broker, PURPOSE_TLS, &key), -EPIPE);
}

/* Ctrl-C and systemd's SIGTERM reach the whole group; the parent still needs it then. */
static void the_groups_signals_do_not_end_it(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = start(7);
	struct key key;

	(void)state;
	assert_int_equal(broker_purpose_key(broker, PURPOSE_TLS, &key), 0);
	kill(broker_pid(broker), SIGINT);
	kill(broker_pid(broker), SIGTERM);
	assert_int_equal(broker_purpose_key(broker, PURPOSE_TLS, &key), 0);
}

static void it_holds_no_other_files(void **state)
{
	CLEANUP(broker_stopp) struct broker *broker = NULL;
	struct dirent *entry;
	struct key key;
	int held = dup(0), count = 0;
	char path[64];
	DIR *folder;

	(void)state;
	broker = start(7);
	assert_int_equal(broker_purpose_key(broker, PURPOSE_TLS, &key), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd", broker_pid(broker));
	folder = opendir(path);
	if (!folder) { /* undumpable: only root may look */
		close(held);
		skip();
	}
	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	closedir(folder);
	close(held);
	assert_int_equal(count, 2); /* the socket and stderr */
}

/* The middle process dies without a word; its broker must not outlive it. */
static void it_dies_with_its_parent(void **state)
{
	struct pollfd ended = { .events = POLLIN };
	int pair[2], go[2], status;
	pid_t middle, child;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(pipe(go), 0);
	middle = fork();
	if (middle == 0) {
		struct broker *broker = start(7);
		struct key key;
		char byte;

		child = broker_pid(broker);
		if (broker_purpose_key(broker, PURPOSE_TLS, &key) ||
				write(pair[1], &child, sizeof(child)) != sizeof(child) ||
				read(go[0], &byte, 1) != 1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(pair[0], &child, sizeof(child)), sizeof(child));
	ended.fd = (int)syscall(SYS_pidfd_open, child, 0);
	assert_true(ended.fd >= 0);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(middle, &status, 0), middle);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(poll(&ended, 1, 10000), 1);
	close(ended.fd);
	for (int i = 0; i < 2; i++) {
		close(pair[i]);
		close(go[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_purpose_key_is_the_masters),
		cmocka_unit_test(the_accounts_key_never_leaves),
		cmocka_unit_test(a_wrapped_key_opens_for_its_account_alone),
		cmocka_unit_test(ten_thousand_wraps_take_less_than_a_second),
		cmocka_unit_test(threads_get_their_own_answers),
		cmocka_unit_test(a_dead_broker_is_a_fault),
		cmocka_unit_test(the_groups_signals_do_not_end_it),
		cmocka_unit_test(it_holds_no_other_files),
		cmocka_unit_test(it_dies_with_its_parent),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

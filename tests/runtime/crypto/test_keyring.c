#include "runtime/crypto/keyring.h"
#include "tests/lib/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const struct key zero;

static void a_full_keyring_hands_out_nothing(void **state)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	struct keyring_report report;
	struct key **taken;

	(void)state;
	assert_int_equal(keyring_new(10, &k), 0);
	keyring_observe(k, &report);
	assert_true(report.slots >= 10);
	taken = calloc(report.slots, sizeof(struct key *));
	for (size_t i = 0; i < report.slots; i++) {
		taken[i] = keyring_take(k);
		assert_non_null(taken[i]);
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(taken[i], taken[j]);
	}
	assert_null(keyring_take(k));
	keyring_give(k, taken[3]);
	assert_ptr_equal(keyring_take(k), taken[3]);
	free(taken);
}

static void a_slot_is_wiped_when_it_comes_back(void **state)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	struct key *slot;

	(void)state;
	assert_int_equal(keyring_new(1, &k), 0);
	slot = keyring_take(k);
	assert_memory_equal(slot, &zero, sizeof(zero));
	key_random(slot);
	assert_memory_not_equal(slot, &zero, sizeof(zero));
	keyring_give(k, slot);
	assert_memory_equal(slot, &zero, sizeof(zero));
	keyring_give(k, NULL);
}

static int child_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_forked_child_sees_no_keys(void **state)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	struct key *slot;
	pid_t pid;

	(void)state;
	assert_int_equal(keyring_new(1, &k), 0);
	slot = keyring_take(k);
	key_random(slot);
	pid = fork();
	if (pid == 0)
		_exit(memcmp(slot, &zero, sizeof(zero)) != 0);
	assert_int_equal(child_status(pid), 0);
	assert_memory_not_equal(slot, &zero, sizeof(zero));
}

static void a_read_past_the_end_ends_the_process(void **state)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	struct keyring_report report;
	pid_t pid;

	(void)state;
	assert_int_equal(keyring_new(1, &k), 0);
	keyring_observe(k, &report);
	pid = fork();
	if (pid == 0) {
		volatile struct key *first = keyring_take(k);

		signal(SIGSEGV, SIG_DFL);
		for (size_t i = 0; i <= report.slots; i++)
			if (first[i].bytes[0])
				_exit(1);
		_exit(0);
	}
	assert_true(WIFSIGNALED(child_status(pid)));
}

/* Root is not held by the limit, so the child becomes somebody first. */
static void a_refused_lock_is_reported(void **state)
{
	pid_t pid;

	(void)state;
	if (SANITIZED)
		skip(); /* its runtime makes mlock() do nothing and succeed */
	pid = fork();
	if (pid == 0) {
		struct rlimit none = { 0, 0 };
		struct keyring_report report;
		struct keyring *k;

		if (setrlimit(RLIMIT_MEMLOCK, &none) ||
				(geteuid() == 0 && setuid(65534)) || keyring_new(1, &k))
			_exit(1);
		keyring_observe(k, &report);
		_exit(report.locked ? 2 : 0);
	}
	assert_int_equal(child_status(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_keyring_hands_out_nothing),
		cmocka_unit_test(a_slot_is_wiped_when_it_comes_back),
		cmocka_unit_test(a_forked_child_sees_no_keys),
		cmocka_unit_test(a_read_past_the_end_ends_the_process),
		cmocka_unit_test(a_refused_lock_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

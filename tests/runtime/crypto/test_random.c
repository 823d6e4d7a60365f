#include "runtime/crypto/random.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void draws_differ(void **state)
{
	unsigned char drawn[1000][16];

	(void)state;
	for (int i = 0; i < 1000; i++)
		random_bytes(drawn[i], sizeof(drawn[i]));
	for (int i = 0; i < 1000; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(drawn[i], drawn[j], sizeof(drawn[i]));
}

static void a_large_draw_is_filled_to_its_end(void **state)
{
	static unsigned char large[100000];
	unsigned seen = 0;

	(void)state;
	random_bytes(large, sizeof(large));
	for (size_t i = sizeof(large) - 64; i < sizeof(large); i++)
		seen |= large[i];
	assert_int_not_equal(seen, 0);
}

/* A nonce used twice under one key gives the page away. */
static void a_forked_child_draws_its_own(void **state)
{
	unsigned char ours[32], theirs[32];
	int pair[2], status;
	pid_t pid;

	(void)state;
	random_bytes(ours, 1); /* the pool is filled before the fork */
	assert_int_equal(pipe(pair), 0);
	pid = fork();
	if (pid == 0) {
		random_bytes(theirs, sizeof(theirs));
		_exit(write(pair[1], theirs, sizeof(theirs)) != sizeof(theirs));
	}
	assert_int_equal(read(pair[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	random_bytes(ours, sizeof(ours));
	assert_memory_not_equal(ours, theirs, sizeof(ours));
	close(pair[0]);
	close(pair[1]);
}

static void *draw(void *out)
{
	random_bytes(out, 32);
	return NULL;
}

static void threads_draw_their_own(void **state)
{
	unsigned char ours[32], theirs[32];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, draw, theirs), 0);
	pthread_join(thread, NULL);
	random_bytes(ours, sizeof(ours));
	assert_memory_not_equal(ours, theirs, sizeof(ours));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_differ),
		cmocka_unit_test(a_large_draw_is_filled_to_its_end),
		cmocka_unit_test(a_forked_child_draws_its_own),
		cmocka_unit_test(threads_draw_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

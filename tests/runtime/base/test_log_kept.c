#include "runtime/base/log_kept.h"

#include "runtime/base/buf.h"
#include "runtime/base/log.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The number of the line that is kept next. */
static uint64_t next_number(void)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LOG_KEPT_BYTES);

	return log_kept_read(UINT64_MAX, &out);
}

static void keep_number(uint64_t number, size_t padding)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(8192);

	buf_addf(&line, "%llu ", (unsigned long long)number);
	for (size_t i = 0; i < padding; i++)
		buf_add_byte(&line, 'x');
	buf_add_byte(&line, '\n');
	log_keep(buf_view(&line));
}

static void what_is_logged_is_kept(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LOG_KEPT_BYTES);
	uint64_t next = next_number();

	(void)state;
	log_event(LOG_WARN, "test.kept", log_text("a", "b\n"));
	log_event(LOG_DEBUG, "test.dropped", log_text("a", "b"));
	assert_int_equal(log_kept_read(next - 1, &out), next);
	assert_int_equal(next_number(), next + 1);
	assert_view(view_from(buf_view(&out), 25), "warn test.kept a=\"b\\x0a\"\n");
}

/* Lines of every length, three times round: what is there is the newest, whole, in order. */
static void the_oldest_go_first(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LOG_KEPT_BYTES);
	struct view rest;
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < 3000; i++)
		keep_number(next_number(), i % 1000);
	number = log_kept_read(0, &out);
	assert_false(buf_failed(&out));
	assert_true(out.len > LOG_KEPT_BYTES - 1010);
	assert_true(number > 1);
	for (rest = buf_view(&out); rest.len; number++) {
		struct view line = view_cut(&rest, '\n');
		uint64_t written;

		assert_true(view_to_u64(view_cut(&line, ' '), &written));
		assert_int_equal(written, number);
	}
	assert_int_equal(number, next_number());
	buf_clear(&out);
	assert_int_equal(log_kept_read(number - 2, &out), number - 1);
	assert_int_equal(view_find(buf_view(&out), '\n'), out.len - 1);
}

static void *write_lines(void *unused)
{
	for (size_t i = 0; i < 5000; i++)
		keep_number(i, i % 100);
	return unused;
}

static void many_threads_lose_no_line(void **state)
{
	uint64_t before = next_number();
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(next_number(), before + 20000);
}

static void a_waiter_is_told_once(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t count;

	(void)state;
	keep_number(1, 0);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	log_kept_await(fd);
	keep_number(2, 0);
	keep_number(3, 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	log_kept_await(fd);
	log_kept_await(-1);
	keep_number(4, 0);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_logged_is_kept),
		cmocka_unit_test(the_oldest_go_first),
		cmocka_unit_test(many_threads_lose_no_line),
		cmocka_unit_test(a_waiter_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

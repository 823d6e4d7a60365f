#include "runtime/base/buf.h"
#include "tests/lib/test.h"

#include <stdlib.h>

static void the_maximum_holds_and_the_error_sticks(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(5);

	(void)state;
	buf_add(&b, VIEW("abc"));
	buf_add(&b, VIEW("def"));
	assert_true(buf_failed(&b));
	assert_view(buf_view(&b), "abc");
	buf_add_byte(&b, 'd');
	assert_view(buf_view(&b), "abc");
	buf_clear(&b);
	buf_add(&b, VIEW("12345"));
	assert_false(buf_failed(&b));
	assert_view(buf_view(&b), "12345");
}

static void long_formats_are_whole(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(4096);

	(void)state;
	buf_addf(&b, "%0500d", 7);
	assert_int_equal(b.len, 500);
	assert_int_equal(b.data[499], '7');
}

static void consume_keeps_the_rest(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(4096);

	(void)state;
	buf_add_u64(&b, UINT64_MAX);
	buf_add_u64(&b, 0);
	buf_consume(&b, 18);
	assert_view(buf_view(&b), "150");
}

static void taken_text_is_the_callers(void **state)
{
	struct buf b = BUF_NULL(16);
	char *text;

	(void)state;
	buf_add_z(&b, "text");
	text = buf_take_z(&b);
	assert_string_equal(text, "text");
	assert_int_equal(b.len, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_maximum_holds_and_the_error_sticks),
		cmocka_unit_test(long_formats_are_whole),
		cmocka_unit_test(consume_keeps_the_rest),
		cmocka_unit_test(taken_text_is_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

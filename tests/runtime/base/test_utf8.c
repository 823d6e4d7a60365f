#include "runtime/base/utf8.h"
#include "tests/lib/test.h"

static void only_the_shortest_form_is_valid(void **state)
{
	static const char *const bad[] = { "\xc0\x80", "\xe0\x80\xaf", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xff", "\x80", "\xe2\x82", "\xf8\x88\x80\x80\x80" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(utf8_valid(view_z(bad[i])));
	assert_true(utf8_valid(VIEW("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xac")));
}

static void every_code_point_comes_back(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x10ffff; code += 13) {
		CLEANUP(buf_free) struct buf b = BUF_NULL(8);
		uint32_t got;

		if (code >= 0xd800 && code < 0xe000)
			continue;
		utf8_add(&b, code);
		assert_int_equal(utf8_decode(buf_view(&b), &got), b.len);
		assert_int_equal(got, code);
	}
}

static void bad_bytes_are_replaced_one_by_one(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(64);

	(void)state;
	utf8_add_repaired(&b, VIEW("a\xe2\x82z\xff"));
	assert_view(buf_view(&b), "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_shortest_form_is_valid),
		cmocka_unit_test(every_code_point_comes_back),
		cmocka_unit_test(bad_bytes_are_replaced_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

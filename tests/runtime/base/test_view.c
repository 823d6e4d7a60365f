#include "tests/lib/test.h"

static void cut_leaves_what_follows(void **state)
{
	struct view v = VIEW("a,b,,c");

	(void)state;
	assert_view(view_cut(&v, ','), "a");
	assert_view(view_cut(&v, ','), "b");
	assert_view(view_cut(&v, ','), "");
	assert_non_null(v.data);
	assert_view(view_cut(&v, ','), "c");
	assert_null(v.data);
}

static void sub_is_clamped(void **state)
{
	(void)state;
	assert_view(view_sub(VIEW("abc"), 1, 1), "b");
	assert_view(view_sub(VIEW("abc"), 2, 99), "c");
	assert_view(view_sub(VIEW("abc"), 9, 1), "");
}

static void numbers_end_at_2_to_the_64(void **state)
{
	uint64_t n;

	(void)state;
	assert_true(view_to_u64(VIEW("18446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	assert_false(view_to_u64(VIEW("18446744073709551616"), &n));
	assert_false(view_to_u64(VIEW(""), &n));
	assert_false(view_to_u64(VIEW("-1"), &n));
	assert_false(view_to_u64(VIEW("1 "), &n));
}

static void case_folds_ascii_alone(void **state)
{
	(void)state;
	assert_true(view_eq_nocase(VIEW("InBox"), VIEW("INBOX")));
	assert_false(view_eq_nocase(VIEW("\xc3\xa4"), VIEW("\xc3\x84")));
	assert_true(view_starts_nocase(VIEW("MAIL FROM:<>"), VIEW("mail from:")));
	assert_true(view_ends(VIEW("a.yaml"), VIEW(".yaml")));
}

static void search_and_order(void **state)
{
	(void)state;
	assert_int_equal(view_find(VIEW("a@b@c"), '@'), 1);
	assert_int_equal(view_find_last(VIEW("a@b@c"), '@'), 3);
	assert_int_equal(view_find(VIEW("abc"), '@'), 3);
	assert_int_equal(view_find_view(VIEW("abcabd"), VIEW("abd")), 3);
	assert_true(view_compare(VIEW("ab"), VIEW("abc")) < 0);
	assert_true(view_compare(VIEW("b"), VIEW("abc")) > 0);
	assert_int_equal(view_compare(VIEW("x"), VIEW("x")), 0);
	assert_view(view_trim(VIEW(" \t x y\r\n")), "x y");
}

static void A06_a_secret_is_equal_in_every_byte_or_not_at_all(void **state)
{
	char a[] = "a token of 24 characters", b[sizeof(a)];

	(void)state;
	memcpy(b, a, sizeof(a));
	assert_true(view_eq_secret(view_z(a), view_z(b)));
	for (size_t i = 0; i < sizeof(a) - 1; i++) {
		b[i] ^= 1;
		assert_false(view_eq_secret(view_z(a), view_z(b)));
		b[i] ^= 1;
	}
	assert_false(view_eq_secret(view_z(a), view_sub(view_z(b), 0, 23)));
	assert_true(view_eq_secret(VIEW_NULL, VIEW_NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(A06_a_secret_is_equal_in_every_byte_or_not_at_all),
		cmocka_unit_test(cut_leaves_what_follows),
		cmocka_unit_test(sub_is_clamped),
		cmocka_unit_test(numbers_end_at_2_to_the_64),
		cmocka_unit_test(case_folds_ascii_alone),
		cmocka_unit_test(search_and_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

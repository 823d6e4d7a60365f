#include "runtime/base/base64.h"
#include "tests/lib/test.h"

static void the_vectors_of_rfc_4648(void **state)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP(buf_free) struct buf b = BUF_NULL(64);

		base64_add(&b, view_z(vectors[i][0]));
		assert_view(buf_view(&b), vectors[i][1]);
		buf_clear(&b);
		assert_true(base64_decode(&b, view_z(vectors[i][1])));
		assert_view(buf_view(&b), vectors[i][0]);
	}
}

static void what_is_not_base64_leaves_nothing(void **state)
{
	static const char *const bad[] = { "Zg=", "Zg", "Z===", "====", "Zm9v=mFy",
		"Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zg==Zg==" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP(buf_free) struct buf b = BUF_NULL(64);

		buf_add_z(&b, "kept");
		assert_false(base64_decode(&b, view_z(bad[i])));
		assert_view(buf_view(&b), "kept");
	}
}

static void hexadecimal_is_exact(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(64);
	unsigned char out[2];

	(void)state;
	hex_add(&b, view_of("\x00\xfe", 2));
	assert_view(buf_view(&b), "00fe");
	assert_true(hex_decode(VIEW("0aFF"), out, 2));
	assert_int_equal(out[0], 10);
	assert_int_equal(out[1], 255);
	assert_false(hex_decode(VIEW("0aFg"), out, 2));
	assert_false(hex_decode(VIEW("0aF"), out, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4648),
		cmocka_unit_test(what_is_not_base64_leaves_nothing),
		cmocka_unit_test(hexadecimal_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

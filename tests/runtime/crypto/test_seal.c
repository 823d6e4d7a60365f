#include "runtime/crypto/seal.h"
#include "tests/lib/test.h"

static const struct key key = { { 1, 2, 3 } };

enum {
	SEALED = 11 + SEAL_OVERHEAD
};

static void what_was_sealed_opens(void **state)
{
	unsigned char sealed[SEALED];
	char out[11];

	(void)state;
	seal(&key, VIEW("user/alice"), VIEW("hello world"), sealed);
	assert_int_equal(
			seal_open(&key, VIEW("user/alice"), view_of(sealed, SEALED), out),
			SEAL_OK);
	assert_memory_equal(out, "hello world", 11);
}

static void it_opens_for_its_owner_and_key_alone(void **state)
{
	struct key other = { { 1, 2, 4 } };
	unsigned char sealed[SEALED];
	char out[11] = "untouched";

	(void)state;
	seal(&key, VIEW("user/alice"), VIEW("hello world"), sealed);
	assert_int_equal(seal_open(&key, VIEW("user/bob"), view_of(sealed, SEALED), out),
			SEAL_E_FORGED);
	assert_int_equal(seal_open(&other, VIEW("user/alice"), view_of(sealed, SEALED),
					 out),
			SEAL_E_FORGED);
}

static void every_flipped_bit_is_seen(void **state)
{
	unsigned char sealed[SEALED];
	char out[11];

	(void)state;
	seal(&key, VIEW("a"), VIEW("hello world"), sealed);
	for (size_t bit = 0; bit < 8 * SEALED; bit++) {
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(seal_open(&key, VIEW("a"), view_of(sealed, SEALED), out),
				SEAL_E_FORGED);
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	for (size_t len = 0; len < SEALED; len++)
		assert_int_equal(seal_open(&key, VIEW("a"), view_of(sealed, len), out),
				SEAL_E_FORGED);
}

static void an_empty_secret_can_be_sealed(void **state)
{
	unsigned char sealed[SEAL_OVERHEAD];

	(void)state;
	seal(&key, VIEW_NULL, VIEW_NULL, sealed);
	assert_int_equal(seal_open(&key, VIEW_NULL, view_of(sealed, SEAL_OVERHEAD),
					 sealed),
			SEAL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_opens),
		cmocka_unit_test(it_opens_for_its_owner_and_key_alone),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(an_empty_secret_can_be_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The cipher against a slow reading of the format's own words, and against whoever
 * changes a bit. That an independent program reads our pages is tests/interop. */
#include "runtime/crypto/page_cipher.h"
#include "runtime/crypto/random.h"
#include "tests/lib/test.h"

#include <sodium.h>

static const struct key key = { { 9, 8, 7 } };
static const unsigned char salt[PAGE_SALT] = "sixteen of salt";

static struct page_cipher *new_cipher(void)
{
	struct page_cipher *cipher = page_cipher_new(&key);

	assert_non_null(cipher);
	return cipher;
}

static void freep_cipher(struct page_cipher **cipher)
{
	page_cipher_free(*cipher);
}

static void put_le32(unsigned char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> 8 * i);
}

/* A nonce that gives page `number` the block counter `counter`. */
static void make_nonce(uint32_t counter, uint32_t number, unsigned char nonce[PAGE_NONCE])
{
	memset(nonce, 0x5a, PAGE_NONCE);
	put_le32(nonce + 12, counter ^ number);
}

/* One block at a time, the counter of each made by 32-bit addition: no carry. */
static void slow_encrypt(uint32_t counter, uint32_t number, const unsigned char *plain,
		size_t size, unsigned char *out)
{
	size_t end = size - PAGE_RESERVED, from = number == 1 ? 24 : 0;
	unsigned char otk[64] = { 0 };

	memcpy(out, plain, size);
	if (number == 1)
		memcpy(out, salt, PAGE_SALT);
	make_nonce(counter, number, out + end);
	crypto_stream_chacha20_ietf_xor_ic(otk, otk, 64, out + end, counter, key.bytes);
	for (size_t at = from; at < end; at += 64) {
		size_t len = end - at < 64 ? end - at : 64;

		crypto_stream_chacha20_ietf_xor_ic(out + at, plain + at, len, out + end,
				counter + 1 + (uint32_t)((at - from) / 64), otk + 32);
	}
	crypto_onetimeauth(out + end + PAGE_NONCE, out, end + PAGE_NONCE, otk);
}

static void check(uint32_t counter, uint32_t number, size_t size)
{
	CLEANUP(freep_cipher) struct page_cipher *cipher = new_cipher();
	static unsigned char plain[PAGE_SIZE_MAX], expected[PAGE_SIZE_MAX],
			page[PAGE_SIZE_MAX], back[PAGE_SIZE_MAX];
	unsigned char nonce[PAGE_NONCE];

	random_bytes(plain, size);
	if (number == 1)
		memcpy(plain, "SQLite format 3", 16);
	memset(plain + size - PAGE_RESERVED, 0, PAGE_RESERVED);
	make_nonce(counter, number, nonce);
	slow_encrypt(counter, number, plain, size, expected);
	page_encrypt(cipher, number, salt, nonce, plain, size, page);
	assert_memory_equal(page, expected, size);
	assert_int_equal(page_decrypt(cipher, number, page, size, back), PAGE_OK);
	assert_memory_equal(back, plain, size);
}

static void every_size_and_number_is_as_the_format_says(void **state)
{
	(void)state;
	for (size_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
		check(0, 1, size);
		check(0x12345678, 1, size);
		check(0x12345678, 2, size);
		check(0x12345678, 0xfffffffe, size);
	}
}

/* Pitfall 3: one library aborts here, the other goes on with another nonce. */
static void the_counter_wraps_without_a_carry(void **state)
{
	(void)state;
	for (uint32_t before = 0; before <= 129; before++) {
		check(0xffffffff - before, 1, 8192);
		check(0xffffffff - before, 2, 8192);
		check(0xffffffff - before, 77, 512);
	}
	check(0xffffffff - 1023, 3, 65536);
}

static void every_flipped_bit_is_seen(void **state)
{
	CLEANUP(freep_cipher) struct page_cipher *cipher = new_cipher();
	unsigned char plain[512] = { 0 }, page[512], back[512], nonce[PAGE_NONCE] = { 1 };

	(void)state;
	for (uint32_t number = 1; number <= 2; number++) {
		page_encrypt(cipher, number, salt, nonce, plain, sizeof(plain), page);
		for (size_t bit = 0; bit < 8 * sizeof(page); bit++) {
			page[bit / 8] ^= (unsigned char)(1 << bit % 8);
			assert_int_equal(page_decrypt(cipher, number, page, sizeof(page),
							 back),
					PAGE_E_FORGED);
			page[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		assert_int_equal(page_decrypt(cipher, number, page, sizeof(page), back),
				PAGE_OK);
	}
}

static void a_page_opens_in_its_place_alone(void **state)
{
	CLEANUP(freep_cipher) struct page_cipher *cipher = new_cipher();
	unsigned char plain[512] = "text", page[512], back[512],
		      nonce[PAGE_NONCE] = { 1 };
	unsigned char zero[512] = { 0 };

	(void)state;
	page_encrypt(cipher, 5, salt, nonce, plain, sizeof(plain), page);
	assert_int_equal(page_decrypt(cipher, 6, page, 512, back), PAGE_E_FORGED);
	assert_memory_equal(back, zero, sizeof(zero));
	assert_int_equal(page_decrypt(cipher, 0, page, 512, back), PAGE_E_FORGED);
	assert_int_equal(page_decrypt(cipher, 5, page, 512, back), PAGE_OK);
}

/* Pitfall 4: a hole in a file is not an empty page. */
static void zeros_are_no_page(void **state)
{
	CLEANUP(freep_cipher) struct page_cipher *cipher = new_cipher();
	unsigned char zero[8192] = { 0 }, back[8192];

	(void)state;
	for (uint32_t number = 0; number < 100; number++)
		assert_int_equal(page_decrypt(cipher, number, zero, sizeof(zero), back),
				PAGE_E_FORGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_and_number_is_as_the_format_says),
		cmocka_unit_test(the_counter_wraps_without_a_carry),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(a_page_opens_in_its_place_alone),
		cmocka_unit_test(zeros_are_no_page),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A page that was encrypted here opens to the same bytes; a page that came from outside
 * does not open, nor does ours with one bit changed. The input is: page number (4 bytes),
 * nonce (16), which bit to change (4), which size (1), then the page. */
#include "runtime/crypto/page_cipher.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEAD = 4 + PAGE_NONCE + 4 + 1
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void must(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct key key = { { 7 } };
	static const unsigned char salt[PAGE_SALT] = "salt of the test";
	static unsigned char plain[PAGE_SIZE_MAX], page[PAGE_SIZE_MAX],
			back[PAGE_SIZE_MAX];
	struct page_cipher *cipher;
	uint32_t number, bit;
	size_t page_size, from;

	if (size < HEAD)
		return 0;
	number = get32(data);
	bit = get32(data + 4 + PAGE_NONCE);
	page_size = (size_t)PAGE_SIZE_MIN << data[HEAD - 1] % 8;
	cipher = page_cipher_new(&key);
	memset(plain, 0, page_size);
	memcpy(plain, data + HEAD, size - HEAD < page_size ? size - HEAD : page_size);
	must(page_decrypt(cipher, number, plain, page_size, back) == PAGE_E_FORGED);
	if (number == 0)
		number = 1;
	page_encrypt(cipher, number, salt, data + 4, plain, page_size, page);
	must(page_decrypt(cipher, number, page, page_size, back) == PAGE_OK);
	from = number == 1 ? PAGE_SALT : 0;
	must(memcmp(back + from, plain + from, page_size - PAGE_RESERVED - from) == 0);
	bit %= 8 * page_size;
	page[bit / 8] ^= (unsigned char)(1 << bit % 8);
	must(page_decrypt(cipher, number, page, page_size, back) == PAGE_E_FORGED);
	page_cipher_free(cipher);
	return 0;
}

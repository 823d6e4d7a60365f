/* otk[64] = ChaCha20(key, nonce, counter): 32 bytes of Poly1305 key, 32 of page key.
 * data ^= ChaCha20(page key, nonce, counter + 1); tag = Poly1305(otk, data ‖ nonce).
 *
 * The counter is 32 bits wide and wraps without a carry. Neither library does that:
 * OpenSSL carries into the nonce, libsodium aborts; so the stream is cut at the wrap.
 * OpenSSL's ChaCha20 is the faster one and does the page; libsodium does the rest. The
 * database's key is never copied into an OpenSSL context, only the page's own. */
#include "runtime/crypto/page_cipher.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = 64,
	CHACHA_NONCE = 12,
};

static const char magic[PAGE_SALT] = "SQLite format 3";

struct page_cipher {
	const struct key *key;
	EVP_CIPHER_CTX *stream;
};

/* The one-time keys of one page. */
struct page_keys {
	unsigned char mac[crypto_onetimeauth_KEYBYTES];
	unsigned char page[crypto_stream_chacha20_ietf_KEYBYTES];
};

static_assert(sizeof(struct page_keys) == BLOCK, "one block of keystream");

static void wipe_keys(struct page_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

struct page_cipher *page_cipher_new(const struct key *key)
{
	struct page_cipher *cipher = xcalloc(1, sizeof(*cipher));

	if (sodium_init() < 0)
		die("libsodium does not start");
	cipher->key = key;
	cipher->stream = EVP_CIPHER_CTX_new();
	if (!cipher->stream || !EVP_EncryptInit_ex(cipher->stream, EVP_chacha20(), NULL,
					       NULL, NULL))
		die("OpenSSL has no ChaCha20");
	return cipher;
}

void page_cipher_free(struct page_cipher *cipher)
{
	if (!cipher)
		return;
	EVP_CIPHER_CTX_free(cipher->stream);
	free(cipher);
}

static uint32_t get_le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void put_le32(unsigned char *p, uint32_t number)
{
	p[0] = (unsigned char)number;
	p[1] = (unsigned char)(number >> 8);
	p[2] = (unsigned char)(number >> 16);
	p[3] = (unsigned char)(number >> 24);
}

static uint32_t counter_of(const unsigned char *nonce, uint32_t number)
{
	return get_le32(nonce + CHACHA_NONCE) ^ number;
}

static void derive(const struct page_cipher *cipher, const unsigned char *nonce,
		uint32_t counter, struct page_keys *out)
{
	memset(out, 0, sizeof(*out));
	crypto_stream_chacha20_ietf_xor_ic((unsigned char *)out,
			(const unsigned char *)out, sizeof(*out), nonce, counter,
			cipher->key->bytes);
}

/* One run of the stream, within which the counter does not wrap. */
static void stream_run(EVP_CIPHER_CTX *stream, const unsigned char *key,
		const unsigned char *nonce, uint32_t counter, const unsigned char *in,
		size_t len, unsigned char *out)
{
	unsigned char iv[4 + CHACHA_NONCE];
	int done;

	put_le32(iv, counter);
	memcpy(iv + 4, nonce, CHACHA_NONCE);
	if (!EVP_EncryptInit_ex(stream, NULL, NULL, key, iv) ||
			!EVP_EncryptUpdate(stream, out, &done, in, (int)len))
		die("OpenSSL's ChaCha20 failed");
}

static void stream_xor(EVP_CIPHER_CTX *stream, const unsigned char *key,
		const unsigned char *nonce, uint32_t counter, const unsigned char *in,
		size_t len, unsigned char *out)
{
	uint64_t before_wrap = (((uint64_t)1 << 32) - counter) * BLOCK;
	size_t first = len < before_wrap ? len : (size_t)before_wrap;

	stream_run(stream, key, nonce, counter, in, first, out);
	if (first < len)
		stream_run(stream, key, nonce, 0, in + first, len - first, out + first);
}

void page_encrypt(struct page_cipher *cipher, uint32_t number,
		const unsigned char salt[PAGE_SALT],
		const unsigned char nonce[PAGE_NONCE], const unsigned char *plain,
		size_t size, unsigned char *out)
{
	size_t from = number == 1 ? PAGE_PLAIN_END : 0;
	size_t end = size - PAGE_RESERVED;
	uint32_t counter = counter_of(nonce, number);
	CLEANUP(wipe_keys) struct page_keys keys;

	assert(size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && number > 0);
	derive(cipher, nonce, counter, &keys);
	if (number == 1) {
		memcpy(out, salt, PAGE_SALT);
		memcpy(out + PAGE_SALT, plain + PAGE_SALT, PAGE_PLAIN_END - PAGE_SALT);
	}
	stream_xor(cipher->stream, keys.page, nonce, counter + 1, plain + from,
			end - from, out + from);
	memcpy(out + end, nonce, PAGE_NONCE);
	crypto_onetimeauth(out + end + PAGE_NONCE, out, end + PAGE_NONCE, keys.mac);
}

int page_decrypt(struct page_cipher *cipher, uint32_t number, const unsigned char *page,
		size_t size, unsigned char *out)
{
	size_t from = number == 1 ? PAGE_PLAIN_END : 0;
	size_t end = size - PAGE_RESERVED;
	const unsigned char *nonce = page + end;
	uint32_t counter = counter_of(nonce, number);
	CLEANUP(wipe_keys) struct page_keys keys;

	assert(size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX);
	derive(cipher, nonce, counter, &keys);
	if (number == 0 || crypto_onetimeauth_verify(nonce + PAGE_NONCE, page,
					   end + PAGE_NONCE, keys.mac)) {
		memset(out, 0, size);
		return PAGE_E_FORGED;
	}
	stream_xor(cipher->stream, keys.page, nonce, counter + 1, page + from, end - from,
			out + from);
	if (number == 1) {
		memcpy(out, magic, PAGE_SALT);
		memcpy(out + PAGE_SALT, page + PAGE_SALT, PAGE_PLAIN_END - PAGE_SALT);
	}
	memset(out + end, 0, PAGE_RESERVED);
	return PAGE_OK;
}

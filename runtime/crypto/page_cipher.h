/* The page cipher: one page of a database, encrypted and authenticated.
 *
 * The format is the default cipher `chacha20` of SQLite3 Multiple Ciphers, so that
 * ordinary tools open our files (docs/store-format.md). The last 32 bytes of a page are
 * its nonce (16) and tag (16); page 1 begins with the file's salt (16) and keeps bytes 16
 * to 23 plain. Functions of their arguments: no I/O, no clock. */
#ifndef CRYPTO_PAGE_CIPHER_H
#define CRYPTO_PAGE_CIPHER_H

#include "runtime/crypto/key.h"

#include <stddef.h>
#include <stdint.h>

enum {
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 65536,
	PAGE_RESERVED = 32, /* bytes at the end of each page */
	PAGE_NONCE = 16,
	PAGE_TAG = 16,
	PAGE_SALT = 16,
	PAGE_PLAIN_END = 24, /* page 1: where encryption begins */
};

struct page_cipher;

/* `key` is borrowed. One thread at a time. */
MUST_USE struct page_cipher *page_cipher_new(const struct key *key);
/* NULL is fine. */
void page_cipher_free(struct page_cipher *cipher);

/* Encrypts page `number` (from 1) of `size` bytes; the reserved bytes of `plain` are not
 * read. `nonce` is fresh for each call; `salt` is used for page 1 only. The buffers are
 * not the same. */
void page_encrypt(struct page_cipher *cipher, uint32_t number,
		const unsigned char salt[PAGE_SALT],
		const unsigned char nonce[PAGE_NONCE], const unsigned char *plain,
		size_t size, unsigned char *out);

enum {
	PAGE_OK = 0,
	PAGE_E_FORGED = 1, /* altered, of another key, or another page's */
};

/* The reserved bytes of `out` become zero; on PAGE_E_FORGED all of it. */
MUST_USE int page_decrypt(struct page_cipher *cipher, uint32_t number,
		const unsigned char *page, size_t size, unsigned char *out);

#endif

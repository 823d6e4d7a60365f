#include "runtime/crypto/sha256.h"

#include "runtime/base/error.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct sha256 {
	EVP_MD_CTX *context;
};

static void begin(struct sha256 *sha)
{
	if (EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1)
		die("SHA-256 is missing in OpenSSL");
}

struct sha256 *sha256_new(void)
{
	struct sha256 *sha = xcalloc(1, sizeof(*sha));

	sha->context = EVP_MD_CTX_new();
	if (!sha->context)
		die("out of memory");
	begin(sha);
	return sha;
}

void sha256_free(struct sha256 *sha)
{
	if (!sha)
		return;
	EVP_MD_CTX_free(sha->context);
	free(sha);
}

void sha256_freep(struct sha256 **sha)
{
	sha256_free(TAKE(*sha));
}

void sha256_add(struct sha256 *sha, struct view bytes)
{
	if (bytes.len && EVP_DigestUpdate(sha->context, bytes.data, bytes.len) != 1)
		die("SHA-256 failed");
}

void sha256_final(struct sha256 *sha, unsigned char out[DIGEST_SIZE])
{
	if (EVP_DigestFinal_ex(sha->context, out, NULL) != 1)
		die("SHA-256 failed");
	begin(sha);
}

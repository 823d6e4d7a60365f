#include "runtime/crypto/signing_key.h"

#include "runtime/base/error.h"
#include "runtime/crypto/pem.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum {
	EXPONENT_BITS_MAX = 32
};

/* Both halves are the same to OpenSSL, and two types to us. */
struct signing_key {
	EVP_PKEY *pkey;
	enum key_algorithm algorithm;
};

struct public_key {
	EVP_PKEY *pkey;
	enum key_algorithm algorithm;
};

static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_octets(unsigned char **octets)
{
	OPENSSL_free(*octets);
}

static void free_number(BIGNUM **number)
{
	BN_free(*number);
}

/* -- the private half -- */

static struct signing_key *wrap(EVP_PKEY *pkey, enum key_algorithm algorithm)
{
	struct signing_key *key = xcalloc(1, sizeof(*key));

	key->pkey = pkey;
	key->algorithm = algorithm;
	return key;
}

int signing_key_generate(enum key_algorithm algorithm, struct signing_key **out)
{
	EVP_PKEY *pkey = algorithm == KEY_RSA ? EVP_RSA_gen(RSA_BITS_OURS)
					      : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (!pkey) {
		ERR_clear_error();
		return fault(-EIO);
	}
	*out = wrap(pkey, algorithm);
	return 0;
}

int signing_key_read(const struct secret *secret, struct signing_key **out)
{
	struct view pem = secret_expose(secret);
	CLEANUP(free_bio) BIO *in = NULL;
	CLEANUP(free_pkey) EVP_PKEY *pkey = NULL;
	bool rsa;

	if (pem.len == 0 || pem.len > SIGNING_KEY_MAX)
		return SIGNING_KEY_E_FORM;
	in = pem_open(pem);
	pkey = PEM_read_bio_PrivateKey(in, NULL, pem_no_passphrase, NULL);
	ERR_clear_error();
	if (!pkey)
		return SIGNING_KEY_E_FORM;
	rsa = EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN &&
	      EVP_PKEY_get_bits(pkey) <= RSA_BITS_MAX;
	if (!rsa && !EVP_PKEY_is_a(pkey, "ED25519"))
		return SIGNING_KEY_E_KIND;
	*out = wrap(TAKE(pkey), rsa ? KEY_RSA : KEY_ED25519);
	return 0;
}

void signing_key_free(struct signing_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

void signing_key_freep(struct signing_key **key)
{
	signing_key_free(TAKE(*key));
}

enum key_algorithm signing_key_algorithm(const struct signing_key *key)
{
	return key->algorithm;
}

int signing_key_write(const struct signing_key *key, struct secret *pem_out)
{
	CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_secmem());
	char *octets;
	long len;

	if (!bio)
		die("out of memory");
	if (PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) !=
			1) {
		ERR_clear_error();
		return fault(-EIO);
	}
	len = BIO_get_mem_data(bio, &octets);
	*pem_out = secret_copy(view_of(octets, (size_t)len));
	return 0;
}

int signing_key_public(const struct signing_key *key, struct buf *out)
{
	CLEANUP(free_octets) unsigned char *octets = NULL;
	unsigned char raw[ED25519_PUBLIC_SIZE];
	size_t raw_len = sizeof(raw);
	int len;

	if (key->algorithm == KEY_ED25519) {
		if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &raw_len) != 1)
			return fault(-EIO);
		buf_add(out, view_of(raw, raw_len));
		return 0;
	}
	len = i2d_PUBKEY(key->pkey, &octets);
	if (len <= 0)
		return fault(-EIO);
	buf_add(out, view_of(octets, (size_t)len));
	return 0;
}

/* A context that signs or verifies a SHA-256 digest by PKCS #1 v1.5. */
static bool rsa_ready(EVP_PKEY_CTX *context, int (*init)(EVP_PKEY_CTX *))
{
	return init(context) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1;
}

static bool rsa_sign(EVP_PKEY *pkey, const unsigned char *digest, unsigned char *out,
		size_t *len)
{
	CLEANUP(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);

	if (!context)
		die("out of memory");
	return rsa_ready(context, EVP_PKEY_sign_init) &&
	       EVP_PKEY_sign(context, out, len, digest, DIGEST_SIZE) == 1;
}

static bool ed25519_sign(EVP_PKEY *pkey, const unsigned char *digest, unsigned char *out,
		size_t *len)
{
	CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context)
		die("out of memory");
	return EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
	       EVP_DigestSign(context, out, len, digest, DIGEST_SIZE) == 1;
}

int signing_key_sign(const struct signing_key *key,
		const unsigned char digest[DIGEST_SIZE], struct buf *out)
{
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	bool done = key->algorithm == KEY_RSA
				    ? rsa_sign(key->pkey, digest, signature, &len)
				    : ed25519_sign(key->pkey, digest, signature, &len);

	if (!done) {
		ERR_clear_error();
		return fault(-EIO);
	}
	buf_add(out, view_of(signature, len));
	return 0;
}

/* -- the public half -- */

static bool exponent_is_costly(const EVP_PKEY *pkey)
{
	CLEANUP(free_number) BIGNUM *exponent = NULL;

	return EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1 ||
	       BN_num_bits(exponent) > EXPONENT_BITS_MAX;
}

static EVP_PKEY *read_rsa(struct view octets)
{
	const unsigned char *at = (const unsigned char *)octets.data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)octets.len);

	if (!pkey) {
		at = (const unsigned char *)octets.data;
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)octets.len);
	}
	return pkey;
}

int public_key_read(
		enum key_algorithm algorithm, struct view octets, struct public_key **out)
{
	CLEANUP(free_pkey) EVP_PKEY *pkey = NULL;

	if (octets.len == 0 || octets.len > SIGNING_KEY_MAX)
		return PUBLIC_KEY_E_FORM;
	if (algorithm == KEY_RSA)
		pkey = read_rsa(octets);
	else if (octets.len == ED25519_PUBLIC_SIZE)
		pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
				(const unsigned char *)octets.data, octets.len);
	ERR_clear_error();
	if (!pkey || !EVP_PKEY_is_a(pkey, algorithm == KEY_RSA ? "RSA" : "ED25519"))
		return PUBLIC_KEY_E_FORM;
	if (algorithm == KEY_RSA && EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN)
		return PUBLIC_KEY_E_WEAK;
	if (algorithm == KEY_RSA && (EVP_PKEY_get_bits(pkey) > RSA_BITS_MAX ||
						    exponent_is_costly(pkey)))
		return PUBLIC_KEY_E_COSTLY;
	*out = xcalloc(1, sizeof(**out));
	(*out)->pkey = TAKE(pkey);
	(*out)->algorithm = algorithm;
	return 0;
}

void public_key_free(struct public_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

void public_key_freep(struct public_key **key)
{
	public_key_free(TAKE(*key));
}

unsigned public_key_bits(const struct public_key *key)
{
	return key->algorithm == KEY_RSA ? (unsigned)EVP_PKEY_get_bits(key->pkey) : 256;
}

static bool rsa_verify(EVP_PKEY *pkey, const unsigned char *digest, struct view signature)
{
	CLEANUP(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);

	if (!context)
		die("out of memory");
	return rsa_ready(context, EVP_PKEY_verify_init) &&
	       EVP_PKEY_verify(context, (const unsigned char *)signature.data,
			       signature.len, digest, DIGEST_SIZE) == 1;
}

static bool ed25519_verify(
		EVP_PKEY *pkey, const unsigned char *digest, struct view signature)
{
	CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context)
		die("out of memory");
	return EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
	       EVP_DigestVerify(context, (const unsigned char *)signature.data,
			       signature.len, digest, DIGEST_SIZE) == 1;
}

bool public_key_verify(const struct public_key *key,
		const unsigned char digest[DIGEST_SIZE], struct view signature)
{
	bool holds = key->algorithm == KEY_RSA
				     ? rsa_verify(key->pkey, digest, signature)
				     : ed25519_verify(key->pkey, digest, signature);

	ERR_clear_error();
	return holds;
}

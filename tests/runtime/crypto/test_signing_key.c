#include "runtime/base/base64.h"
#include "runtime/crypto/sha256.h"
#include "runtime/crypto/signing_key.h"
#include "tests/lib/test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static void sha256_is_the_same_in_pieces(void **state)
{
	static const char text[] =
			"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	unsigned char whole[DIGEST_SIZE], pieces[DIGEST_SIZE];
	CLEANUP(sha256_freep) struct sha256 *sha = sha256_new();
	CLEANUP(buf_free) struct buf hex = BUF_NULL(100);

	(void)state;
	digest_sha256(view_z(text), whole);
	for (int again = 0; again < 2; again++) { /* it begins anew */
		for (size_t i = 0; text[i]; i++)
			sha256_add(sha, view_of(text + i, 1));
		sha256_add(sha, VIEW_NULL);
		sha256_final(sha, pieces);
		assert_memory_equal(whole, pieces, DIGEST_SIZE);
	}
	hex_add(&hex, view_of(whole, DIGEST_SIZE)); /* FIPS 180-2, B.2 */
	assert_view(buf_view(&hex), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ec"
				    "edd419db06c1");
}

static void what_a_key_signs_its_public_half_verifies(void **state)
{
	(void)state;
	for (int algorithm = KEY_RSA; algorithm <= KEY_ED25519; algorithm++) {
		CLEANUP(signing_key_freep) struct signing_key *key = NULL, *again = NULL;
		CLEANUP(public_key_freep) struct public_key *public = NULL;
		CLEANUP(secret_free) struct secret pem = SECRET_NULL;
		CLEANUP(buf_free) struct buf octets = BUF_NULL(1000);
		CLEANUP(buf_free) struct buf signature = BUF_NULL(SIGNATURE_MAX);
		unsigned char digest[DIGEST_SIZE];

		digest_sha256(VIEW("a message"), digest);
		assert_int_equal(
				signing_key_generate((enum key_algorithm)algorithm, &key),
				0);
		assert_int_equal(signing_key_write(key, &pem), 0);
		assert_int_equal(signing_key_read(&pem, &again), 0);
		assert_int_equal(signing_key_algorithm(again), algorithm);
		assert_int_equal(signing_key_public(again, &octets), 0);
		assert_int_equal(public_key_read((enum key_algorithm)algorithm,
						 buf_view(&octets), &public),
				0);
		assert_int_equal(public_key_bits(public),
				algorithm == KEY_RSA ? RSA_BITS_OURS : 256);
		assert_int_equal(signing_key_sign(key, digest, &signature), 0);
		assert_true(public_key_verify(public, digest, buf_view(&signature)));
		digest[0] ^= 1;
		assert_false(public_key_verify(public, digest, buf_view(&signature)));
		digest[0] ^= 1;
		signature.data[7] ^= 1;
		assert_false(public_key_verify(public, digest, buf_view(&signature)));
		assert_false(public_key_verify(public, digest, VIEW_NULL));
	}
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const texts[] = { "", "-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" };
	struct signing_key *key = NULL;
	struct public_key *public = NULL;
	CLEANUP(secret_free) struct secret pem = SECRET_NULL;
	EVP_PKEY *curve = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		secret_free(&pem);
		pem = secret_copy(view_z(texts[i]));
		assert_int_equal(signing_key_read(&pem, &key), SIGNING_KEY_E_FORM);
	}
	assert_int_equal(PEM_write_bio_PrivateKey(bio, curve, NULL, NULL, 0, NULL, NULL),
			1);
	secret_free(&pem);
	len = BIO_get_mem_data(bio, &data);
	pem = secret_copy(view_of(data, (size_t)len));
	BIO_free(bio);
	EVP_PKEY_free(curve);
	assert_int_equal(signing_key_read(&pem, &key), SIGNING_KEY_E_KIND);
	assert_int_equal(public_key_read(KEY_RSA, VIEW(""), &public), PUBLIC_KEY_E_FORM);
	assert_int_equal(public_key_read(KEY_RSA, VIEW("0123"), &public),
			PUBLIC_KEY_E_FORM);
	assert_int_equal(public_key_read(KEY_ED25519, VIEW("0123"), &public),
			PUBLIC_KEY_E_FORM);
}

/* The public half of a new RSA key of that size and exponent. */
static void make_public(unsigned bits, const char *exponent, bool bare, struct buf *out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *e = NULL;
	EVP_PKEY *key = NULL;
	unsigned char *der = NULL;
	int len;

	assert_true(BN_dec2bn(&e, exponent) > 0);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	len = bare ? i2d_PublicKey(key, &der) : i2d_PUBKEY(key, &der);
	assert_true(len > 0);
	buf_clear(out);
	buf_add(out, view_of(der, (size_t)len));
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
	BN_free(e);
}

static void M11_weak_and_costly_keys_are_refused(void **state)
{
	/* clang-format off */
	static const struct { unsigned bits; const char *exponent; bool bare; int outcome; } rows[] = {
		{ 512,  "65537",           false, PUBLIC_KEY_E_WEAK },
		{ 1016, "65537",           false, PUBLIC_KEY_E_WEAK },
		{ 1024, "65537",           false, 0 },
		{ 1024, "65537",           true,  0 },
		{ 1024, "4294967291",      false, 0 },
		{ 1024, "68719476735",     false, PUBLIC_KEY_E_COSTLY },
		{ 4104, "65537",           false, PUBLIC_KEY_E_COSTLY },
	};
	/* clang-format on */
	CLEANUP(buf_free) struct buf octets = BUF_NULL(10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(public_key_freep) struct public_key *public = NULL;
		int r;

		make_public(rows[i].bits, rows[i].exponent, rows[i].bare, &octets);
		r = public_key_read(KEY_RSA, buf_view(&octets), &public);
		if (r != rows[i].outcome)
			fail_msg("%u bits, exponent %s: %d", rows[i].bits,
					rows[i].exponent, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_the_same_in_pieces),
		cmocka_unit_test(what_a_key_signs_its_public_half_verifies),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(M11_weak_and_costly_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

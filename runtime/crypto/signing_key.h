/* Keys that sign SHA-256 digests: RSA (PKCS #1 v1.5, RFC 8017, 8.2) and Ed25519 (RFC 8032),
 * which signs the digest as its message (RFC 8463, 3). */
#ifndef CRYPTO_SIGNING_KEY_H
#define CRYPTO_SIGNING_KEY_H

#include "runtime/base/buf.h"
#include "runtime/base/secret.h"
#include "runtime/crypto/digest.h"

enum key_algorithm {
	KEY_RSA,
	KEY_ED25519,
};

enum {
	RSA_BITS_MIN = 1024,        /* of a stranger's key (RFC 8301, 3.2) */
	RSA_BITS_MAX = 4096,        /* more costs more than it is worth */
	RSA_BITS_OURS = 2048,       /* of a key that we make */
	SIGNATURE_MAX = 512,        /* octets: RSA_BITS_MAX / 8 */
	SIGNING_KEY_MAX = 8 * 1024, /* octets of a private key's text */
	ED25519_PUBLIC_SIZE = 32,
};

/* -- the private half -- */

struct signing_key;

enum {
	SIGNING_KEY_E_FORM = 1, /* no PEM private key without passphrase */
	SIGNING_KEY_E_KIND, /* neither RSA of RSA_BITS_MIN to RSA_BITS_MAX nor Ed25519 */
};

/* A new one, of RSA_BITS_OURS. */
MUST_USE int signing_key_generate(enum key_algorithm algorithm, struct signing_key **out);
/* From PEM, as signing_key_write() makes it and as openssl does. */
MUST_USE int signing_key_read(const struct secret *pem, struct signing_key **out);
/* NULL is fine. */
void signing_key_free(struct signing_key *key);
void signing_key_freep(struct signing_key **key);

enum key_algorithm signing_key_algorithm(const struct signing_key *key);
/* PKCS #8, PEM. It is not encrypted: seal it before it rests anywhere. */
MUST_USE int signing_key_write(const struct signing_key *key, struct secret *pem_out);
/* Adds the public half: SubjectPublicKeyInfo in DER for RSA, ED25519_PUBLIC_SIZE octets for
 * Ed25519 (RFC 8463, 4). */
MUST_USE int signing_key_public(const struct signing_key *key, struct buf *out);
/* Adds the signature. */
MUST_USE int signing_key_sign(const struct signing_key *key,
		const unsigned char digest[DIGEST_SIZE], struct buf *out);

/* -- the public half, of anybody's key -- */

struct public_key;

enum {
	PUBLIC_KEY_E_FORM = 1, /* no key of that algorithm */
	PUBLIC_KEY_E_WEAK,     /* less than RSA_BITS_MIN */
	PUBLIC_KEY_E_COSTLY,   /* more than RSA_BITS_MAX, or an exponent beyond 32 bits */
};

/* From what signing_key_public() makes; of RSA an RSAPublicKey (RFC 8017, A.1.1), too. */
MUST_USE int public_key_read(enum key_algorithm algorithm, struct view octets,
		struct public_key **out);
/* NULL is fine. */
void public_key_free(struct public_key *key);
void public_key_freep(struct public_key **key);

/* Of the modulus; 256 for Ed25519. */
unsigned public_key_bits(const struct public_key *key);
bool public_key_verify(const struct public_key *key,
		const unsigned char digest[DIGEST_SIZE], struct view signature);

#endif

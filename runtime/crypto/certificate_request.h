/* What a certificate is asked for with: its key, and the request (PKCS #10, RFC 2986); and the
 * certificate that shows an issuer whose a name is (RFC 8737). */
#ifndef CRYPTO_CERTIFICATE_REQUEST_H
#define CRYPTO_CERTIFICATE_REQUEST_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"
#include "runtime/crypto/digest.h"

enum certificate_key_kind {
	CERTIFICATE_KEY_P256,
	CERTIFICATE_KEY_P384,
	CERTIFICATE_KEY_RSA2048,
	CERTIFICATE_KEY_KINDS,
};

/* A new key, PKCS #8 in PEM. */
MUST_USE int certificate_key_generate(
		enum certificate_key_kind kind, struct secret *pem_out);
/* A request in DER for these names, of the outcomes of certificate.h. It has no subject: the
 * names alone count. */
MUST_USE int certificate_request(const struct view *names, size_t name_count,
		struct view key_pem, struct buf *out);
/* The certificate that is shown to who offers acme-tls/1: signed by itself, for one name,
 * with the digest of the key authorization. Chain and key as certificate_self_sign makes
 * them. */
MUST_USE int certificate_challenge(struct view name,
		const unsigned char digest[DIGEST_SIZE], walltime now,
		struct buf *chain_out, struct secret *key_out);

#endif

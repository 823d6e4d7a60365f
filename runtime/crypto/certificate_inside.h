/* What the files about certificates share. */
#ifndef CRYPTO_CERTIFICATE_INSIDE_H
#define CRYPTO_CERTIFICATE_INSIDE_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"

#include <openssl/x509v3.h>

/* For CLEANUP. */
void certificate_free_x509(X509 **x);
void certificate_free_key(EVP_PKEY **key);
void certificate_free_bio(BIO **bio);

/* A DNS name: A-labels, at most 253 bytes, "*." may begin it. */
bool certificate_name_ok(struct view name);
GENERAL_NAMES *certificate_names(const struct view *names, size_t count);
/* A server's, signed by itself, with one more extension unless that is NULL. The names are
 * well. */
MUST_USE int certificate_make(const struct view *names, size_t count, walltime now,
		unsigned days, X509_EXTENSION *further, struct buf *chain_out,
		struct secret *key_out);
/* PEM without a passphrase; NULL: it is none. */
EVP_PKEY *certificate_open_key(struct view pem);
MUST_USE int certificate_write_key(EVP_PKEY *key, struct secret *out);

#endif

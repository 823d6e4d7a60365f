/* Signed requests of ACME (RFC 8555, 6.2; RFC 7515): flattened JSON, ES256 under the
 * account's key, which is P-256 and never a certificate's (11.1). */
#ifndef AGENT_ACME_JWS_H
#define AGENT_ACME_JWS_H

#include "runtime/base/buf.h"
#include "runtime/base/secret.h"

struct jws_key;

enum {
	JWS_E_KEY = 1, /* no P-256 key in PEM */
	JWS_MAX = 64 * 1024,
};

/* A new one, PEM. */
MUST_USE int jws_key_generate(struct secret *pem_out);
MUST_USE int jws_key_read(struct view pem, struct jws_key **out);
/* NULL is fine. */
void jws_key_free(struct jws_key *key);
void jws_key_freep(struct jws_key **key);

/* The public half as JSON, its members in their order (RFC 7638, 3.2). */
void jws_add_public(struct buf *out, const struct jws_key *key);
/* What a key authorization ends by (RFC 8555, 8.1). */
void jws_add_thumbprint(struct buf *out, const struct jws_key *key);

struct jws_head {
	struct view url;
	struct view nonce;
	struct view account; /* `kid`; empty: the public half in its place */
};

/* An empty payload is the empty string: POST-as-GET. */
MUST_USE int jws_sign(const struct jws_key *key, const struct jws_head *head,
		struct view payload, struct buf *out);
/* Binds the account to one that the issuer knows (RFC 8555, 7.3.4): HS256 over our public
 * half, under the key that it gave out. */
void jws_bind(const struct jws_key *key, struct view url, struct view id,
		struct view mac_key, struct buf *out);

#endif

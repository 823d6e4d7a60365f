/* TLS as this house serves it: 1.3, and 1.2 with ECDHE and AEAD; no compression, no
 * renegotiation, no early data, no resumption (so no ticket can travel to another
 * service). A client that names protocols by ALPN must name the port's own. */
#ifndef NET_TLS_SESSION_H
#define NET_TLS_SESSION_H

#include "runtime/base/secret.h"
#include "runtime/base/view.h"

/* The certificates that are served: immutable and counted. A handshake keeps the set that
 * it began with. */
struct tls_identities;

enum {
	TLS_E_CHAIN = 1, /* the certificate chain does not load */
	TLS_E_KEY,       /* the key does not load */
	TLS_E_MISMATCH,  /* the key is another certificate's */
};

MUST_USE struct tls_identities *tls_identities_new(void);
/* Adds a chain and its key, both PEM; before the set is served. The first is the default.
 * Later ones are chosen by the names (SNI) in their certificate. A name that is in no
 * certificate gets the default. Two for the same names with keys of different kinds are one:
 * who cannot verify the first (ECDSA, most often) is shown the second. */
MUST_USE int tls_identities_add(struct tls_identities *identities, struct view chain,
		const struct secret *key);
/* One that is shown only to who offers acme-tls/1 alone and asks for `name` (RFC 8737, 3), on
 * whatever port; nothing is spoken behind that handshake. */
MUST_USE int tls_identities_add_challenge(struct tls_identities *identities,
		struct view name, struct view chain, const struct secret *key);
struct tls_identities *tls_identities_ref(struct tls_identities *identities);
/* NULL is fine. */
void tls_identities_unref(struct tls_identities *identities);
void tls_identities_unrefp(struct tls_identities **identities);

/* What was agreed on. */
struct tls_facts {
	const char *version;   /* "TLSv1.3" */
	const char *cipher;    /* "TLS_AES_256_GCM_SHA384" */
	int bits;              /* of the cipher's key */
	char server_name[256]; /* as the client asked for (SNI), letters, digits, dot,
				  hyphen only; else empty */
	bool is_challenge;     /* the peer is an issuer, and has seen what it came for */
	/* Of a peer that was dialled, where his certificate was looked at: */
	bool trusted; /* a chain to a trusted root, and valid now */
	bool named;   /* it is for the host that was dialled */
};

struct ssl_st; /* OpenSSL's SSL */

/* A server's session before its handshake, which keeps the identities alive. `alpn`: the
 * one name accepted (borrowed, constant); NULL: none is. */
MUST_USE struct ssl_st *tls_session_new(
		struct tls_identities *identities, const char *alpn);
/* After the handshake. */
void tls_session_facts(struct ssl_st *ssl, struct tls_facts *out);

#endif

/* This end as the client of TLS: 1.3, and 1.2 with what Mozilla's intermediate list has;
 * hybrid groups (X25519MLKEM768) where OpenSSL knows them; no compression, no
 * renegotiation, no early data, no resumption. */
#ifndef NET_TLS_TRUST_H
#define NET_TLS_TRUST_H

#include "runtime/base/view.h"

struct ssl_st;    /* OpenSSL's SSL */
struct tls_facts; /* net/tls_session.h */
struct tls_trust;

/* How the peer's certificate counts. */
enum tls_verify {
	TLS_VERIFY_NONE,    /* not looked at */
	TLS_VERIFY_RECORD,  /* tls_facts says how it stands */
	TLS_VERIFY_REQUIRE, /* a chain to a trusted root, for this name, or no handshake */
	TLS_VERIFY_PINS,    /* one of the pins, whatever roots and dates say, or none */
};

/* A record TLSA (RFC 6698, 2.1), of those that count between mail servers (RFC 7672, 3.1):
 * usage 2, an authority in the chain, or 3, the certificate itself. */
struct tls_pin {
	unsigned char usage, selector, matching;
	struct view data;
};

/* True where it is one of these, and its data has the length of its kind. */
bool tls_pin_fits(const struct tls_pin *pin);

struct tls_pins {
	const struct tls_pin *items; /* that fit */
	size_t count;
	struct view also; /* a further name that a certificate below an authority may have:
			     the domain itself (RFC 7672, 3.2.2); or empty */
};

/* The roots of the system, where Debian and its kin have them. */
#define TLS_TRUST_SYSTEM "/etc/ssl/certs/ca-certificates.crt"

/* -- whom to trust: counted, and immutable once it is used -- */

/* The file of roots: SSL_CERT_FILE of the environment, as OpenSSL's programs have it, or the
 * system's. */
const char *tls_trust_roots(void);
/* Trusts nobody. */
MUST_USE struct tls_trust *tls_trust_new(void);
/* Adds the roots in a file of PEM. All are read here: nothing is opened later, within the
 * sandbox or on a loop. A negative errno, -EINVAL where there is no root in it. */
MUST_USE int tls_trust_add_file(struct tls_trust *trust, const char *path);
/* The same for PEM at hand. */
MUST_USE int tls_trust_add(struct tls_trust *trust, struct view pem);
struct tls_trust *tls_trust_ref(struct tls_trust *trust);
/* NULL is fine. */
void tls_trust_unref(struct tls_trust *trust);

/* -- for the driver of a connection -- */

/* A session before its handshake. `host` (a name, or an IP address) is asked for by SNI
 * where it is a name, and what the certificate must be for; `pins` of TLS_VERIFY_PINS; `alpn`: the one protocol that
 * is offered, NULL: none is. */
MUST_USE struct ssl_st *tls_trust_session(struct tls_trust *trust, enum tls_verify verify,
		const struct tls_pins *pins, const char *host, const char *alpn);
/* After the handshake. */
void tls_trust_facts(struct ssl_st *ssl, enum tls_verify verify, const char *host,
		struct tls_facts *out);
/* Why the handshake failed, in plain words; `error` is OpenSSL's. */
const char *tls_trust_failure(struct ssl_st *ssl, unsigned long error);

#endif

#include "runtime/net/tls_trust.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/pem.h"
#include "runtime/net/tls_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	LARGEST_FILE = 16 * 1024 * 1024 /* of roots; Debian's has a quarter of one */
};

/* Mozilla's intermediate list (5.7) for TLS 1.2. */
static const char ciphers_1_2[] =
		"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
		"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
		"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
		"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:"
		"DHE-RSA-CHACHA20-POLY1305";
/* The first that this OpenSSL knows. */
static const char *const groups[] = { "X25519MLKEM768:X25519:P-256:P-384",
	"X25519:P-256:P-384" };

struct tls_trust {
	atomic_uint references;
	SSL_CTX *context;
};

static bool set_groups(SSL_CTX *context)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (SSL_CTX_set1_groups_list(context, groups[i]))
			return true;
	return false;
}

static SSL_CTX *new_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context || SSL_CTX_dane_enable(context) <= 0)
		die("OpenSSL gives no context");
	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
			!SSL_CTX_set_cipher_list(context, ciphers_1_2) ||
			!set_groups(context))
		die("this OpenSSL lacks what TLS needs here");
	ERR_clear_error();
	/* As with the server's: our protocols are framed, an end of file is no error. */
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
						     SSL_OP_NO_TICKET |
						     SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	return context;
}

struct tls_trust *tls_trust_new(void)
{
	struct tls_trust *trust = xcalloc(1, sizeof(*trust));

	trust->references = 1;
	trust->context = new_context();
	return trust;
}

struct tls_trust *tls_trust_ref(struct tls_trust *trust)
{
	atomic_fetch_add(&trust->references, 1);
	return trust;
}

void tls_trust_unref(struct tls_trust *trust)
{
	if (!trust || atomic_fetch_sub(&trust->references, 1) != 1)
		return;
	SSL_CTX_free(trust->context);
	free(trust);
}

/* -- roots -- */

const char *tls_trust_roots(void)
{
	const char *file = getenv("SSL_CERT_FILE");

	return file && *file ? file : TLS_TRUST_SYSTEM;
}

int tls_trust_add(struct tls_trust *trust, struct view pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
	BIO *in = pem_open(pem);
	X509 *root;
	int r = -EINVAL;

	while ((root = PEM_read_bio_X509(in, NULL, pem_no_passphrase, NULL))) {
		if (X509_STORE_add_cert(store, root) == 1)
			r = 0;
		X509_free(root);
	}
	BIO_free(in);
	ERR_clear_error();
	return r;
}

int tls_trust_add_file(struct tls_trust *trust, const char *path)
{
	CLEANUP(freep) char *text = NULL;
	size_t len;
	int r = os_read_file(os_real(), path, LARGEST_FILE, &text, &len);

	return r ? fault(r) : tls_trust_add(trust, view_of(text, len));
}

/* -- sessions -- */

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 ||
	       inet_pton(AF_INET6, host, address) == 1;
}

static void expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	X509_VERIFY_PARAM_set_hostflags(
			param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
					       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1
			     : X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
		die("out of memory");
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
}

bool tls_pin_fits(const struct tls_pin *pin)
{
	static const size_t lengths[] = { 0, 32, 64 }; /* whole, SHA-256, SHA-512 */

	if (pin->usage < 2 || pin->usage > 3 || pin->selector > 1 ||
			pin->matching >= ARRAY_LEN(lengths) || pin->data.len == 0)
		return false;
	return pin->matching == 0 || pin->data.len == lengths[pin->matching];
}

/* One whose data is no certificate or key is passed over by OpenSSL; where none is left TLS
 * counts alone (RFC 7672, 2.2). */
static void expect_pins(SSL *ssl, const struct tls_pins *pins, const char *host)
{
	char also[256];
	size_t usable = 0;

	if (SSL_dane_enable(ssl, host) <= 0)
		die("out of memory");
	SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
					       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	for (size_t i = 0; i < pins->count; i++) {
		const struct tls_pin *pin = &pins->items[i];

		usable += SSL_dane_tlsa_add(ssl, pin->usage, pin->selector, pin->matching,
					  (const unsigned char *)pin->data.data,
					  pin->data.len) > 0;
	}
	if (pins->also.len && pins->also.len < sizeof(also)) {
		snprintf(also, sizeof(also), "%.*s", VIEW_ARG(pins->also));
		if (!SSL_add1_host(ssl, also))
			die("out of memory");
	}
	ERR_clear_error();
	SSL_set_verify(ssl, usable ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
}

static void offer(SSL *ssl, const char *alpn)
{
	unsigned char wire[256];
	size_t len = strlen(alpn);

	if (len > 255)
		die("a protocol of ALPN is too long");
	wire[0] = (unsigned char)len;
	memcpy(wire + 1, alpn, len);
	if (SSL_set_alpn_protos(ssl, wire, (unsigned)len + 1))
		die("out of memory");
}

SSL *tls_trust_session(struct tls_trust *trust, enum tls_verify verify,
		const struct tls_pins *pins, const char *host, const char *alpn)
{
	SSL *ssl;

	ERR_clear_error();
	ssl = SSL_new(trust->context);
	if (!ssl)
		die("out of memory");
	if (host[0] && !is_address(host) && !SSL_set_tlsext_host_name(ssl, host))
		die("out of memory");
	if (verify == TLS_VERIFY_REQUIRE)
		expect_host(ssl, host);
	if (verify == TLS_VERIFY_PINS)
		expect_pins(ssl, pins, host);
	if (alpn)
		offer(ssl, alpn);
	SSL_set_connect_state(ssl);
	return ssl;
}

static bool is_named(X509 *certificate, const char *host)
{
	const unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

	if (!certificate || !host[0])
		return false;
	return is_address(host) ? X509_check_ip_asc(certificate, host, flags) == 1
				: X509_check_host(certificate, host, 0, flags, NULL) == 1;
}

void tls_trust_facts(
		SSL *ssl, enum tls_verify verify, const char *host, struct tls_facts *out)
{
	*out = (struct tls_facts){
		.version = SSL_get_version(ssl),
		.cipher = SSL_get_cipher_name(ssl),
		.bits = SSL_get_cipher_bits(ssl, NULL),
	};
	if (verify == TLS_VERIFY_NONE)
		return;
	out->trusted = SSL_get_verify_result(ssl) == X509_V_OK;
	out->named = is_named(SSL_get0_peer_certificate(ssl), host);
	ERR_clear_error();
}

static const char *words_for(unsigned long error)
{
	const char *words;

	switch (ERR_GET_REASON(error)) {
	case SSL_R_WRONG_VERSION_NUMBER:
		return "the other side does not speak TLS";
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return "the other side has no version of TLS from 1.2 on";
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
		return "the other side has no cipher or group in common";
	default:
		words = error ? ERR_reason_error_string(error) : NULL;
		return words ? words : "the connection was closed in the handshake";
	}
}

const char *tls_trust_failure(SSL *ssl, unsigned long error)
{
	long result = SSL_get_verify_result(ssl);

	if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE || result == X509_V_OK)
		return words_for(error);
	switch (result) {
	case X509_V_ERR_DANE_NO_MATCH:
		return "the certificate is none of those that the DNS names (TLSA)";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "the certificate is for another name";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "the certificate has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "the certificate is not valid yet";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return "the certificate is signed by itself alone";
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "no root that is trusted has issued the certificate";
	default:
		return X509_verify_cert_error_string(result);
	}
}

/* The client's side of TLS against servers that have this or that, in memory. */
#include "runtime/net/tls_trust.h"

#include "runtime/crypto/certificate.h"
#include "runtime/net/tls_session.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

/* A pair of sessions that hear each other. */
struct pair {
	SSL_CTX *context;
	SSL *server, *client;
	bool good;
};

static void use_identity(SSL_CTX *context)
{
	const struct view names[] = { VIEW("host.example") };
	CLEANUP(buf_free) struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	BIO *in;
	X509 *certificate;
	EVP_PKEY *secret;

	assert_int_equal(certificate_self_sign(names, 1, clock_wall(), 30, &chain, &key),
			0);
	in = BIO_new_mem_buf(chain.data, (int)chain.len);
	certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
	BIO_free(in);
	in = BIO_new_mem_buf(secret_expose(&key).data, (int)secret_expose(&key).len);
	secret = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	BIO_free(in);
	assert_int_equal(SSL_CTX_use_certificate(context, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, secret), 1);
	X509_free(certificate);
	EVP_PKEY_free(secret);
}

static void shake_hands(struct pair *p)
{
	int server = -1, client = -1;

	for (int i = 0; i < 10 && (server != 1 || client != 1); i++) {
		ERR_clear_error();
		client = SSL_do_handshake(p->client);
		if (client != 1 &&
				SSL_get_error(p->client, client) != SSL_ERROR_WANT_READ)
			break;
		ERR_clear_error();
		server = SSL_do_handshake(p->server);
		if (server != 1 &&
				SSL_get_error(p->server, server) != SSL_ERROR_WANT_READ)
			break;
	}
	p->good = server == 1 && client == 1;
}

static void pair_init(struct pair *p, struct tls_trust *trust, int min, int max,
		const char *ciphers)
{
	BIO *one, *other;

	p->context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(p->context, 0);
	use_identity(p->context);
	assert_int_equal(SSL_CTX_set_min_proto_version(p->context, min), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(p->context, max), 1);
	if (ciphers)
		assert_int_equal(SSL_CTX_set_cipher_list(p->context, ciphers), 1);
	p->server = SSL_new(p->context);
	p->client = tls_trust_session(trust, TLS_VERIFY_RECORD, NULL, "host.example", NULL);
	assert_int_equal(BIO_new_bio_pair(&one, 1 << 16, &other, 1 << 16), 1);
	SSL_set_bio(p->server, one, one);
	SSL_set_bio(p->client, other, other);
	SSL_set_accept_state(p->server);
	shake_hands(p);
}

static void pair_deinit(struct pair *p)
{
	SSL_free(p->client);
	SSL_free(p->server);
	SSL_CTX_free(p->context);
	ERR_clear_error();
}

/* clang-format off */
static const struct {
	int min, max;
	const char *ciphers;
	bool good;
} servers[] = {
	{ TLS1_3_VERSION, TLS1_3_VERSION, NULL,                            true },
	{ TLS1_2_VERSION, TLS1_2_VERSION, NULL,                            true },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", true },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", true },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA",        false },
	{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384",     false },
	{ TLS1_1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0",               false },
	{ TLS1_VERSION,   TLS1_VERSION,   "ALL:@SECLEVEL=0",               false },
};
/* clang-format on */

static void T01_nothing_old_is_agreed_on(void **state)
{
	struct tls_trust *trust = tls_trust_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct pair p;

		pair_init(&p, trust, servers[i].min, servers[i].max, servers[i].ciphers);
		if (p.good != servers[i].good)
			fail_msg("server %zu: %s", i, p.good ? "agreed" : "refused");
		pair_deinit(&p);
	}
	tls_trust_unref(trust);
}

static void T02_no_renegotiation(void **state)
{
	struct tls_trust *trust = tls_trust_new();
	struct pair p;
	char byte;

	(void)state;
	pair_init(&p, trust, TLS1_2_VERSION, TLS1_2_VERSION, NULL);
	assert_true(p.good);
	/* the server asks: the client answers by an alert, and stays as it was */
	assert_int_equal(SSL_renegotiate(p.server), 1);
	SSL_do_handshake(p.server);
	SSL_read(p.client, &byte, 1);
	assert_int_equal(SSL_num_renegotiations(p.client), 0);
	assert_int_equal(SSL_get_state(p.client), TLS_ST_OK);
	/* nor does it compress, or take a ticket */
	assert_null(SSL_get_current_compression(p.client));
	assert_false(SSL_SESSION_has_ticket(SSL_get0_session(p.client)));
	pair_deinit(&p);
	tls_trust_unref(trust);
}

/* Where this OpenSSL has it the handshake is safe from who keeps it for later. */
static void hybrid_groups_where_there_are_some(void **state)
{
	struct tls_trust *trust = tls_trust_new();
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	bool has = SSL_CTX_set1_groups_list(context, "X25519MLKEM768") == 1;
	struct pair p;

	(void)state;
	ERR_clear_error();
	pair_init(&p, trust, TLS1_3_VERSION, TLS1_3_VERSION, NULL);
	assert_true(p.good);
	/* 0x11ec in the registry of groups */
	if (has)
		assert_int_equal(SSL_get_negotiated_group(p.client) & 0xffff, 0x11ec);
	else
		assert_int_equal(SSL_get_negotiated_group(p.client), NID_X25519);
	pair_deinit(&p);
	SSL_CTX_free(context);
	tls_trust_unref(trust);
}

static void roots(void **state)
{
	struct tls_trust *trust = tls_trust_new();

	(void)state;
	assert_int_equal(tls_trust_add(trust, VIEW("")), -EINVAL);
	assert_int_equal(tls_trust_add(trust, VIEW("-----BEGIN CERTIFICATE-----\nAAAA\n"
						   "-----END CERTIFICATE-----\n")),
			-EINVAL);
	assert_int_equal(tls_trust_add_file(trust, "/nowhere/roots.pem"), -ENOENT);
	assert_int_equal(tls_trust_add_file(trust, "/etc/passwd"), -EINVAL);
	tls_trust_unref(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T01_nothing_old_is_agreed_on),
		cmocka_unit_test(T02_no_renegotiation),
		cmocka_unit_test(hybrid_groups_where_there_are_some),
		cmocka_unit_test(roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

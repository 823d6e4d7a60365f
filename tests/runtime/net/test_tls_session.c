#include "runtime/net/tls_session.h"

#include "runtime/crypto/certificate.h"
#include "runtime/crypto/certificate_request.h"
#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void expect_name(struct client *c, const char *name)
{
	X509 *x = SSL_get1_peer_certificate(c->ssl);

	assert_non_null(x);
	assert_int_equal(X509_check_host(x, name, 0, 0, NULL), 1);
	X509_free(x);
}

/* The extension is critical and has the digest (RFC 8737, 3). */
static void expect_challenge(struct client *c, const unsigned char digest[DIGEST_SIZE])
{
	X509 *x = SSL_get1_peer_certificate(c->ssl);
	ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	X509_EXTENSION *extension = X509_get_ext(x, X509_get_ext_by_OBJ(x, kind, -1));
	const ASN1_OCTET_STRING *value;

	assert_non_null(extension);
	assert_int_equal(X509_EXTENSION_get_critical(extension), 1);
	value = X509_EXTENSION_get_data(extension);
	assert_int_equal(ASN1_STRING_length(value), 2 + DIGEST_SIZE);
	assert_memory_equal(ASN1_STRING_get0_data(value) + 2, digest, DIGEST_SIZE);
	assert_int_equal(X509_check_host(x, "toy.example", 0, 0, NULL), 1);
	ASN1_OBJECT_free(kind);
	X509_free(x);
}

/* True where a handshake of this kind succeeds. */
static bool try_handshake(
		struct toy *toy, int version, const char *name, const char *alpn)
{
	struct client c;
	bool done;

	client_connect(&c, toy);
	done = client_secure(&c, version, name, alpn);
	if (done) {
		char byte;

		/* In TLS 1.3 a refusal may come after the client thinks it is done. */
		done = client_read(&c, &byte, 1) == 1;
	}
	client_close(&c);
	return done;
}

static void T01_old_versions_are_refused(void **state)
{
	struct toy *toy = toy_new(true, true);

	(void)state;
	assert_false(try_handshake(toy, TLS1_VERSION, NULL, NULL));
	assert_false(try_handshake(toy, TLS1_1_VERSION, NULL, NULL));
	assert_true(try_handshake(toy, TLS1_2_VERSION, NULL, NULL));
	assert_true(try_handshake(toy, TLS1_3_VERSION, NULL, NULL));
	toy_free(toy);
}

static void T03_another_protocol_by_alpn_is_refused(void **state)
{
	struct toy *toy = toy_new(true, true);

	(void)state;
	assert_true(try_handshake(toy, 0, NULL, "toy"));
	assert_false(try_handshake(toy, 0, NULL, "http/1.1"));
	assert_false(try_handshake(toy, 0, NULL, "toyish"));
	toy_free(toy);
}

static void T01_only_ecdhe_with_aead_is_offered(void **state)
{
	static const char *const suites[] = { "AES128-GCM-SHA256", "AES128-SHA",
		"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256",
		"DHE-RSA-AES128-GCM-SHA256" };
	struct toy *toy = toy_new(true, true);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		struct client c;

		client_connect(&c, toy);
		SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
		assert_int_equal(SSL_CTX_set_cipher_list(context, suites[i]), 1);
		c.ssl = SSL_new(context);
		SSL_set_fd(c.ssl, c.fd);
		assert_int_not_equal(SSL_connect(c.ssl), 1);
		client_close(&c);
		SSL_CTX_free(context);
	}
	toy_free(toy);
}

static void T02_T03_nothing_is_resumed_or_renegotiated(void **state)
{
	struct toy *toy = toy_new(true, true);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	assert_true(client_secure(&c, TLS1_2_VERSION, NULL, NULL));
	client_expect(&c, "hello");
	assert_false(SSL_SESSION_is_resumable(SSL_get0_session(c.ssl)));
	assert_int_equal(SSL_renegotiate(c.ssl), 1);
	assert_int_not_equal(SSL_do_handshake(c.ssl), 1);
	client_close(&c);

	client_connect(&c, toy);
	assert_true(client_secure(&c, TLS1_3_VERSION, NULL, NULL));
	client_expect(&c, "hello");
	client_send(&c, "say tickets would have come by now\n");
	client_expect(&c, "tickets would have come by now");
	assert_false(SSL_SESSION_is_resumable(SSL_get0_session(c.ssl)));
	client_close(&c);
	toy_free(toy);
}

static void T04_a_name_chooses_its_certificate(void **state)
{
	static const struct {
		const char *asked, *served;
	} cases[] = {
		{ "toy.example", "toy.example" },
		{ "other.example", "other.example" },
		{ "OTHER.example", "other.example" },
		{ "a.wild.example", "b.wild.example" },
		{ "unknown.example", "toy.example" },
		{ "a.b.wild.example", "toy.example" },
		{ "..\\..\\etc/passwd", "toy.example" },
		{ NULL, "toy.example" },
	};
	struct toy *toy = toy_new(true, false);
	struct tls_identities *all = tls_identities_new();

	(void)state;
	toy_add_identity(all, "toy.example", NULL);
	toy_add_identity(all, "other.example", "*.wild.example");
	net_set_identities(toy->net, all);
	tls_identities_unref(all);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct client c;

		client_connect(&c, toy);
		assert_true(client_secure(&c, 0, cases[i].asked, NULL));
		expect_name(&c, cases[i].served);
		client_close(&c);
	}
	toy_free(toy);
}

/* RFC 8737, 3: to nobody else, and nothing is spoken behind it. */
static void T03_a_challenge_is_shown_to_who_comes_for_it_alone(void **state)
{
	static const struct view name = { "toy.example", sizeof("toy.example") - 1 };
	unsigned char digest[DIGEST_SIZE] = { 1, 2, 3 };
	CLEANUP(buf_free) struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	struct toy *toy = toy_new(true, false);
	struct tls_identities *all = tls_identities_new();
	struct client c;
	char byte;

	(void)state;
	toy_add_identity(all, "toy.example", NULL);
	assert_int_equal(certificate_challenge(name, digest, clock_wall(), &chain, &key),
			0);
	assert_int_equal(tls_identities_add_challenge(all, name, buf_view(&chain), &key),
			0);
	net_set_identities(toy->net, all);
	tls_identities_unref(all);
	assert_true(try_handshake(toy, 0, "toy.example", "toy"));
	assert_false(try_handshake(toy, 0, "other.example", "acme-tls/1"));
	assert_false(try_handshake(toy, 0, NULL, "acme-tls/1"));
	client_connect(&c, toy);
	assert_true(client_secure(&c, 0, "toy.example", "acme-tls/1"));
	expect_challenge(&c, digest);
	assert_int_not_equal(client_read(&c, &byte, 1), 1);
	client_close(&c);
	client_connect(&c, toy);
	assert_true(client_secure(&c, 0, "toy.example", "toy"));
	client_expect(&c, "hello");
	client_close(&c);
	toy_free(toy);
}

/* True where a client that verifies no other signatures gets through. */
static bool try_signatures(struct toy *toy, const char *signatures, int kind)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct client c;
	bool done;

	client_connect(&c, toy);
	assert_int_equal(SSL_CTX_set1_sigalgs_list(context, signatures), 1);
	c.ssl = SSL_new(context);
	SSL_set_fd(c.ssl, c.fd);
	done = SSL_connect(c.ssl) == 1;
	if (done) {
		X509 *x = SSL_get1_peer_certificate(c.ssl);

		assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(x)), kind);
		X509_free(x);
	}
	client_close(&c);
	SSL_CTX_free(context);
	return done;
}

/* One for the same name, with an RSA key: signed by itself. */
static void add_rsa(struct tls_identities *all, const char *name)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *rsa;
	X509 *x = X509_new();
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	char *bytes;
	long len;

	assert_int_equal(certificate_key_generate(CERTIFICATE_KEY_RSA2048, &key), 0);
	BIO_write(bio, key.data, (int)key.len);
	rsa = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	ASN1_STRING_set(text, name, -1);
	GENERAL_NAME_set0_value(one, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, one);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -100);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000);
	X509_set_pubkey(x, rsa);
	X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
	X509_sign(x, rsa, EVP_sha256());
	PEM_write_bio_X509(bio, x);
	len = BIO_get_mem_data(bio, &bytes);
	assert_int_equal(tls_identities_add(all, view_of(bytes, (size_t)len), &key), 0);
	GENERAL_NAMES_free(names);
	X509_free(x);
	EVP_PKEY_free(rsa);
	BIO_free(bio);
}

static void who_knows_no_ecdsa_is_shown_the_other_key(void **state)
{
	struct toy *toy = toy_new(true, false);
	struct tls_identities *all = tls_identities_new();

	(void)state;
	toy_add_identity(all, "toy.example", NULL);
	net_set_identities(toy->net, all);
	assert_false(try_signatures(toy, "RSA-PSS+SHA256:RSA+SHA256", EVP_PKEY_RSA));
	tls_identities_unref(all);
	all = tls_identities_new();
	toy_add_identity(all, "toy.example", NULL);
	add_rsa(all, "toy.example");
	net_set_identities(toy->net, all);
	tls_identities_unref(all);
	assert_true(try_signatures(toy, "RSA-PSS+SHA256:RSA+SHA256", EVP_PKEY_RSA));
	assert_true(try_signatures(toy, "ECDSA+SHA256", EVP_PKEY_EC));
	assert_true(try_signatures(toy, "ECDSA+SHA256:RSA-PSS+SHA256", EVP_PKEY_EC));
	toy_free(toy);
}

static void identities_are_swapped_under_living_sessions(void **state)
{
	struct toy *toy = toy_new(true, true);
	struct tls_identities *next = tls_identities_new();
	struct client old, new;

	(void)state;
	client_connect(&old, toy);
	assert_true(client_secure(&old, 0, NULL, NULL));
	client_expect(&old, "hello");
	toy_add_identity(next, "next.example", NULL);
	net_set_identities(toy->net, next);
	tls_identities_unref(next);
	client_connect(&new, toy);
	assert_true(client_secure(&new, 0, NULL, NULL));
	expect_name(&new, "next.example");
	client_send(&old, "say old\n");
	client_expect(&old, "old");
	client_close(&old);
	client_close(&new);
	toy_free(toy);
}

static void an_identity_must_be_whole(void **state)
{
	struct tls_identities *all = tls_identities_new();
	struct view name = VIEW("a.example");
	struct buf chain = BUF_NULL(CERTIFICATE_MAX), other = BUF_NULL(CERTIFICATE_MAX);
	struct secret key = SECRET_NULL, other_key = SECRET_NULL, none = SECRET_NULL;

	(void)state;
	assert_int_equal(certificate_self_sign(&name, 1, 1700000000, 1, &chain, &key), 0);
	assert_int_equal(certificate_self_sign(
					 &name, 1, 1700000000, 1, &other, &other_key),
			0);
	assert_int_equal(tls_identities_add(all, VIEW("no pem"), &key), TLS_E_CHAIN);
	assert_int_equal(tls_identities_add(all, VIEW(""), &key), TLS_E_CHAIN);
	assert_int_equal(tls_identities_add(all, buf_view(&chain), &none), TLS_E_KEY);
	assert_int_equal(tls_identities_add(all, buf_view(&chain), &other_key),
			TLS_E_MISMATCH);
	assert_int_equal(tls_identities_add(all, buf_view(&chain), &key), 0);
	tls_identities_unref(all);
	secret_free(&key);
	secret_free(&other_key);
	buf_free(&chain);
	buf_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T01_old_versions_are_refused),
		cmocka_unit_test(T03_another_protocol_by_alpn_is_refused),
		cmocka_unit_test(T01_only_ecdhe_with_aead_is_offered),
		cmocka_unit_test(T02_T03_nothing_is_resumed_or_renegotiated),
		cmocka_unit_test(T04_a_name_chooses_its_certificate),
		cmocka_unit_test(T03_a_challenge_is_shown_to_who_comes_for_it_alone),
		cmocka_unit_test(who_knows_no_ecdsa_is_shown_the_other_key),
		cmocka_unit_test(identities_are_swapped_under_living_sessions),
		cmocka_unit_test(an_identity_must_be_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

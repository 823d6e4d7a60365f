#include "runtime/crypto/certificate_request.h"

#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"
#include "runtime/crypto/certificate_inside.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum {
	CHALLENGE_DAYS = 7,
};

int certificate_key_generate(enum certificate_key_kind kind, struct secret *pem_out)
{
	CLEANUP(certificate_free_key) EVP_PKEY *key = NULL;
	int r;

	assert(kind < CERTIFICATE_KEY_KINDS);
	ERR_clear_error();
	key = kind == CERTIFICATE_KEY_RSA2048
			      ? EVP_RSA_gen(2048)
			      : EVP_EC_gen(kind == CERTIFICATE_KEY_P384 ? "P-384"
									: "P-256");
	r = key ? certificate_write_key(key, pem_out) : -EIO;
	ERR_clear_error();
	return r ? fault(r) : 0;
}

/* -- the request -- */

static void free_request(X509_REQ **request)
{
	X509_REQ_free(*request);
}

static int ask_for_names(X509_REQ *request, const struct view *names, size_t count)
{
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	GENERAL_NAMES *all = certificate_names(names, count);
	int r = X509V3_add1_i2d(&extensions, NID_subject_alt_name, all, 0,
				X509V3_ADD_DEFAULT) == 1 &&
						X509_REQ_add_extensions(
								request, extensions) == 1
				? 0
				: -EIO;

	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	GENERAL_NAMES_free(all);
	return r;
}

static int write_der(X509_REQ *request, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509_REQ(request, &der);

	if (len <= 0)
		return -EIO;
	buf_add(out, view_of(der, (size_t)len));
	OPENSSL_free(der);
	return 0;
}

int certificate_request(const struct view *names, size_t name_count, struct view key_pem,
		struct buf *out)
{
	CLEANUP(certificate_free_key) EVP_PKEY *key = certificate_open_key(key_pem);
	CLEANUP(free_request) X509_REQ *request = NULL;
	int r = 0;

	if (!key)
		return CERTIFICATE_E_KEY;
	for (size_t i = 0; i < name_count; i++)
		if (!certificate_name_ok(names[i]))
			return CERTIFICATE_E_NAME;
	request = X509_REQ_new();
	if (!request)
		die("out of memory");
	if (X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
			X509_REQ_set_pubkey(request, key) != 1 ||
			ask_for_names(request, names, name_count) ||
			X509_REQ_sign(request, key, EVP_sha256()) <= 0)
		r = -EIO;
	if (!r)
		r = write_der(request, out);
	ERR_clear_error();
	return r ? fault(r) : 0;
}

/* -- the challenge -- */

/* An OCTET STRING within the extension's own, critical (RFC 8737, 3). */
static X509_EXTENSION *identifier(const unsigned char digest[DIGEST_SIZE])
{
	unsigned char der[2 + DIGEST_SIZE] = { V_ASN1_OCTET_STRING, DIGEST_SIZE };
	ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	memcpy(der + 2, digest, DIGEST_SIZE);
	if (!kind || !value || !ASN1_OCTET_STRING_set(value, der, sizeof(der)))
		die("out of memory");
	extension = X509_EXTENSION_create_by_OBJ(NULL, kind, 1, value);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(kind);
	return extension;
}

int certificate_challenge(struct view name, const unsigned char digest[DIGEST_SIZE],
		walltime now, struct buf *chain_out, struct secret *key_out)
{
	X509_EXTENSION *extension;
	int r;

	if (!certificate_name_ok(name))
		return CERTIFICATE_E_NAME;
	extension = identifier(digest);
	if (!extension)
		return fault(-EIO);
	r = certificate_make(
			&name, 1, now, CHALLENGE_DAYS, extension, chain_out, key_out);
	X509_EXTENSION_free(extension);
	return r;
}

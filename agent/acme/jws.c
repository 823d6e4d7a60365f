#include "agent/acme/jws.h"

#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/pem.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum {
	COORDINATE = 32, /* bytes of each half of a point, and of a signature */
	POINT = 1 + 2 * COORDINATE,
};

struct jws_key {
	EVP_PKEY *key;
	unsigned char point[POINT]; /* uncompressed */
};

/* -- keys -- */

int jws_key_generate(struct secret *pem_out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_secmem());
	char *bytes;
	long len = 0;
	int r = 0;

	if (!key || !bio ||
			PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) !=
					1)
		r = fault(-EIO);
	else
		len = BIO_get_mem_data(bio, &bytes);
	if (r == 0)
		*pem_out = secret_copy(view_of(bytes, (size_t)len));
	BIO_free(bio);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return r;
}

int jws_key_read(struct view pem, struct jws_key **out)
{
	CLEANUP(jws_key_freep) struct jws_key *key = xcalloc(1, sizeof(*key));
	BIO *bio = pem_open(pem);
	char group[32] = "";
	size_t len = 0;

	key->key = PEM_read_bio_PrivateKey(bio, NULL, pem_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (!key->key || !EVP_PKEY_get_group_name(key->key, group, sizeof(group), NULL) ||
			strcmp(group, "prime256v1") != 0 ||
			!EVP_PKEY_get_octet_string_param(key->key,
					OSSL_PKEY_PARAM_PUB_KEY, key->point, POINT,
					&len) ||
			len != POINT) {
		ERR_clear_error();
		return JWS_E_KEY;
	}
	*out = TAKE(key);
	return 0;
}

void jws_key_free(struct jws_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

void jws_key_freep(struct jws_key **key)
{
	jws_key_free(*key);
}

void jws_add_public(struct buf *out, const struct jws_key *key)
{
	buf_add_z(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	base64url_add(out, view_of(key->point + 1, COORDINATE));
	buf_add_z(out, "\",\"y\":\"");
	base64url_add(out, view_of(key->point + 1 + COORDINATE, COORDINATE));
	buf_add_z(out, "\"}");
}

void jws_add_thumbprint(struct buf *out, const struct jws_key *key)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(JWS_MAX);
	unsigned char digest[DIGEST_SIZE];

	jws_add_public(&text, key);
	digest_sha256(buf_view(&text), digest);
	base64url_add(out, view_of(digest, sizeof(digest)));
}

/* -- signing -- */

/* From DER to the two numbers side by side (RFC 7518, 3.4). */
static int flatten(const unsigned char *der, size_t len, unsigned char *out)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int r = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, COORDINATE) > 0 &&
						BN_bn2binpad(ECDSA_SIG_get0_s(pair),
								out + COORDINATE,
								COORDINATE) > 0
				? 0
				: fault(-EIO);

	ECDSA_SIG_free(pair);
	return r;
}

static int sign_es256(EVP_PKEY *key, struct view text, unsigned char *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[128];
	size_t len = sizeof(der);
	int r;

	if (!context)
		die("out of memory");
	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
			EVP_DigestSign(context, der, &len,
					(const unsigned char *)text.data, text.len) != 1)
		r = fault(-EIO);
	else
		r = flatten(der, len, out);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return r;
}

static void add_head(struct buf *out, const char *algorithm, const struct jws_head *head,
		const struct jws_key *key)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(JWS_MAX);

	buf_addf(&text, "{\"alg\":\"%s\",", algorithm);
	if (head->account.len) {
		buf_add_z(&text, "\"kid\":");
		text_add_json(&text, head->account);
	} else {
		buf_add_z(&text, "\"jwk\":");
		jws_add_public(&text, key);
	}
	if (head->nonce.len) {
		buf_add_z(&text, ",\"nonce\":");
		text_add_json(&text, head->nonce);
	}
	buf_add_z(&text, ",\"url\":");
	text_add_json(&text, head->url);
	buf_add_byte(&text, '}');
	base64url_add(out, buf_view(&text));
}

/* What is signed is "HEAD.PAYLOAD" (RFC 7515, 5.1). */
static void add_object(struct buf *out, struct view signed_text, struct view signature)
{
	struct view payload = signed_text;
	struct view head = view_cut(&payload, '.');

	buf_addf(out, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"",
			VIEW_ARG(head), VIEW_ARG(payload));
	base64url_add(out, signature);
	buf_add_z(out, "\"}");
}

int jws_sign(const struct jws_key *key, const struct jws_head *head, struct view payload,
		struct buf *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(JWS_MAX);
	unsigned char signature[2 * COORDINATE];
	int r;

	add_head(&text, "ES256", head, key);
	buf_add_byte(&text, '.');
	base64url_add(&text, payload);
	r = sign_es256(key->key, buf_view(&text), signature);
	if (r)
		return r;
	add_object(out, buf_view(&text), view_of(signature, sizeof(signature)));
	return buf_failed(&text) || buf_failed(out) ? fault(-EMSGSIZE) : 0;
}

void jws_bind(const struct jws_key *key, struct view url, struct view id,
		struct view mac_key, struct buf *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(JWS_MAX);
	CLEANUP(buf_free) struct buf public = BUF_NULL(JWS_MAX);
	unsigned char mac[DIGEST_SIZE];

	add_head(&text, "HS256", &(const struct jws_head){ .url = url, .account = id },
			key);
	buf_add_byte(&text, '.');
	jws_add_public(&public, key);
	base64url_add(&text, buf_view(&public));
	hmac_sha256(mac_key, buf_view(&text), mac);
	add_object(out, buf_view(&text), view_of(mac, sizeof(mac)));
}

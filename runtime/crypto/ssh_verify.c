/* Ed25519 by libsodium, which refuses points of small order and other encodings of the
 * same; ECDSA and RSA by OpenSSL. */
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/ssh_key.h"
#include "runtime/crypto/ssh_wire.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>

enum {
	TOKEN_PRESENT = 1 << 0, /* the flags of FIDO's authenticator data */
	TOKEN_VERIFIED = 1 << 2,
	TOKEN_EXTENSIONS = 1 << 7,
	TOKEN_SIGNED_MAX = 2 * DIGEST_SIZE + 5 + SSH_SIGNATURE_MAX,
	CHALLENGE_MAX = 3 * SSH_SIGNATURE_MAX,
};

#define WEBAUTHN "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_number(BIGNUM **number)
{
	BN_free(*number);
}

static void free_builder(OSSL_PARAM_BLD **builder)
{
	OSSL_PARAM_BLD_free(*builder);
}

static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void free_params(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

static void free_signature(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

static void free_octets(unsigned char **octets)
{
	OPENSSL_free(*octets);
}

static BIGNUM *number_of(struct view octets)
{
	BIGNUM *number = BN_bin2bn(
			(const unsigned char *)octets.data, (int)octets.len, NULL);

	if (!number)
		die("out of memory");
	return number;
}

/* -- OpenSSL's form of a key -- */

static EVP_PKEY *pkey_of(const char *algorithm, OSSL_PARAM_BLD *builder)
{
	CLEANUP(free_context)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	CLEANUP(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY *pkey = NULL;

	if (!context || !params)
		die("out of memory");
	if (EVP_PKEY_fromdata_init(context) <= 0 ||
			EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) <=
					0)
		pkey = NULL;
	ERR_clear_error();
	return pkey;
}

/* NULL where its numbers are no key: a point beside the curve. */
static EVP_PKEY *ecdsa_pkey(const struct ssh_key *key)
{
	CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	const char *group = key->type == SSH_ECDSA_P384   ? "secp384r1"
			    : key->type == SSH_ECDSA_P521 ? "secp521r1"
							  : "prime256v1";

	if (!builder ||
			!OSSL_PARAM_BLD_push_utf8_string(
					builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) ||
			!OSSL_PARAM_BLD_push_octet_string(builder,
					OSSL_PKEY_PARAM_PUB_KEY, key->point.data,
					key->point.len))
		die("out of memory");
	return pkey_of("EC", builder);
}

static EVP_PKEY *rsa_pkey(const struct ssh_key *key)
{
	CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	CLEANUP(free_number) BIGNUM *n = number_of(key->modulus);
	CLEANUP(free_number) BIGNUM *e = number_of(key->exponent);

	if (!builder || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
			!OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
		die("out of memory");
	return pkey_of("RSA", builder);
}

static int verify(EVP_PKEY *pkey, const EVP_MD *hash, struct view message,
		struct view signature)
{
	CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
	int r;

	if (!context)
		die("out of memory");
	r = EVP_DigestVerifyInit(context, NULL, hash, NULL, pkey);
	if (r > 0)
		r = EVP_DigestVerify(context, (const unsigned char *)signature.data,
				signature.len, (const unsigned char *)message.data,
				message.len);
	ERR_clear_error();
	return r > 0 ? SSH_SIGNATURE_OK : SSH_SIGNATURE_E_WRONG;
}

/* -- the algorithms -- */

static int verify_ed25519(
		const struct ssh_key *key, struct view message, struct view signature)
{
	if (signature.len != crypto_sign_BYTES)
		return SSH_SIGNATURE_E_FORM;
	return crypto_sign_verify_detached((const unsigned char *)signature.data,
			       (const unsigned char *)message.data, message.len,
			       (const unsigned char *)key->point.data) == 0
			       ? SSH_SIGNATURE_OK
			       : SSH_SIGNATURE_E_WRONG;
}

static int verify_ecdsa(
		const struct ssh_key *key, struct view message, struct view signature)
{
	struct ssh_wire wire = ssh_wire_of(signature);
	struct view r = ssh_take_number(&wire), s = ssh_take_number(&wire);
	CLEANUP(free_pkey) EVP_PKEY *pkey = NULL;
	CLEANUP(free_signature) ECDSA_SIG *pair = NULL;
	CLEANUP(free_octets) unsigned char *der = NULL;
	int len;

	if (!ssh_wire_ended(&wire) || r.len > key->point.len || s.len > key->point.len)
		return SSH_SIGNATURE_E_FORM;
	pkey = ecdsa_pkey(key);
	if (!pkey)
		return SSH_SIGNATURE_E_WRONG;
	pair = ECDSA_SIG_new();
	if (!pair || !ECDSA_SIG_set0(pair, number_of(r), number_of(s)))
		die("out of memory");
	len = i2d_ECDSA_SIG(pair, &der);
	if (len <= 0)
		die("out of memory");
	return verify(pkey,
			key->type == SSH_ECDSA_P384   ? EVP_sha384()
			: key->type == SSH_ECDSA_P521 ? EVP_sha512()
						      : EVP_sha256(),
			message, view_of(der, (size_t)len));
}

static int verify_rsa(const struct ssh_key *key, const EVP_MD *hash, struct view message,
		struct view signature)
{
	CLEANUP(free_pkey) EVP_PKEY *pkey = NULL;
	unsigned char whole[SSH_RSA_BITS_MAX / 8] = { 0 };
	size_t len = key->modulus.len;

	if (signature.len == 0 || signature.len > len || len > sizeof(whole))
		return SSH_SIGNATURE_E_FORM;
	pkey = rsa_pkey(key);
	if (!pkey)
		return SSH_SIGNATURE_E_WRONG;
	/* Some write it without the zeros before it (RFC 8332, 3). */
	memcpy(whole + len - signature.len, signature.data, signature.len);
	return verify(pkey, hash, message, view_of(whole, len));
}

/* -- tokens: what they sign is the digest of the message, and what they know (PROTOCOL.u2f) -- */

static void add_base64url(struct buf *out, struct view bytes)
{
	size_t start = buf_view(out).len;
	char *text;
	size_t len;

	base64_add(out, bytes);
	text = out->data + start;
	len = buf_view(out).len - start;
	while (len && text[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	buf_truncate(out, start + len);
}

/* A browser signs what it calls client data: JSON that begins with what was asked of it, in
 * this order (WebAuthn, 5.8.1.2). */
static bool is_client_data(
		struct view client_data, struct view message, struct view origin)
{
	CLEANUP(buf_free) struct buf expected = BUF_NULL(CHALLENGE_MAX);
	struct view rest;

	if (view_find(origin, '"') < origin.len || view_find(origin, '\\') < origin.len)
		return false;
	buf_add_z(&expected, "{\"type\":\"webauthn.get\",\"challenge\":\"");
	add_base64url(&expected, message);
	buf_addf(&expected, "\",\"origin\":\"%.*s\"", VIEW_ARG(origin));
	if (buf_failed(&expected) || !view_starts(client_data, buf_view(&expected)))
		return false;
	rest = view_from(client_data, buf_view(&expected).len);
	return rest.len && (rest.data[0] == ',' || rest.data[0] == '}');
}

struct token_signature {
	struct view octets;
	uint8_t flags;
	uint32_t counter;
	struct view origin, client_data, extensions; /* of a browser */
};

static void add_digest(struct buf *out, struct view bytes)
{
	unsigned char digest[DIGEST_SIZE];

	digest_sha256(bytes, digest);
	buf_add(out, view_of(digest, sizeof(digest)));
}

static int verify_token(const struct ssh_key *key, struct view message,
		const struct token_signature *s, struct ssh_token *token_out)
{
	CLEANUP(buf_free) struct buf data = BUF_NULL(TOKEN_SIGNED_MAX);
	bool extended = (s->flags & TOKEN_EXTENSIONS) != 0;
	int r;

	if (extended != (s->extensions.len > 0))
		return SSH_SIGNATURE_E_FORM;
	if (s->client_data.len && !is_client_data(s->client_data, message, s->origin))
		return SSH_SIGNATURE_E_WRONG;
	add_digest(&data, key->application);
	buf_add_byte(&data, (char)s->flags);
	ssh_put_u32(&data, s->counter);
	buf_add(&data, s->extensions);
	add_digest(&data, s->client_data.len ? s->client_data : message);
	if (buf_failed(&data))
		return SSH_SIGNATURE_E_FORM;
	r = key->type == SSH_SK_ED25519 ? verify_ed25519(key, buf_view(&data), s->octets)
					: verify_ecdsa(key, buf_view(&data), s->octets);
	if (r)
		return r;
	if (!(s->flags & TOKEN_PRESENT))
		return SSH_SIGNATURE_E_ABSENT;
	*token_out = (struct ssh_token){
		.present = true,
		.verified = (s->flags & TOKEN_VERIFIED) != 0,
		.counter = s->counter,
		.origin = s->origin,
	};
	return SSH_SIGNATURE_OK;
}

/* -- the signature's own form -- */

static int verify_plain(const struct ssh_key *key, struct view message, struct view name,
		struct ssh_wire *wire)
{
	struct view octets = ssh_take_string(wire);

	if (!ssh_wire_ended(wire))
		return SSH_SIGNATURE_E_FORM;
	if (key->type == SSH_RSA && view_eq(name, VIEW("rsa-sha2-256")))
		return verify_rsa(key, EVP_sha256(), message, octets);
	if (key->type == SSH_RSA && view_eq(name, VIEW("rsa-sha2-512")))
		return verify_rsa(key, EVP_sha512(), message, octets);
	if (key->type == SSH_RSA || !view_eq(name, view_z(ssh_key_type_name(key->type))))
		return SSH_SIGNATURE_E_FORM;
	return key->type == SSH_ED25519 ? verify_ed25519(key, message, octets)
					: verify_ecdsa(key, message, octets);
}

static int verify_by_token(const struct ssh_key *key, struct view message,
		struct view name, struct ssh_wire *wire, struct ssh_token *token_out)
{
	bool browser = view_eq(name, VIEW(WEBAUTHN)) && key->type == SSH_SK_ECDSA_P256;
	struct token_signature s = { 0 };

	if (!browser && !view_eq(name, view_z(ssh_key_type_name(key->type))))
		return SSH_SIGNATURE_E_FORM;
	s.octets = ssh_take_string(wire);
	s.flags = ssh_take_byte(wire);
	s.counter = ssh_take_u32(wire);
	if (browser) {
		s.origin = ssh_take_string(wire);
		s.client_data = ssh_take_string(wire);
		s.extensions = ssh_take_string(wire);
	}
	if (!ssh_wire_ended(wire) || (browser && s.client_data.len == 0))
		return SSH_SIGNATURE_E_FORM;
	return verify_token(key, message, &s, token_out);
}

int ssh_key_verify(const struct ssh_key *key, struct view message, struct view signature,
		struct ssh_token *token_out)
{
	struct ssh_wire wire = ssh_wire_of(signature);
	struct view name = ssh_take_string(&wire);

	*token_out = (struct ssh_token){ 0 };
	if (signature.len > SSH_SIGNATURE_MAX)
		return SSH_SIGNATURE_E_FORM;
	if (key->type == SSH_SK_ED25519 || key->type == SSH_SK_ECDSA_P256)
		return verify_by_token(key, message, name, &wire, token_out);
	return verify_plain(key, message, name, &wire);
}

#include "agent/git/sshsig.h"
#include "runtime/base/base64.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/ssh_wire.h"
#include "tests/agent/git/vectors.h"
#include "tests/lib/test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <sodium.h>

static const char *const signatures[] = { "ed25519", "ecdsa-256", "ecdsa-384",
	"ecdsa-521", "rsa-2048", "rsa-2048-sha256" };

static void what_ssh_keygen_signs_is_verified(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view message = vector(arena, "message");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
		struct view text = vector(arena,
				arena_printf(arena, "%s.sig%c", signatures[i], 0).data);
		struct sshsig sig;
		struct ssh_token token;

		assert_int_equal(sshsig_read(text, arena, &sig), SSHSIG_OK);
		assert_int_equal(sshsig_verify(&sig, VIEW("git"), message, &token),
				SSHSIG_OK);
		assert_false(token.present);
		assert_int_equal(sshsig_verify(&sig, VIEW("git"), VIEW("a message"),
						 &token),
				SSHSIG_E_WRONG);
		assert_int_equal(sshsig_verify(&sig, VIEW("file"), message, &token),
				SSHSIG_E_NAMESPACE);
	}
}

/* Every bit of a signature counts, but those of the armour. */
static void a_changed_byte_is_never_verified(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view message = vector(arena, "message");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
		struct sshsig sig, changed;
		struct ssh_token token;
		char *octets;

		assert_int_equal(sshsig_read(vector(arena, arena_printf(arena, "%s.sig%c",
									   signatures[i],
									   0)
									     .data),
						 arena, &sig),
				SSHSIG_OK);
		octets = (char *)arena_copy(arena, sig.signature).data;
		changed = sig;
		changed.signature = view_of(octets, sig.signature.len);
		for (size_t at = 0; at < sig.signature.len; at++) {
			octets[at] = (char)(octets[at] ^ 0x10);
			assert_int_not_equal(sshsig_verify(&changed, VIEW("git"), message,
							     &token),
					SSHSIG_OK);
			octets[at] = (char)(octets[at] ^ 0x10);
		}
		changed.signature = view_sub(changed.signature, 0, sig.signature.len - 1);
		assert_int_not_equal(
				sshsig_verify(&changed, VIEW("git"), message, &token),
				SSHSIG_OK);
	}
}

static void what_is_no_signature_is_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view text = vector(arena, "ed25519.sig");
	struct sshsig sig;
	const struct view wrong[] = {
		VIEW(""),
		VIEW("-----BEGIN SSH SIGNATURE-----"),
		VIEW("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"),
		VIEW("-----BEGIN PGP SIGNATURE-----\nAA==\n-----END PGP "
		     "SIGNATURE-----\n"),
		view_from(text, 1),
		view_sub(text, 0, text.len - 10),
		arena_printf(arena, "%.*s%.*s", VIEW_ARG(text), VIEW_ARG(text)),
		arena_printf(arena, "%.*sx", VIEW_ARG(text)),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(sshsig_read(wrong[i], arena, &sig), SSHSIG_E_FORM);
}

static void keys_are_read_and_named(void **state)
{
	/* clang-format off */
	static const struct {
		const char *file;
		enum ssh_key_type type;
	} rows[] = {
		{ "ed25519.pub",   SSH_ED25519 },
		{ "ecdsa-256.pub", SSH_ECDSA_P256 },
		{ "ecdsa-384.pub", SSH_ECDSA_P384 },
		{ "ecdsa-521.pub", SSH_ECDSA_P521 },
		{ "rsa-2048.pub",  SSH_RSA },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view blob = vector_key(arena, rows[i].file);
		struct ssh_key key;

		assert_int_equal(ssh_key_read(blob, &key), SSH_KEY_OK);
		assert_int_equal(key.type, rows[i].type);
		assert_int_equal(ssh_key_fingerprint(&key, arena).len, SSH_FINGERPRINT);
		for (size_t len = 0; len < blob.len; len++)
			assert_int_equal(ssh_key_read(view_sub(blob, 0, len), &key),
					SSH_KEY_E_FORM);
	}
}

static struct view rsa_blob(struct arena *arena, size_t modulus, const char *exponent)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(SSH_KEY_MAX);
	CLEANUP(buf_free) struct buf number = BUF_NULL(SSH_KEY_MAX);

	buf_add_byte(&number, 0);
	for (size_t i = 0; i < modulus; i++)
		buf_add_byte(&number, (char)0xc1);
	ssh_put_string(&blob, VIEW("ssh-rsa"));
	ssh_put_string(&blob, view_z(exponent));
	ssh_put_string(&blob, buf_view(&number));
	return arena_copy(arena, buf_view(&blob));
}

static void rsa_keys_have_bounds(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct ssh_key key;

	(void)state;
	assert_int_equal(
			ssh_key_read(rsa_blob(arena, 255, "\x03"), &key), SSH_KEY_E_WEAK);
	assert_int_equal(ssh_key_read(rsa_blob(arena, 256, "\x03"), &key), SSH_KEY_OK);
	assert_int_equal(ssh_key_read(rsa_blob(arena, 1024, "\x03"), &key), SSH_KEY_OK);
	assert_int_equal(ssh_key_read(rsa_blob(arena, 1025, "\x03"), &key),
			SSH_KEY_E_COSTLY);
	assert_int_equal(ssh_key_read(rsa_blob(arena, 256, "\x01\x01\x01\x01\x01"), &key),
			SSH_KEY_E_COSTLY);
}

/* -- tokens: made here, as PROTOCOL.u2f says, since no program makes them without one -- */

struct token {
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	struct view blob;
};

static void token_make(struct token *token, struct arena *arena)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(SSH_KEY_MAX);

	assert_int_equal(crypto_sign_keypair(token->public, token->secret), 0);
	ssh_put_string(&blob, VIEW("sk-ssh-ed25519@openssh.com"));
	ssh_put_string(&blob, view_of(token->public, sizeof(token->public)));
	ssh_put_string(&blob, VIEW("ssh:"));
	token->blob = arena_copy(arena, buf_view(&blob));
}

static struct view token_sign(const struct token *token, struct arena *arena,
		const char *application, char flags, struct view message)
{
	CLEANUP(buf_free) struct buf data = BUF_NULL(1024), blob = BUF_NULL(1024);
	unsigned char digest[DIGEST_SIZE], octets[crypto_sign_BYTES];

	digest_sha256(view_z(application), digest);
	buf_add(&data, view_of(digest, sizeof(digest)));
	buf_add_byte(&data, flags);
	ssh_put_u32(&data, 7);
	digest_sha256(message, digest);
	buf_add(&data, view_of(digest, sizeof(digest)));
	crypto_sign_detached(octets, NULL, (const unsigned char *)data.data, data.len,
			token->secret);
	ssh_put_string(&blob, VIEW("sk-ssh-ed25519@openssh.com"));
	ssh_put_string(&blob, view_of(octets, sizeof(octets)));
	buf_add_byte(&blob, flags);
	ssh_put_u32(&blob, 7);
	return arena_copy(arena, buf_view(&blob));
}

static void a_token_says_whether_it_was_touched(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct ssh_token said;
	struct token token;
	struct ssh_key key;
	struct view message = VIEW("a message");

	(void)state;
	token_make(&token, arena);
	assert_int_equal(ssh_key_read(token.blob, &key), SSH_KEY_OK);
	assert_view(key.application, "ssh:");
	assert_int_equal(ssh_key_verify(&key, message,
					 token_sign(&token, arena, "ssh:", 5, message),
					 &said),
			SSH_SIGNATURE_OK);
	assert_true(said.present && said.verified);
	assert_int_equal(said.counter, 7);
	assert_int_equal(ssh_key_verify(&key, message,
					 token_sign(&token, arena, "ssh:", 1, message),
					 &said),
			SSH_SIGNATURE_OK);
	assert_false(said.verified);
	assert_int_equal(ssh_key_verify(&key, message,
					 token_sign(&token, arena, "ssh:", 0, message),
					 &said),
			SSH_SIGNATURE_E_ABSENT);
	assert_int_equal(ssh_key_verify(&key, message,
					 token_sign(&token, arena, "a.example", 1,
							 message),
					 &said),
			SSH_SIGNATURE_E_WRONG);
	/* Extensions are said to be there, and are not. */
	assert_int_equal(ssh_key_verify(&key, message,
					 token_sign(&token, arena, "ssh:", (char)0x81,
							 message),
					 &said),
			SSH_SIGNATURE_E_FORM);
}

/* -- a passkey: what a browser signs, by ECDSA -- */

struct passkey {
	EVP_PKEY *pkey;
	struct view blob;
};

static void passkey_make(struct passkey *passkey, struct arena *arena)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(SSH_KEY_MAX);
	unsigned char point[65];
	size_t len = 0;

	passkey->pkey = EVP_EC_gen("prime256v1");
	assert_non_null(passkey->pkey);
	assert_true(EVP_PKEY_get_octet_string_param(passkey->pkey,
			OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len));
	ssh_put_string(&blob, VIEW("sk-ecdsa-sha2-nistp256@openssh.com"));
	ssh_put_string(&blob, VIEW("nistp256"));
	ssh_put_string(&blob, view_of(point, len));
	ssh_put_string(&blob, VIEW("a.example")); /* the RP id */
	passkey->blob = arena_copy(arena, buf_view(&blob));
}

static void put_number(struct buf *out, const BIGNUM *number)
{
	unsigned char octets[34] = { 0 };
	int len = BN_bn2bin(number, octets + 1);
	int zero = octets[1] & 0x80;

	ssh_put_string(out, view_of(zero ? octets : octets + 1, (size_t)(len + !!zero)));
}

/* The pair of numbers that are over `data`. */
static void put_ecdsa(struct buf *out, EVP_PKEY *pkey, struct view data)
{
	CLEANUP(buf_free) struct buf pair = BUF_NULL(256);
	unsigned char der[128];
	const unsigned char *at = der;
	size_t len = sizeof(der);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ECDSA_SIG *signature;

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(context, der, &len,
					 (const unsigned char *)data.data, data.len),
			1);
	EVP_MD_CTX_free(context);
	signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
	put_number(&pair, ECDSA_SIG_get0_r(signature));
	put_number(&pair, ECDSA_SIG_get0_s(signature));
	ECDSA_SIG_free(signature);
	ssh_put_string(out, buf_view(&pair));
}

static void add_sha256(struct buf *out, struct view bytes)
{
	unsigned char digest[DIGEST_SIZE];

	digest_sha256(bytes, digest);
	buf_add(out, view_of(digest, sizeof(digest)));
}

static struct view passkey_sign(const struct passkey *passkey, const char *client_data,
		const char *origin, struct arena *arena)
{
	CLEANUP(buf_free) struct buf data = BUF_NULL(1024), blob = BUF_NULL(4096);

	add_sha256(&data, VIEW("a.example"));
	buf_add_byte(&data, 5);
	ssh_put_u32(&data, 7);
	add_sha256(&data, view_z(client_data));
	ssh_put_string(&blob, VIEW("webauthn-sk-ecdsa-sha2-nistp256@openssh.com"));
	put_ecdsa(&blob, passkey->pkey, buf_view(&data));
	buf_add_byte(&blob, 5);
	ssh_put_u32(&blob, 7);
	ssh_put_string(&blob, view_z(origin));
	ssh_put_string(&blob, view_z(client_data));
	ssh_put_string(&blob, VIEW_NULL);
	return arena_copy(arena, buf_view(&blob));
}

static void a_passkey_signs_what_the_browser_was_asked(void **state)
{
	/* "a message" in base64url is YSBtZXNzYWdl. */
	static const struct {
		const char *client_data, *origin;
		int outcome;
	} rows[] = {
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"YSBtZXNzYWdl\",\"origin\":"
		  "\"https://a.example\",\"crossOrigin\":false}",
				"https://a.example", SSH_SIGNATURE_OK },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"YSBtZXNzYWdl\",\"origin\":"
		  "\"https://a.example\"}",
				"https://a.example", SSH_SIGNATURE_OK },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"YSBtZXNzYWdm\",\"origin\":"
		  "\"https://a.example\"}",
				"https://a.example", SSH_SIGNATURE_E_WRONG },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"YSBtZXNzYWdl\",\"origin\":"
		  "\"https://evil.example\"}",
				"https://a.example", SSH_SIGNATURE_E_WRONG },
		{ "{\"type\":\"webauthn.create\",\"challenge\":\"YSBtZXNzYWdl\","
		  "\"origin\":\"https://a.example\"}",
				"https://a.example", SSH_SIGNATURE_E_WRONG },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"YSBtZXNzYWdl\",\"origin\":"
		  "\"https://a.example.evil\"}",
				"https://a.example", SSH_SIGNATURE_E_WRONG },
		{ "", "https://a.example", SSH_SIGNATURE_E_FORM },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct passkey passkey;
	struct ssh_token said;
	struct ssh_key key;

	(void)state;
	passkey_make(&passkey, arena);
	assert_int_equal(ssh_key_read(passkey.blob, &key), SSH_KEY_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = ssh_key_verify(&key, VIEW("a message"),
				passkey_sign(&passkey, rows[i].client_data,
						rows[i].origin, arena),
				&said);

		if (r != rows[i].outcome)
			fail_msg("row %zu: %d", i, r);
		if (r == SSH_SIGNATURE_OK)
			assert_view(said.origin, "https://a.example");
	}
	EVP_PKEY_free(passkey.pkey);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ssh_keygen_signs_is_verified),
		cmocka_unit_test(a_changed_byte_is_never_verified),
		cmocka_unit_test(what_is_no_signature_is_refused),
		cmocka_unit_test(keys_are_read_and_named),
		cmocka_unit_test(rsa_keys_have_bounds),
		cmocka_unit_test(a_token_says_whether_it_was_touched),
		cmocka_unit_test(a_passkey_signs_what_the_browser_was_asked),
	};

	assert_true(argc == 2 && sodium_init() >= 0);
	vectors = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runtime/crypto/password.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/metric.h"

#include <assert.h>
#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>

static_assert(PASSWORD_HASH_TEXT >= crypto_pwhash_STRBYTES, "room for what is made");

enum {
	HASH_MAX = 512, /* the longest text that is looked at */
	MEMORY_KIB = crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024,
	PASSES = crypto_pwhash_OPSLIMIT_INTERACTIVE,
	MEMORY_KIB_MAX = 1024 * 1024,
	PASSES_MAX = 10,
	BCRYPT_COST_MIN = 4,
	BCRYPT_COST_MAX = 15,
	BCRYPT_TEXT = 60,
	CRYPT_ROUNDS_MAX = 1000000,
	CRYPT_SALT_MAX = 16,
	CRYPT_DIGEST_TEXT = 86,
	SHA512 = crypto_hash_sha512_BYTES,
};

struct argon2_cost {
	uint64_t memory_kib, passes, lanes;
};

/* -- recognising -- */

static bool skip(struct view *v, struct view prefix)
{
	if (!view_starts(*v, prefix))
		return false;
	*v = view_from(*v, prefix.len);
	return true;
}

static bool all_base64(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.data[i];

		if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '+' && c != '/' &&
				c != '.')
			return false;
	}
	return v.len > 0;
}

/* $argon2id$v=19$m=65536,t=2,p=1$SALT$HASH */
static bool read_argon2id(struct view v, struct argon2_cost *cost)
{
	struct view memory, passes, lanes, salt;

	if (!skip(&v, VIEW("$argon2id$v=19$m=")))
		return false;
	memory = view_cut(&v, ',');
	if (!skip(&v, VIEW("t=")))
		return false;
	passes = view_cut(&v, ',');
	if (!skip(&v, VIEW("p=")))
		return false;
	lanes = view_cut(&v, '$');
	salt = view_cut(&v, '$');
	return view_to_u64(memory, &cost->memory_kib) &&
	       view_to_u64(passes, &cost->passes) && view_to_u64(lanes, &cost->lanes) &&
	       all_base64(salt) && all_base64(v);
}

static bool is_argon2id(struct view v)
{
	struct argon2_cost cost;

	return read_argon2id(v, &cost) && cost.memory_kib >= 8 &&
	       cost.memory_kib <= MEMORY_KIB_MAX && cost.passes >= 1 &&
	       cost.passes <= PASSES_MAX && cost.lanes >= 1 && cost.lanes <= 64;
}

/* $6$SALT$HASH, $6$rounds=N$SALT$HASH */
static bool is_sha512_crypt(struct view v)
{
	struct view salt;
	uint64_t rounds;

	if (!skip(&v, VIEW("$6$")))
		return false;
	if (skip(&v, VIEW("rounds="))) {
		if (!view_to_u64(view_cut(&v, '$'), &rounds) || rounds < 1000 ||
				rounds > CRYPT_ROUNDS_MAX)
			return false;
	}
	salt = view_cut(&v, '$');
	return salt.len > 0 && salt.len <= CRYPT_SALT_MAX && all_base64(v) &&
	       v.len == CRYPT_DIGEST_TEXT;
}

/* $2b$12$ and 53 characters of salt and hash */
static bool is_bcrypt(struct view v)
{
	uint64_t cost;

	if (v.len != BCRYPT_TEXT || (!skip(&v, VIEW("$2b$")) && !skip(&v, VIEW("$2y$"))))
		return false;
	return view_to_u64(view_cut(&v, '$'), &cost) && cost >= BCRYPT_COST_MIN &&
	       cost <= BCRYPT_COST_MAX && all_base64(v);
}

/* {SSHA512} and base64 of digest and salt */
static bool read_ssha512(struct view v, struct buf *out)
{
	return skip(&v, VIEW("{SSHA512}")) && base64_decode(out, v) && out->len > SHA512;
}

static bool is_ssha512(struct view v)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(HASH_MAX);

	return read_ssha512(v, &bytes);
}

enum password_form password_form(struct view hash)
{
	if (hash.len > HASH_MAX || view_find(hash, '\0') < hash.len)
		return PASSWORD_FORM_UNKNOWN;
	if (is_argon2id(hash))
		return PASSWORD_FORM_ARGON2ID;
	if (is_sha512_crypt(hash))
		return PASSWORD_FORM_SHA512_CRYPT;
	if (is_bcrypt(hash))
		return PASSWORD_FORM_BCRYPT;
	if (is_ssha512(hash))
		return PASSWORD_FORM_SSHA512;
	return PASSWORD_FORM_UNKNOWN;
}

/* -- making and checking -- */

static void start_library(void)
{
	if (sodium_init() < 0)
		die("libsodium does not start");
}

void password_hash(const struct secret *password, char out[PASSWORD_HASH_TEXT])
{
	struct view text = secret_expose(password);

	start_library();
	metric_add(METRIC_PASSWORD_HASHES, METRIC_HASH_ARGON2ID, 0, 1);
	if (crypto_pwhash_str_alg(out, text.data ? text.data : "", text.len, PASSES,
			    crypto_pwhash_MEMLIMIT_INTERACTIVE,
			    crypto_pwhash_ALG_ARGON2ID13))
		die("out of memory (a password hash takes 64 MiB)");
}

static bool verify_argon2id(const char *hash, struct view password)
{
	start_library();
	metric_add(METRIC_PASSWORD_HASHES, METRIC_HASH_ARGON2ID, 0, 1);
	return crypto_pwhash_str_verify(hash, password.data, password.len) == 0;
}

/* crypt(3) takes C strings: a password with a NUL in it would match its beginning. */
static bool verify_crypt(const char *hash, struct view password, enum metric_hash kind)
{
	struct crypt_data *data;
	char *text, *made;
	bool same;

	if (view_find(password, '\0') < password.len)
		return false;
	metric_add(METRIC_PASSWORD_HASHES, kind, 0, 1);
	data = xcalloc(1, sizeof(*data));
	text = xstrndup(password.data, password.len);
	made = crypt_rn(text, hash, data, (int)sizeof(*data));
	same = made && view_eq_secret(view_z(made), view_z(hash));
	sodium_memzero(text, password.len);
	sodium_memzero(data, sizeof(*data));
	free(text);
	free(data);
	return same;
}

static bool verify_ssha512(struct view hash, struct view password)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(HASH_MAX);
	crypto_hash_sha512_state state;
	unsigned char made[SHA512];
	struct view salt;

	if (!read_ssha512(hash, &bytes))
		return false;
	salt = view_from(buf_view(&bytes), SHA512);
	metric_add(METRIC_PASSWORD_HASHES, METRIC_HASH_SSHA512, 0, 1);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(
			&state, (const unsigned char *)password.data, password.len);
	crypto_hash_sha512_update(&state, (const unsigned char *)salt.data, salt.len);
	crypto_hash_sha512_final(&state, made);
	sodium_memzero(&state, sizeof(state));
	return view_eq_secret(
			view_of(made, SHA512), view_sub(buf_view(&bytes), 0, SHA512));
}

static bool is_weaker(struct view hash)
{
	struct argon2_cost cost;

	return !read_argon2id(hash, &cost) || cost.memory_kib < MEMORY_KIB ||
	       cost.passes < PASSES;
}

int password_verify(struct view hash, const struct secret *password, bool *upgrade_out)
{
	enum password_form form = password_form(hash);
	struct view text = secret_expose(password);
	CLEANUP(freep) char *hash_z = NULL;
	bool same = false;

	if (form == PASSWORD_FORM_UNKNOWN)
		return PASSWORD_E_FORM;
	if (text.len > PASSWORD_MAX)
		return PASSWORD_E_WRONG;
	if (!text.data)
		text = VIEW("");
	hash_z = xstrndup(hash.data, hash.len);
	switch (form) {
	case PASSWORD_FORM_ARGON2ID:
		same = verify_argon2id(hash_z, text);
		break;
	case PASSWORD_FORM_SHA512_CRYPT:
		same = verify_crypt(hash_z, text, METRIC_HASH_SHA512_CRYPT);
		break;
	case PASSWORD_FORM_BCRYPT:
		same = verify_crypt(hash_z, text, METRIC_HASH_BCRYPT);
		break;
	case PASSWORD_FORM_SSHA512:
		same = verify_ssha512(hash, text);
		break;
	case PASSWORD_FORM_UNKNOWN:
		break;
	}
	if (!same)
		return PASSWORD_E_WRONG;
	*upgrade_out = is_weaker(hash);
	return PASSWORD_OK;
}

void password_verify_nobody(const struct secret *password)
{
	static const unsigned char salt[crypto_pwhash_SALTBYTES] = "of nobody";
	struct view text = secret_expose(password);
	unsigned char made[32];

	if (text.len > PASSWORD_MAX)
		return;
	start_library();
	metric_add(METRIC_PASSWORD_HASHES, METRIC_HASH_ARGON2ID, 0, 1);
	if (crypto_pwhash(made, sizeof(made), text.data ? text.data : "", text.len, salt,
			    PASSES, crypto_pwhash_MEMLIMIT_INTERACTIVE,
			    crypto_pwhash_ALG_ARGON2ID13))
		die("out of memory (a password hash takes 64 MiB)");
	sodium_memzero(made, sizeof(made));
}

/* What guards accounts and secrets: password hashes, recipients, roles. */
#include "runtime/base/base64.h"
#include "schema/name.h"

enum {
	/* Past these a login would cost more than a server can give to a stranger. */
	ARGON2_KIB_MAX = 1024 * 1024,
	ARGON2_PASSES_MAX = 100,
	ARGON2_LANES_MAX = 16,
	SHA512_ROUNDS_MAX = 10 * 1000 * 1000,
	BCRYPT_COST_MAX = 16,
	SHA512_SIZE = 64,
	AGE_LENGTH = 62,
};

static int bad(const char **why_out, const char *why)
{
	*why_out = why;
	return NAME_E_BAD;
}

static bool all_of(struct view text, const char *besides)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_alpha(text.data[i]) && !byte_is_digit(text.data[i]) &&
				(!text.data[i] || !strchr(besides, text.data[i])))
			return false;
	return text.len > 0;
}

/* `NAME=NUMBER` up to `most`, cut off *text at a comma. */
static bool take_parameter(struct view *text, const char *name, uint64_t most)
{
	struct view parameter = view_cut(text, ',');
	uint64_t value;

	if (!view_starts(parameter, view_z(name)))
		return false;
	return view_to_u64(view_from(parameter, strlen(name)), &value) && value > 0 &&
	       value <= most;
}

/* $argon2id$v=19$m=65536,t=3,p=1$SALT$HASH */
static int check_argon2id(struct view rest, const char **why_out)
{
	struct view version = view_cut(&rest, '$'), costs = view_cut(&rest, '$');
	struct view salt = view_cut(&rest, '$');

	if (!view_eq(version, VIEW("v=19")))
		return bad(why_out, "an Argon2id hash of version 19 is wanted (`v=19`)");
	if (!take_parameter(&costs, "m=", ARGON2_KIB_MAX) ||
			!take_parameter(&costs, "t=", ARGON2_PASSES_MAX) ||
			!take_parameter(&costs, "p=", ARGON2_LANES_MAX) || costs.data)
		return bad(why_out,
				"its costs are missing or too high: `m=65536,t=3,p=1`");
	if (!all_of(salt, "+/") || salt.len < 11 || !all_of(rest, "+/") || rest.len < 22)
		return bad(why_out, "its salt or hash is missing, or was cut");
	return NAME_OK;
}

/* $6$[rounds=N$]SALT$HASH */
static int check_sha512(struct view rest, const char **why_out)
{
	struct view salt = view_cut(&rest, '$');

	if (view_starts(salt, VIEW("rounds="))) {
		if (!take_parameter(&salt, "rounds=", SHA512_ROUNDS_MAX))
			return bad(why_out, "its rounds are too many");
		salt = view_cut(&rest, '$');
	}
	if (!all_of(salt, "./") || salt.len > 16 || !all_of(rest, "./") || rest.len != 86)
		return bad(why_out, "a `$6$` hash is a salt and 86 characters; this one "
				    "was cut");
	return NAME_OK;
}

/* $2y$COST$22 of salt and 31 of hash */
static int check_bcrypt(struct view rest, const char **why_out)
{
	struct view cost_text = view_cut(&rest, '$');
	uint64_t cost;

	if (cost_text.len != 2 || !view_to_u64(cost_text, &cost) || cost < 4 ||
			cost > BCRYPT_COST_MAX)
		return bad(why_out, "its cost is not from 04 to 16");
	if (!all_of(rest, "./") || rest.len != 53)
		return bad(why_out, "a `$2y$` hash is 60 characters; this one was cut");
	return NAME_OK;
}

/* {SSHA512}BASE64 of 64 bytes and a salt */
static int check_ssha512(struct view rest, const char **why_out)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF_NULL(1024);

	if (!base64_decode(&bytes, rest) || buf_failed(&bytes) ||
			bytes.len <= SHA512_SIZE)
		return bad(why_out, "behind `{SSHA512}` is base64 of a hash and a salt");
	return NAME_OK;
}

struct hash_form {
	const char *prefix;
	enum password_scheme scheme;
	int (*check)(struct view rest, const char **why_out);
};

/* clang-format off */
static const struct hash_form hash_forms[] = {
	{ "$argon2id$", PASSWORD_ARGON2ID, check_argon2id },
	{ "$6$",        PASSWORD_SHA512,   check_sha512 },
	{ "$2y$",       PASSWORD_BCRYPT,   check_bcrypt },
	{ "{SSHA512}",  PASSWORD_SSHA512,  check_ssha512 },
};
/* clang-format on */

int hash_check(struct view text, enum password_scheme *out, const char **why_out)
{
	for (size_t i = 0; i < ARRAY_LEN(hash_forms); i++) {
		struct view prefix = view_z(hash_forms[i].prefix);

		if (!view_starts(text, prefix))
			continue;
		*out = hash_forms[i].scheme;
		return hash_forms[i].check(view_from(text, prefix.len), why_out);
	}
	return bad(why_out, "not a hash: it begins with `$argon2id$`, `$6$`, `$2y$` or "
			    "`{SSHA512}`");
}

/* -- age -- */

static uint32_t bech32_step(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
		0x3d4233dd, 0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (size_t i = 0; i < ARRAY_LEN(generator); i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

int recipient_check(struct view text, const char **why_out)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	static const char prefix[] = { 'a', 'g', 'e' };
	uint32_t sum = 1;

	if (view_starts(text, VIEW("AGE-SECRET-KEY-")))
		return bad(why_out,
				"this is a secret key: remove it from the file, make a "
				"new one, and write its public half, `age1…`");
	if (text.len != AGE_LENGTH || !view_starts(text, VIEW("age1")))
		return bad(why_out, "an age recipient is `age1` and 58 characters");
	for (size_t i = 0; i < sizeof(prefix); i++)
		sum = bech32_step(sum, (unsigned)prefix[i] >> 5);
	sum = bech32_step(sum, 0);
	for (size_t i = 0; i < sizeof(prefix); i++)
		sum = bech32_step(sum, (unsigned)prefix[i] & 31);
	for (size_t i = 4; i < text.len; i++) {
		const char *digit = text.data[i] ? strchr(digits, text.data[i]) : NULL;

		if (!digit)
			return bad(why_out,
					"an age recipient is small letters and digits");
		sum = bech32_step(sum, (unsigned)(digit - digits));
	}
	return sum == 1 ? NAME_OK
			: bad(why_out, "its checksum is wrong: was a character lost?");
}

/* -- roles -- */

int role_parse(struct arena *arena, struct view text, enum desired_role *out,
		struct view *domain_out, const char **why_out)
{
	static const struct view of_domain = { "domain-admin:", 13 };

	*domain_out = VIEW_NULL;
	if (view_starts(text, of_domain)) {
		*out = ROLE_DOMAIN_ADMIN;
		return domain_check(arena, view_from(text, of_domain.len), domain_out,
				why_out);
	}
	if (view_eq(text, VIEW("admin")))
		*out = ROLE_ADMIN;
	else if (view_eq(text, VIEW("auditor")))
		*out = ROLE_AUDITOR;
	else if (view_eq(text, VIEW("planner")))
		*out = ROLE_PLANNER;
	else
		return bad(why_out, "no such role");
	return NAME_OK;
}

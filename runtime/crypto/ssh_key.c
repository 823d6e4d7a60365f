#include "runtime/crypto/ssh_key.h"

#include "runtime/base/base64.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/ssh_wire.h"

#include <sodium.h>

enum {
	POINT_ED25519 = crypto_sign_PUBLICKEYBYTES,
	EXPONENT_BYTES_MAX = 4,
	UNCOMPRESSED = 4, /* the first octet of such a point (SEC 1, 2.3.3) */
};

/* clang-format off */
static const struct ssh_kind {
	const char *name;
	const char *curve;  /* as the blob of an ECDSA key repeats it; NULL: none */
	size_t point;       /* octets */
	bool token;
} kinds[] = {
	[SSH_ED25519]       = { "ssh-ed25519",                        NULL,       POINT_ED25519, false },
	[SSH_ECDSA_P256]    = { "ecdsa-sha2-nistp256",                "nistp256", 65,            false },
	[SSH_ECDSA_P384]    = { "ecdsa-sha2-nistp384",                "nistp384", 97,            false },
	[SSH_ECDSA_P521]    = { "ecdsa-sha2-nistp521",                "nistp521", 133,           false },
	[SSH_RSA]           = { "ssh-rsa",                            NULL,       0,             false },
	[SSH_SK_ED25519]    = { "sk-ssh-ed25519@openssh.com",         NULL,       POINT_ED25519, true },
	[SSH_SK_ECDSA_P256] = { "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65,            true },
};
/* clang-format on */

const char *ssh_key_type_name(enum ssh_key_type type)
{
	return kinds[type].name;
}

static bool find_type(struct view name, enum ssh_key_type *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (view_eq(name, view_z(kinds[i].name))) {
			*out = (enum ssh_key_type)i;
			return true;
		}
	return false;
}

static int check_rsa(const struct ssh_key *key)
{
	/* The first octet is never zero, but its high bits may be. */
	size_t bits = 8 * key->modulus.len;

	for (uint8_t top = (uint8_t)key->modulus.data[0]; !(top & 0x80); top <<= 1)
		bits--;
	if (bits < SSH_RSA_BITS_MIN)
		return SSH_KEY_E_WEAK;
	if (bits > SSH_RSA_BITS_MAX || key->exponent.len > EXPONENT_BYTES_MAX)
		return SSH_KEY_E_COSTLY;
	return SSH_KEY_OK;
}

int ssh_key_read(struct view blob, struct ssh_key *out)
{
	struct ssh_wire wire = ssh_wire_of(blob);
	struct ssh_key key = { .blob = blob };
	const struct ssh_kind *kind;

	if (blob.len > SSH_KEY_MAX || !find_type(ssh_take_string(&wire), &key.type))
		return SSH_KEY_E_FORM;
	kind = &kinds[key.type];
	if (kind->curve && !view_eq(ssh_take_string(&wire), view_z(kind->curve)))
		return SSH_KEY_E_FORM;
	if (key.type == SSH_RSA) {
		key.exponent = ssh_take_number(&wire);
		key.modulus = ssh_take_number(&wire);
	} else {
		key.point = ssh_take_string(&wire);
	}
	if (kind->token)
		key.application = ssh_take_string(&wire);
	if (!ssh_wire_ended(&wire) || key.point.len != kind->point)
		return SSH_KEY_E_FORM;
	if (kind->curve && key.point.data[0] != UNCOMPRESSED)
		return SSH_KEY_E_FORM;
	if (key.type == SSH_RSA) {
		int r = check_rsa(&key);

		if (r)
			return r;
	}
	*out = key;
	return SSH_KEY_OK;
}

struct view ssh_key_fingerprint(const struct ssh_key *key, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(SSH_FINGERPRINT + 1);
	unsigned char digest[DIGEST_SIZE];
	struct view padded;

	digest_sha256(key->blob, digest);
	buf_add_z(&text, "SHA256:");
	base64_add(&text, view_of(digest, sizeof(digest)));
	padded = buf_view(&text);
	return arena_copy(arena, view_sub(padded, 0, SSH_FINGERPRINT));
}

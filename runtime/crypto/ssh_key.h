/* SSH's public keys, and what they signed.
 *
 *   ssh-ed25519                          RFC 8709
 *   ecdsa-sha2-nistp256, 384, 521        RFC 5656
 *   ssh-rsa                              RFC 8332: by rsa-sha2-256 and -512, never by SHA-1
 *   sk-ssh-ed25519@openssh.com           OpenSSH's PROTOCOL.u2f: keys of a security token
 *   sk-ecdsa-sha2-nistp256@openssh.com   the same; also as a browser signs with a passkey
 *                                        (webauthn-sk-ecdsa-sha2-nistp256@openssh.com)
 *
 * Functions of their arguments. Certificates are not read: a list of keys says who signs. */
#ifndef CRYPTO_SSH_KEY_H
#define CRYPTO_SSH_KEY_H

#include "runtime/base/arena.h"
#include "runtime/base/view.h"

#include <stdbool.h>

enum {
	SSH_KEY_MAX = 4 * 1024,        /* octets of a key's blob */
	SSH_SIGNATURE_MAX = 16 * 1024, /* octets of a signature's blob */
	SSH_RSA_BITS_MIN = 2048,
	SSH_RSA_BITS_MAX = 8192,
	SSH_FINGERPRINT = 50, /* "SHA256:" and 43 digits of base64 */
};

enum ssh_key_type {
	SSH_ED25519,
	SSH_ECDSA_P256,
	SSH_ECDSA_P384,
	SSH_ECDSA_P521,
	SSH_RSA,
	SSH_SK_ED25519,
	SSH_SK_ECDSA_P256,
};

/* All views borrow the blob. */
struct ssh_key {
	enum ssh_key_type type;
	struct view blob;        /* as it is compared with others */
	struct view point;       /* Ed25519's 32 octets, ECDSA's uncompressed point */
	struct view modulus;     /* RSA */
	struct view exponent;    /* RSA */
	struct view application; /* of a token: "ssh:", or the passkey's RP id */
};

enum {
	SSH_KEY_OK = 0,
	SSH_KEY_E_FORM = 1, /* no key of these types */
	SSH_KEY_E_WEAK,     /* RSA of less than SSH_RSA_BITS_MIN */
	SSH_KEY_E_COSTLY, /* … of more than SSH_RSA_BITS_MAX, or an exponent beyond 32 bits */
};

MUST_USE int ssh_key_read(struct view blob, struct ssh_key *out);
const char *ssh_key_type_name(enum ssh_key_type type);
/* "SHA256:…", as ssh-keygen -l prints it. */
struct view ssh_key_fingerprint(const struct ssh_key *key, struct arena *arena);

/* What a token says of one signature. */
struct ssh_token {
	bool present;  /* somebody touched it */
	bool verified; /* … and showed who he is, by a PIN or a finger */
	uint32_t counter;
	struct view origin; /* of the browser that asked; empty: no browser did */
};

enum {
	SSH_SIGNATURE_OK = 0,
	SSH_SIGNATURE_E_FORM = 1, /* no signature that this key can make */
	SSH_SIGNATURE_E_WRONG,    /* not by this key, or not over this message */
	SSH_SIGNATURE_E_ABSENT,   /* by a token that nobody touched */
};

/* Whether `signature` (a blob: RFC 4253, 6.6) is the key's over `message`. *token_out is
 * zeroed where no token signed; its views borrow the signature. */
MUST_USE int ssh_key_verify(const struct ssh_key *key, struct view message,
		struct view signature, struct ssh_token *token_out);

#endif

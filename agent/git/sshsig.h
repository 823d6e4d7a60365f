/* SSHSIG: what `ssh-keygen -Y sign` and `git commit -S` write (OpenSSH's PROTOCOL.sshsig).
 *
 * A signature says which key made it and for which namespace; whether that key may is not
 * asked here (allowed_signers.h). */
#ifndef AGENT_GIT_SSHSIG_H
#define AGENT_GIT_SSHSIG_H

#include "runtime/crypto/ssh_key.h"

#define SSHSIG_BEGIN "-----BEGIN SSH SIGNATURE-----"
#define SSHSIG_END   "-----END SSH SIGNATURE-----"

enum {
	SSHSIG_TEXT_MAX = 32 * 1024, /* bytes of the armoured text */
};

struct sshsig {
	struct ssh_key key;
	struct view namespace;
	struct view hash;      /* "sha256", "sha512" */
	struct view signature; /* a blob: RFC 4253, 6.6 */
};

enum {
	SSHSIG_OK = 0,
	SSHSIG_E_FORM = 1, /* no such text, or not of this version */
	SSHSIG_E_KEY,      /* its key is none that is read: ssh_key_read() */
	SSHSIG_E_NAMESPACE,
	SSHSIG_E_WRONG,  /* not by that key, or not over that message */
	SSHSIG_E_ABSENT, /* by a token that nobody touched */
};

/* `text` is one armoured signature and nothing else. What it holds lives in `arena`. */
MUST_USE int sshsig_read(struct view text, struct arena *arena, struct sshsig *out);
/* Whether it is over `message`, made for `namespace`: "git" for commits and tags. */
MUST_USE int sshsig_verify(const struct sshsig *sig, struct view namespace,
		struct view message, struct ssh_token *token_out);

#endif

/* A list of keys that may sign, as ssh-keygen and git read it (ssh-keygen(1), ALLOWED
 * SIGNERS):
 *
 *   PRINCIPAL[,PRINCIPAL…] [OPTION[,OPTION…]] KEYTYPE BASE64 [COMMENT]
 *
 * with the options namespaces="LIST", valid-after="TIME" and valid-before="TIME". A line that
 * cannot be read refuses the whole list: somebody meant something by it. `cert-authority` is
 * refused, too: certificates are not read. */
#ifndef AGENT_GIT_ALLOWED_SIGNERS_H
#define AGENT_GIT_ALLOWED_SIGNERS_H

#include "runtime/base/clock.h"
#include "runtime/crypto/ssh_key.h"

enum {
	ALLOWED_SIGNERS_TEXT_MAX = 256 * 1024, /* bytes of a list */
	ALLOWED_SIGNERS_MAX = 1000,            /* keys in it */
};

struct allowed_signer {
	struct view principal;  /* the first one: who it is, for people */
	struct view namespaces; /* patterns, by commas; empty: any */
	walltime after, before; /* 0: always */
	struct ssh_key key;
	uint32_t line;
};

struct allowed_signers {
	struct allowed_signer *items;
	size_t count;
};

struct allowed_signers_error {
	uint32_t line;
	const char *why; /* "a key of less than 2048 bits" */
};

enum {
	ALLOWED_SIGNERS_OK = 0,
	ALLOWED_SIGNERS_E_FORM = 1, /* the error says where and why */
};

/* All that it names lives in `arena`. */
MUST_USE int allowed_signers_read(struct view text, struct arena *arena,
		struct allowed_signers *out, struct allowed_signers_error *error);

enum {
	ALLOWED_OK = 0,
	ALLOWED_E_UNLISTED = 1,
	ALLOWED_E_NAMESPACE, /* listed for others alone */
	ALLOWED_E_EARLY,     /* listed, and not valid yet */
	ALLOWED_E_EXPIRED,   /* … not any more */
};

/* Whether this key may sign for `namespace` at `now`. Of several lines with the key one that
 * lets it is enough; else the last one says why not. *out is that line where there is one. */
MUST_USE int allowed_signers_find(const struct allowed_signers *list,
		const struct ssh_key *key, struct view namespace, walltime now,
		const struct allowed_signer **out);

#endif

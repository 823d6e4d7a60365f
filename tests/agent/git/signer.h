/* Somebody who signs, and commits that he makes: for tests, as ssh-keygen and git do it. */
#ifndef TESTS_AGENT_GIT_SIGNER_H
#define TESTS_AGENT_GIT_SIGNER_H

#include "runtime/base/arena.h"

#include <sodium.h>

struct signer {
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
};

/* The same key for the same number. */
void signer_init(struct signer *signer, unsigned char number);
/* Its line in a list of allowed signers. */
struct view signer_line(
		const struct signer *signer, const char *before, struct arena *arena);
/* The armoured text, for that namespace. */
struct view signer_sign(const struct signer *signer, const char *namespace,
		struct view message, struct arena *arena);
/* A commit or tag whose headers (and message) are `text`, which has to have a blank line;
 * with the signature where git puts it. */
struct view signer_commit(
		const struct signer *signer, struct view text, struct arena *arena);
struct view signer_tag(
		const struct signer *signer, struct view text, struct arena *arena);

#endif

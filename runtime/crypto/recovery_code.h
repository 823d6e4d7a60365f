/* The recovery code: 256 random bits that people keep on paper, and what comes of them.
 *
 * It is written in 13 groups of five letters, in Crockford's base 32 (no I, L, O, U):
 *
 *   8Q2FX-0D7KM-…-T5R9H
 *
 * The fifth letter of a group checks its four and the group's place: a wrong letter, two
 * neighbours in each other's place, and a group in the wrong place are found, and the group
 * is named. Who types it need not care for case, blanks, hyphens or the ends of lines, and may
 * read 0 as O, 1 as I or L.
 *
 * A code is an age identity, too: what is sealed to its recipient ("age1…") opens with it, in
 * posthus and in the `age` program. docs/keys.md has how that is derived. */
#ifndef CRYPTO_RECOVERY_CODE_H
#define CRYPTO_RECOVERY_CODE_H

#include "runtime/base/secret.h"
#include "runtime/crypto/age.h"

enum {
	RECOVERY_CODE_GROUPS = 13,
	RECOVERY_CODE_GROUP = 5, /* letters */
	RECOVERY_CODE_TEXT = RECOVERY_CODE_GROUPS * (RECOVERY_CODE_GROUP + 1) - 1,
	RECOVERY_CODE_TYPED_MAX = 512, /* bytes that are read, with blanks */
};

/* A secret: declare it with CLEANUP(recovery_code_wipe). */
struct recovery_code {
	unsigned char bytes[KEY_SIZE];
};

void recovery_code_make(struct recovery_code *out);
void recovery_code_wipe(struct recovery_code *code);

/* RECOVERY_CODE_TEXT letters and hyphens, on one line. */
void recovery_code_write(const struct recovery_code *code, struct secret *out);

enum {
	RECOVERY_CODE_OK = 0,
	RECOVERY_CODE_E_LETTER = 1, /* a letter that is in no code */
	RECOVERY_CODE_E_LENGTH,     /* letters are missing, or there are too many */
	RECOVERY_CODE_E_GROUP,      /* a group does not check: mistyped, or misplaced */
};

/* `group_out` is the group that is to be looked at, from 1, where one is to blame: the first;
 * else 0. A code that reads well need not be the right one: that shows when it opens. */
MUST_USE int recovery_code_read(
		struct view typed, struct recovery_code *out, unsigned *group_out);

/* The private half that age_open() takes. */
void recovery_code_identity(const struct recovery_code *code, struct key *out);
/* … and the public one, for age_seal(). */
void recovery_code_recipient(const struct recovery_code *code, struct age_recipient *out);
/* A key for sealing by the code itself, with no public half: `label` says what for, and keys
 * of different labels tell nothing of each other. */
void recovery_code_key(
		const struct recovery_code *code, struct view label, struct key *out);

#endif

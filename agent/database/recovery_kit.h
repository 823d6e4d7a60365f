/* The recovery kit: what makes a sheet of paper worth something once the host is gone.
 *
 *   DATA/recovery.age    the master key as text, sealed by age to the recovery code's recipient
 *                        and to others; whoever has the code, or `age` and the identity that
 *                        comes of it, has the key. It belongs into every backup.
 *   DATA/recovery.json   whose it is, when it was made, and when somebody last showed that his
 *                        code opens it
 *
 * The code itself is nowhere but on paper. */
#ifndef AGENT_RECOVERY_KIT_H
#define AGENT_RECOVERY_KIT_H

#include "runtime/base/clock.h"
#include "runtime/base/secret.h"
#include "runtime/crypto/age.h"

#define RECOVERY_KIT_SEALED "recovery.age"
#define RECOVERY_KIT_FACTS  "recovery.json"

/* Seconds after which a page may be lost or forgotten: since it was proven, or since it was
 * made and never was. */
#define RECOVERY_KIT_PROVEN   ((walltime)183 * 86400)
#define RECOVERY_KIT_UNPROVEN ((walltime)7 * 86400)

struct recovery_kit {
	char recipient[AGE_RECIPIENT_TEXT + 1]; /* of the code */
	walltime made_at;
	walltime checked_at; /* 0: nobody ever did */
};

enum recovery_kit_outcome {
	RECOVERY_KIT_OK = 0,
	RECOVERY_KIT_E_ABSENT = 1, /* none was made */
	RECOVERY_KIT_E_FORM,       /* its files are not what they should be */
	RECOVERY_KIT_E_OTHER,      /* it was made for another code */
};

/* Replaces the one that is there; the first recipient is the code's. The files belong to whom
 * the data directory belongs to. */
MUST_USE int recovery_kit_make(const char *data, const struct secret *master_key,
		const struct age_recipient *recipients, size_t count, walltime now);
MUST_USE int recovery_kit_read(const char *data, struct recovery_kit *out);
/* The 32 bytes of the master key. */
MUST_USE int recovery_kit_open(
		const char *data, const struct key *identity, struct secret *out);
/* The same of the bytes of RECOVERY_KIT_SEALED, from wherever they come. */
MUST_USE int recovery_kit_unseal(
		struct view sealed, const struct key *identity, struct secret *out);
/* Writes down that it was opened. */
MUST_USE int recovery_kit_checked(const char *data, walltime now);

#endif

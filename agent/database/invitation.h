/* Invitations: a link by which a person takes an account, one an account at most.
 *
 *   DUE ──its letter is written──► OPEN ──a password was set──► USED
 *    │                              ▲ │
 *    └── a link is printed ─────────┘ └─ INVITATION_SECONDS later: it has expired
 *
 * A link has a token of 256 bits; its digest is all that is kept. A link that is made ends the
 * one before. Everything here is within the caller's transaction. */
#ifndef AGENT_INVITATION_H
#define AGENT_INVITATION_H

#include "agent/database/object.h"

struct database;

enum {
	INVITATION_SECONDS = 72 * 3600,
	INVITATION_TOKEN = 43, /* characters */
};

struct invitation {
	unsigned char account[UID_SIZE];
	struct view address; /* where its link goes, or went; empty: it was printed */
	/* 0: not yet. Without `made` it is DUE. */
	walltime made, used;
};

static inline walltime invitation_end(const struct invitation *invitation)
{
	return invitation->made + INVITATION_SECONDS;
}

/* A letter with a link is to go there. */
MUST_USE int invitation_ask(struct database *db, const unsigned char account[UID_SIZE],
		struct view address);
/* Makes a link's token, in the arena: nobody else has it from then on. */
MUST_USE int invitation_make(struct database *db, const unsigned char account[UID_SIZE],
		struct view address, walltime now, struct arena *arena,
		struct view *token_out);
/* Its person has a password now: the link is used, or no longer needed. */
MUST_USE int invitation_use(
		struct database *db, const unsigned char account[UID_SIZE], walltime now);

enum {
	INVITATION_E_ABSENT = 100, /* beyond the outcomes of a database */
};

MUST_USE int invitation_read(struct database *db, const unsigned char account[UID_SIZE],
		struct arena *arena, struct invitation *out);
/* By its link's token. How long it takes tells nothing of any token. */
MUST_USE int invitation_find(struct database *db, struct view token, struct arena *arena,
		struct invitation *out);
/* Those that are DUE, at most `most` of them. */
MUST_USE int invitation_read_due(struct database *db, struct arena *arena,
		struct invitation *out, size_t most, size_t *count_out);

/* What status says of an account without a password: where its link is and until when. `name`
 * is the account's id or address. */
struct view invitation_say(struct arena *arena, const struct invitation *invitation,
		struct view name, walltime now);

#endif

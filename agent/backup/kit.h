/* The recovery kit, as a machine reads it: what the printed page says, line by line.
 *
 *   posthus-master-1:…             the master key
 *   8Q2FX-0D7KM-…                  the recovery code; or AGE-SECRET-KEY-1…
 *   backup {"directory": "/srv"}   a place where backups are; there may be several
 *   vault 00ff…                    the key that they are signed with
 *
 * Blanks before a line are fine, and all other lines are for people. */
#ifndef AGENT_BACKUP_KIT_H
#define AGENT_BACKUP_KIT_H

#include "agent/backup/vault.h"

#include <jansson.h>

enum {
	KIT_PLACES = 8,
	KIT_MAX = 64 * 1024, /* bytes of a page */
};

/* Secrets in it: declare it with CLEANUP(kit_deinit). */
struct kit {
	struct secret master; /* its 32 bytes; or empty */
	struct key identity;
	bool has_identity;
	unsigned char signer[VAULT_KEY];
	bool has_signer;
	json_t *places[KIT_PLACES]; /* as `to` of a backup that was applied */
	size_t place_count;
};

enum kit_outcome {
	KIT_OK = 0,
	KIT_E_CODE = 1, /* a line looks like a recovery code, and is mistyped */
	KIT_E_PLACE,    /* a place is no JSON */
};

/* `out` begins zeroed. *line_out: of an outcome, from 1; *group_out of a code's. */
MUST_USE int kit_read(struct view page, struct kit *out, unsigned *line_out,
		unsigned *group_out);
void kit_deinit(struct kit *kit);

#endif

/* What is known of a backup: its row in the control database. Within the caller's
 * transaction. */
#ifndef AGENT_BACKUP_ROW_H
#define AGENT_BACKUP_ROW_H

#include "agent/database/object.h"

struct database;

struct backup_row {
	unsigned char uid[UID_SIZE];
	walltime begun;              /* the last try; 0: never */
	walltime good;               /* when the last one that went well was begun */
	walltime verified;           /* all of it was read, and right */
	walltime proven;             /* a restore of all of it went well */
	uint64_t failures;           /* tries since then that did not */
	uint64_t bytes, sent, files; /* of the last good one */
	struct view snapshot;        /* of that; views in the reader's arena */
	struct view reason, message; /* of the last failure; or empty */
};

/* All zero where there is none. */
MUST_USE int backup_row_read(struct database *db, const unsigned char uid[UID_SIZE],
		struct arena *arena, struct backup_row *out);
MUST_USE int backup_row_write(struct database *db, const struct backup_row *row);
MUST_USE int backup_row_delete(struct database *db, const unsigned char uid[UID_SIZE]);

#endif

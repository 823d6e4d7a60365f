/* One backup of the state: what it orders, what came of it, when something of it is due, and
 * what its conditions say. Reads; the keeper acts. */
#ifndef AGENT_BACKUP_BACKUP_H
#define AGENT_BACKUP_BACKUP_H

#include "agent/backup/order.h"
#include "agent/backup/row.h"
#include "agent/database/object.h"

#include <jansson.h>

struct database;

struct backup {
	struct arena *arena;
	struct object_texts texts;
	struct view name;
	struct backup_row row;
	struct backup_order order;
	json_t *json;
};

/* Its views are in the arena; the caller ends `json`. */
MUST_USE int backup_load(struct database *db, const struct object *object,
		struct arena *arena, struct backup *out);
/* A backup: by its schedule, or again behind a failure that may pass by itself. */
bool backup_is_due(const struct backup *b, walltime now);
/* A reading of all of it. */
bool backup_is_verify_due(const struct backup *b, walltime now);
/* Ready, BackupFresh and RestoreProven, into the object's conditions. `runs`: one is being
 * taken. True where anything of them changed. */
bool backup_say(const struct backup *b, bool runs, json_t *conditions,
		uint64_t generation, walltime now);

#endif

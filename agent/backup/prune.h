/* A prune from within. Private to vault_prune.c and prune_index.c. */
#ifndef AGENT_BACKUP_PRUNE_H
#define AGENT_BACKUP_PRUNE_H

#include "agent/backup/vault_inside.h"
#include "runtime/base/map.h"

struct standing {
	struct view name;
	struct vault_id id;
	uint64_t generation;
	walltime at;
	bool keep;
};

struct prune {
	struct vault *vault;
	struct target_trouble *trouble;
	struct vault_pruned *out;
	struct arena *arena;
	walltime now;
	struct standing *snapshots; /* by time */
	size_t snapshot_count;
	struct view roll; /* of the newest */
	uint64_t generation;
	struct vault_marks marks;
	struct target_listing heads, pack_list, indexes;
	struct map needed; /* id → itself: packs of snapshots that stay */
	struct map marked; /* packs that a mark has */
	struct map gone;   /* packs that were removed now */
	struct buf dropped, unneeded;
};

/* Sets of ids, or of names. */
bool prune_has(const struct map *map, struct view id);
void prune_put(struct prune *p, struct map *map, struct view id);
/* The pack of that id; NULL: it is not there. */
const struct target_object *prune_listed(const struct prune *p, struct view id);
/* VAULT_OK, too, where it may not: then `refused` is set, and nothing more is tried. */
MUST_USE int prune_remove(struct prune *p, struct view name);
/* Calls for each pack of each index that is ours; what cannot be read is passed over. */
MUST_USE int prune_each_index(struct prune *p,
		int (*take)(struct prune *p, const struct index_pack *row, void *with),
		void *with);
/* One index of many, or of those of which packs went. */
MUST_USE int prune_rewrite_index(struct prune *p);

#endif

/* The packs that a writer knows, and in which of them each chunk is.
 *
 * It is filled from the vault's index and from the directories of packs that no index has yet,
 * as a run left them that was killed. A chunk costs about 66 bytes of memory. */
#ifndef AGENT_BACKUP_CATALOG_H
#define AGENT_BACKUP_CATALOG_H

#include "agent/backup/pack.h"
#include "runtime/base/map.h"

struct catalog_pack {
	struct vault_id id;
	unsigned char digest[DIGEST_SIZE];
	unsigned char recipients[DIGEST_SIZE];
	uint32_t size, number;
	bool usable; /* new snapshots may lean on it */
	/* By the run that goes on. */
	uint64_t used;      /* bytes of its frames that the snapshot needs */
	uint64_t file_used; /* … and the file that is being written */
	uint64_t file;      /* which file that was */
};

/* Where a chunk's frame is. */
struct chunk_place {
	uint32_t pack; /* its number */
	uint32_t at, stored;
};

struct catalog {
	struct catalog_pack **packs;
	size_t pack_count, pack_capacity;
	struct map by_id;
	struct arena *arena;
	struct catalog_name *names;
	size_t name_count, name_capacity;
};

void catalog_init(struct catalog *catalog);
void catalog_deinit(struct catalog *catalog);

/* The pack of that id; NULL: unknown. */
struct catalog_pack *catalog_find(const struct catalog *catalog, struct view id);
struct catalog_pack *catalog_add(struct catalog *catalog, const struct vault_id *id);

/* The first place that was said of a chunk stays, unless its pack is not usable. */
void catalog_name(struct catalog *catalog, struct view name,
		const struct chunk_place *place);
/* False: nobody has it, in a pack that is usable. */
MUST_USE bool catalog_place(
		const struct catalog *catalog, struct view name, struct chunk_place *out);

#endif

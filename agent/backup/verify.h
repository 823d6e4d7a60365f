/* Verifying from within. Private to vault_verify.c and verify_packs.c. */
#ifndef AGENT_BACKUP_VERIFY_H
#define AGENT_BACKUP_VERIFY_H

#include "agent/backup/tree_read.h"

/* What is known of a pack. */
struct needed {
	struct vault_id id;
	unsigned char digest[DIGEST_SIZE];
	uint32_t size;
	bool by_snapshot; /* else an index alone has it */
};

struct verify {
	struct vault *vault;
	enum vault_depth depth;
	struct vault_findings *out;
	struct target_trouble *trouble;
	struct arena *arena;
	struct map packs; /* id → struct needed */
	struct target_listing snapshots, pack_list, indexes;
	struct vault_marks marks;
	/* Of the newest. */
	uint64_t generation;
	struct buf newest, roll;
	struct buf present; /* ids of snapshots that can be read, older than the newest */
};

void verify_found(struct verify *v, struct view object, const char *format, ...)
		PRINTF_LIKE(3, 4);
/* Every pack that is needed is there, and each that is there is what was written. */
MUST_USE int verify_packs(struct verify *v);

#endif

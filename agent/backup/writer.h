/* A writer from within. Private to writer*.c and tree_write.c. */
#ifndef AGENT_BACKUP_WRITER_H
#define AGENT_BACKUP_WRITER_H

#include "agent/backup/file_cache.h"
#include "agent/backup/uploads.h"
#include "agent/backup/vault_inside.h"

#define WRITER_CACHE "files" /* of the state folder */

enum {
	WRITER_IDS_MAX = VAULT_SNAPSHOTS_MAX *
			 DIGEST_SIZE, /* bytes of a list of snapshots */
};

/* A stream of chunks that becomes a tree. */
struct tree {
	struct buf pending[TREE_DEPTH]; /* references of a node that is not full */
	uint64_t size;
};

struct vault_writer {
	struct vault *vault;
	struct vault_progress progress;
	struct target_trouble trouble;
	int outcome; /* of the first failure: it stays */
	nstime began;
	nstime cpu; /* for the pace */

	struct gear gear;
	struct catalog catalog;
	struct file_cache cache;
	struct pace pace;
	struct uploads *uploads;
	struct pack *pack; /* that is being filled, or NULL */
	struct catalog_pack *pack_row;
	struct buf index; /* of packs that arrived and are in none yet */
	uint64_t arrived;

	/* What stands before this snapshot. */
	uint64_t generation;
	struct buf previous, roll; /* ids */

	/* The file that is being written. */
	bool in_file;
	uint64_t file_number;
	struct file_row row;
	struct digest digest;
	struct cutter cutter;
	struct tree tree;
	struct arena *arena; /* of the file */
	struct view path, meta;
	size_t use_capacity;
	uint64_t file_bytes;

	/* The list of files, a stream like any other. */
	struct cutter list_cutter;
	struct tree list;
};

/* Remembers a failure and returns it. */
int writer_fail(struct vault_writer *writer, int outcome);
/* Fills the catalog with what is at the target (writer_begin.c). */
MUST_USE int writer_know(struct vault_writer *writer);
/* Stores a chunk, unless the vault has it, and says where it is. */
MUST_USE int writer_chunk(struct vault_writer *writer, struct view chunk, bool compress,
		struct tree_ref *out);
/* A pack is at the target: what it came to be is known now. */
MUST_USE int writer_arrival(struct vault_writer *writer, const struct pack *pack);
int writer_uploads_failed(struct vault_writer *writer);
/* The pack that is being filled goes out; there may be none. */
void writer_send(struct vault_writer *writer);
/* What is needed twice is counted twice: never more than there is. */
static inline uint32_t writer_used(uint64_t used, uint32_t size)
{
	return used < size ? (uint32_t)used : size;
}
/* An index of all packs that arrived and are in none, as an object. */
MUST_USE int writer_index(struct vault_writer *writer);
MUST_USE int writer_put(struct vault_writer *writer, struct view name, struct view bytes);

void tree_init(struct tree *tree);
void tree_deinit(struct tree *tree);
/* Cuts bytes into chunks, stores them and adds their references. */
MUST_USE int tree_add(struct vault_writer *writer, struct tree *tree,
		struct cutter *cutter, struct view bytes);
/* The rest of it. The tree is empty then. */
MUST_USE int tree_end(struct vault_writer *writer, struct tree *tree,
		struct cutter *cutter, struct tree_root *out);

#endif

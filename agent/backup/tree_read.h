/* Walks a tree's leaves from the first to the last, and opens them. Neighbours in one pack are
 * fetched at once. Private to reader.c and vault_verify.c. */
#ifndef AGENT_BACKUP_TREE_READ_H
#define AGENT_BACKUP_TREE_READ_H

#include "agent/backup/vault_inside.h"
#include "runtime/base/map.h"
#include "runtime/crypto/ssh_wire.h"

/* The keys of packs that were opened. */
struct pack_keys {
	struct vault *vault;
	struct map keys;
	struct arena *arena;
};

void pack_keys_init(struct pack_keys *keys, struct vault *vault);
void pack_keys_deinit(struct pack_keys *keys);
MUST_USE int pack_keys_get(struct pack_keys *keys, const struct vault_id *pack,
		const struct key **out, struct target_trouble *trouble);
/* Opens a pack's envelope with any of the vault's identities. */
MUST_USE int vault_open_envelope(
		const struct vault *vault, struct view envelope, struct key *out);

struct tree_reader {
	struct pack_keys *keys;
	struct buf nodes[TREE_DEPTH];
	struct ssh_wire rest[TREE_DEPTH]; /* references that were not followed yet */
	uint64_t size, passed;
	/* What was fetched last. */
	struct buf window;
	struct vault_id window_pack;
	uint64_t window_at;
};

void tree_reader_init(struct tree_reader *reader, struct pack_keys *keys);
void tree_reader_deinit(struct tree_reader *reader);
void tree_reader_begin(struct tree_reader *reader, const struct tree_root *root);
/* Adds the next chunk's bytes. VAULT_END, where all were as many as the root says. */
MUST_USE int tree_reader_next(struct tree_reader *reader, struct buf *out,
		struct target_trouble *trouble);

#endif

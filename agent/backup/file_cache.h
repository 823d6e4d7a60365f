/* What a host remembers of the files that it wrote last time: by its path, the stamp, and what a
 * snapshot says of it. A file of the same stamp is taken as it was, unread. */
#ifndef AGENT_BACKUP_FILE_CACHE_H
#define AGENT_BACKUP_FILE_CACHE_H

#include "agent/backup/records.h"

struct file_use {
	uint32_t pack; /* its number in the catalog */
	uint32_t used; /* bytes of its frames */
};

struct file_row {
	unsigned char path[DIGEST_SIZE]; /* digests of both */
	unsigned char stamp[DIGEST_SIZE];
	unsigned char digest[DIGEST_SIZE]; /* of the file's bytes */
	struct tree_root root;
	struct file_use *uses; /* the packs that it needs */
	size_t use_count;
};

struct file_cache {
	struct buf old; /* as it was read */
	struct map rows;
	struct catalog_pack **packs; /* by their number in `old`; NULL: gone */
	size_t pack_count;
	struct buf made; /* rows of the one that is written */
};

/* `bytes` is what file_cache_bytes() made, or empty; it is taken over. */
void file_cache_init(struct file_cache *cache, struct buf *bytes,
		const struct catalog *catalog);
void file_cache_deinit(struct file_cache *cache);
/* False where it is not the same, or needs a pack that may not be leaned on. Its uses live in
 * `arena`. */
MUST_USE bool file_cache_find(const struct file_cache *cache,
		const unsigned char path[DIGEST_SIZE],
		const unsigned char stamp[DIGEST_SIZE], struct arena *arena,
		struct file_row *out);
void file_cache_add(struct file_cache *cache, const struct file_row *row);
void file_cache_bytes(const struct file_cache *cache, const struct catalog *catalog,
		struct buf *out);

#endif

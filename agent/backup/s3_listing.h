/* What S3 answers, read: a page of a listing (ListObjectsV2) and the code of an error. The bytes
 * are a stranger's: no document type, no entities but those of XML itself. */
#ifndef AGENT_BACKUP_S3_LISTING_H
#define AGENT_BACKUP_S3_LISTING_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

enum {
	S3_PAGE = 1000,                /* objects of one */
	S3_PAGE_MAX = 4 * 1024 * 1024, /* bytes of one */
	S3_TOKEN_MAX = 4096,
	S3_KEY_MAX = 1024,
};

struct s3_object {
	struct view key;
	uint64_t size;
};

struct s3_page {
	struct s3_object objects[S3_PAGE];
	size_t count;
	bool truncated;    /* others follow, … */
	struct view token; /* … asked for with this */
};

/* False for what is no such page. Views live in `arena`. */
MUST_USE bool s3_page_read(struct view xml, struct arena *arena, struct s3_page *out);
/* "NoSuchBucket"; empty: it says none. Borrows. */
struct view s3_error_code(struct view xml);

#endif

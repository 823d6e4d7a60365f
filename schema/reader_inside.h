/* What the parts of the reader share while one file is read. Not for other floors. */
#ifndef SCHEMA_READER_INSIDE_H
#define SCHEMA_READER_INSIDE_H

#include "schema/reader.h"

#include <yaml.h>

/* A container that is open, and the key that waits for its value in it. */
struct level {
	struct node *node;
	bool has_key; /* of a map: the next event is its value */
	bool key_bad; /* the value is read and forgotten */
	bool is_key;  /* this container stands where a key belongs */
	struct view key;
	uint32_t key_start, key_end;
};

struct reader {
	struct arena *arena; /* of texts */
	struct arena *tree;  /* of nodes */
	struct diagnostics *d;
	struct view bytes;
	uint32_t file;
	uint64_t values;  /* of this file, what is left */
	uint64_t *budget; /* of the state */
	/* A mark that was turned into bytes; the next one lies near it. */
	size_t mark_index;
	uint32_t mark_byte;
	struct level levels[NODE_DEPTH_MAX];
	size_t depth;
	struct node *root;
	bool documents;
	bool broken;
};

struct span span_at(struct reader *r, size_t start, size_t len);
/* The path of what is being read: the open container and the key that waits in it. */
struct view path_here(struct reader *r);

/* -- reader_scan.c: the bytes -- */

/* From `at` on: UTF-8, and nothing that libyaml and we could read differently. What is
 * not is reported, and the reader broken. */
void scan_bytes(struct reader *r, size_t at);

/* -- reader_refuse.c: what a state has no need of -- */

void refuse_anchor_and_tag(struct reader *r, const yaml_char_t *anchor,
		const yaml_char_t *tag, struct span span);
void refuse_alias(struct reader *r, struct span span);
/* False, and reported, where a key or a scalar may not stand as it is. */
MUST_USE bool check_key(struct reader *r, struct view key, yaml_scalar_style_t style,
		struct span span);
MUST_USE bool check_scalar(struct reader *r, struct view text, yaml_scalar_style_t style,
		struct span span);

#endif

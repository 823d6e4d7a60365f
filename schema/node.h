/* The tree that a state is read into: every value with its place in its file.
 *
 * Nodes live in an arena; scalars that stand in the file as they are borrow its bytes. */
#ifndef SCHEMA_NODE_H
#define SCHEMA_NODE_H

#include "schema/diagnostic.h"
#include "schema/source.h"

enum {
	NODE_DEPTH_MAX = 32 /* at least LIMIT_STATE_DEPTH */
};

enum node_kind {
	NODE_SCALAR,
	NODE_MAP,
	NODE_LIST
};

enum node_style {
	STYLE_PLAIN, /* of a scalar; of a map or list: by indentation */
	STYLE_QUOTED,
	STYLE_BLOCK, /* | or > */
	STYLE_FLOW   /* { } or [ ] */
};

struct node {
	struct node *parent;
	struct node *next; /* the next child of the parent, in the order of the file */
	struct view key;   /* of a child of a map */
	union {
		struct view text; /* NODE_SCALAR */
		struct {
			struct node *first, *last;
		};
	};
	struct span span;
	uint32_t key_start, key_end; /* in the same file */
	uint32_t count;              /* of children */
	enum node_kind kind : 8;
	enum node_style style : 8;
	bool bad; /* an error was reported here: ask nothing more of it */
};

/* The place of a node's key; of the node where it has none. */
struct span node_key_span(const struct node *node);
/* From the key to the end of the value. */
struct span node_whole_span(const struct node *node);
struct node *node_child(const struct node *map, struct view key);
/* `$.users[anna@a.example].quota`, in the arena. */
struct view node_path(struct arena *arena, const struct node *node);
/* True where a key needs no brackets in a path: letters, digits and `_`. */
bool node_is_plain_word(struct view key);

/* Reports every key that a map has twice, with both places, and drops the second. */
void node_drop_duplicates(struct node *map, struct diagnostics *d);

#endif

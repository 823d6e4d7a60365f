/* YAML to a tree: libyaml's events, our limits, and nothing that a mail state has no need
 * of.
 *
 * No anchors, aliases, merge keys, tags, directives or second documents; each is an error
 * that says what to write instead. Types are not guessed: a scalar is its text and how it
 * was quoted. The tree lives in the arena; scalars that stand in the file as they are
 * borrow its bytes. Nothing here recurses over the input. */
#ifndef SCHEMA_READER_H
#define SCHEMA_READER_H

#include "schema/diagnostic.h"
#include "schema/source.h"

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

/* Reads file number `file` of `d->sources` into a tree; NULL where it holds no document, or
 * where an error ended it (*broken_out). Errors go to `d`; a tree may come with errors.
 * `budget` counts down the values that a state may have. */
struct node *reader_read(struct arena *arena, uint32_t file, struct diagnostics *d,
		uint64_t *budget, bool *broken_out);

/* Reports every key that a map has twice, with both places, and drops the second. */
void reader_drop_duplicates(struct node *map, struct diagnostics *d);

#endif

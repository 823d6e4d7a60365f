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
	enum node_kind kind : 8;
	enum node_style style : 8;
	bool bad : 8; /* an error was reported here: ask nothing more of it */
	uint32_t count;
	struct span span;
	uint32_t key_start, key_end; /* in the same file; of an item of a map */
	struct view key;
	struct view text; /* of a scalar */
	struct node *parent;
	struct node *first, *last; /* children, in the order of the file */
	struct node *next;
};

/* The place of a node's key; of the node where it has none. */
struct span node_key_span(const struct node *node);
/* From the key to the end of the value. */
struct span node_whole_span(const struct node *node);
struct node *node_child(const struct node *map, struct view key);
/* `$.users[anna@a.example].quota`, in the arena. */
struct view node_path(struct arena *arena, const struct node *node);

/* Reads file number `file` of `sources` into a tree; NULL where it has no document or
 * an error ended it. Errors go to `d`; a tree may come with errors. */
struct node *reader_read(struct arena *arena, uint32_t file, struct diagnostics *d);

/* Reads every file and joins their top levels into one map: maps and lists of the same
 * name are joined, the same key twice is an error. Never NULL: where nothing could be
 * read the map is empty. */
MUST_USE struct node *reader_read_state(struct arena *arena, struct diagnostics *d);

#endif

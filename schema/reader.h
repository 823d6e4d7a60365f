/* YAML to a tree: libyaml's events, our limits, and nothing that a mail state has no need
 * of.
 *
 * No anchors, aliases, merge keys, tags, directives or second documents; each is an error
 * that says what to write instead. Types are not guessed: a scalar is its text and how it
 * was quoted. The nodes live in `tree`, texts that do not stand in the file as they are in
 * `arena`: the two may be one, and texts may outlive the nodes. Nothing here recurses over the input. */
#ifndef SCHEMA_READER_H
#define SCHEMA_READER_H

#include "schema/node.h"

/* Reads file number `file` of `d->sources` into a tree; NULL where it holds no document, or
 * where an error ended it (*broken_out). Errors go to `d`; a tree may come with errors.
 * `budget` counts down the values that a state may have. */
struct node *reader_read(struct arena *arena, struct arena *tree, uint32_t file,
		struct diagnostics *d, uint64_t *budget, bool *broken_out);

#endif

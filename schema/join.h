/* The files of a state as one tree: sections of the same name are joined, the same key
 * twice is an error that shows both places. */
#ifndef SCHEMA_JOIN_H
#define SCHEMA_JOIN_H

#include "schema/node.h"
#include "schema/table.h"

/* Reads every file of `d->sources` and joins their top levels. Never NULL: where nothing
 * could be read the map is empty. *broken_out: a file was lost to an error, so what is
 * missing from the tree proves nothing. */
MUST_USE struct node *join_files(struct arena *arena, struct arena *tree,
		const struct table *root_table, struct diagnostics *d, bool *broken_out);

#endif

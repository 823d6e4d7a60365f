/* The layout of a state's file, made even by edits of its bytes: comments, the order of things
 * and their lines stay.
 *
 *   - in flow style, on one line: `{a: 1, b: [x, y]}`: no blanks inside the brackets, one
 *     behind a colon and a comma, none before
 *   - quotes go where the text is as safe without: letters first, no mark of YAML, no word
 *     that some reader takes for a truth value or a null
 *   - no blanks at the end of a line, no tabs but within texts, line feeds alone, one line end
 *     at the end of the file
 *
 * Indentation, block style, blank lines and long lines stay as they are. The result is read
 * again: it is the same tree, or there is none. */
#ifndef SCHEMA_FORMAT_H
#define SCHEMA_FORMAT_H

#include "schema/diagnostic.h"

enum {
	FORMAT_OK = 0,
	FORMAT_E_INVALID =
			1, /* it is no YAML that a state takes; the diagnostics say why */
	FORMAT_E_UNSURE,   /* the result would not be the same tree, or is too large */
};

/* Formats file number `file` of `d->sources` to `out`, which is empty. What was formatted once
 * stays as it is. */
MUST_USE int format_file(struct arena *arena, uint32_t file, struct diagnostics *d,
		struct buf *out);

/* True where a text is as safe without quotes, wherever it stands. */
bool format_is_plain(struct view text);

#endif

/* The files of a state as they were written, and places in them.
 *
 * A place is kept as a span of bytes, which is what an editor needs; line and column are
 * worked out when somebody asks, from a table of line starts. A file may be up to
 * LIMIT_STATE_FILE bytes, so offsets fit 32 bits. */
#ifndef SCHEMA_SOURCE_H
#define SCHEMA_SOURCE_H

#include "runtime/base/arena.h"

/* One file: its path as the user named it, and its bytes. */
struct source_file {
	struct view path;
	struct view bytes;
};

/* Bytes start..end (end is not in it) of file number `file`. */
struct span {
	uint32_t file;
	uint32_t start;
	uint32_t end;
};

/* Where a span begins, for people: line and columns count from 1. */
struct place {
	struct view path;
	uint32_t line;
	uint32_t column; /* as displayed: tabs to the next multiple of 8, wide characters 2 */
	uint32_t byte_column;
};

struct sources;

/* Copies the table of files; their bytes and paths stay the caller's and must live as
 * long as `arena`. */
MUST_USE struct sources *sources_new(
		struct arena *arena, const struct source_file *files, size_t count);
size_t sources_count(const struct sources *s);
const struct source_file *sources_file(const struct sources *s, uint32_t file);
struct place sources_place(const struct sources *s, struct span span);
/* The bytes of a span, clamped to its file. */
struct view sources_text(const struct sources *s, struct span span);
/* The bytes of line `line` (from 1) without its line end; empty past the last one.
 * *start_out is the offset of its first byte. */
struct view sources_line(const struct sources *s, uint32_t file, uint32_t line,
		uint32_t *start_out);
/* How many columns a text takes on a terminal when it begins at column `from` (0-based).
 * What a terminal would act on counts as it is shown: \xNN for each byte. */
size_t display_width(struct view text, size_t from);
/* The same of the first character alone; *len_out is how many bytes that is. */
size_t display_char(struct view text, size_t column, size_t *len_out);
/* Control characters, and those that hide or turn what stands beside them. */
bool display_is_hidden(uint32_t code_point);

#endif

#include "schema/source.h"

#include "runtime/base/utf8.h"

#include <assert.h>
#include <uniwidth.h>

enum {
	TAB = 8,
	ESCAPED_BYTE = 4, /* \xNN */
	NO_LINES = 0
};

struct lines {
	uint32_t *starts;
	uint32_t count; /* NO_LINES: not asked for yet */
};

struct sources {
	struct arena *arena;
	const struct source_file *files;
	struct lines *lines;
	size_t count;
};

struct sources *sources_new(
		struct arena *arena, const struct source_file *files, size_t count)
{
	struct sources *s = ARENA_NEW(arena, struct sources);
	struct source_file *copies = arena_array(arena, count, sizeof(*copies));

	if (count)
		memcpy(copies, files, count * sizeof(*copies));
	s->arena = arena;
	s->files = copies;
	s->lines = arena_array(arena, count, sizeof(*s->lines));
	s->count = count;
	return s;
}

size_t sources_count(const struct sources *s)
{
	return s->count;
}

const struct source_file *sources_file(const struct sources *s, uint32_t file)
{
	assert(file < s->count);
	return &s->files[file];
}

static const struct lines *lines_of(const struct sources *s, uint32_t file)
{
	struct view bytes = sources_file(s, file)->bytes;
	struct lines *lines = &s->lines[file];
	uint32_t count = 1;

	if (lines->count != NO_LINES)
		return lines;
	for (struct view rest = bytes; rest.len; count++) {
		size_t end = view_find(rest, '\n');

		if (end == rest.len)
			break;
		rest = view_from(rest, end + 1);
	}
	lines->starts = arena_array(s->arena, count, sizeof(*lines->starts));
	for (uint32_t line = 1, at = 0; line < count; line++) {
		at += (uint32_t)view_find(view_from(bytes, at), '\n') + 1;
		lines->starts[line] = at;
	}
	lines->count = count;
	return lines;
}

/* The number, from 0, of the line that holds `offset`. */
static uint32_t line_at(const struct lines *lines, uint32_t offset)
{
	uint32_t low = 0, high = lines->count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (lines->starts[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct view sources_line(const struct sources *s, uint32_t file, uint32_t line,
		uint32_t *start_out)
{
	const struct lines *lines = lines_of(s, file);
	struct view bytes = sources_file(s, file)->bytes, text;

	*start_out = (uint32_t)bytes.len;
	if (line == 0 || line > lines->count)
		return VIEW_NULL;
	*start_out = lines->starts[line - 1];
	text = view_from(bytes, *start_out);
	text = view_sub(text, 0, view_find(text, '\n'));
	if (text.len && text.data[text.len - 1] == '\r')
		text.len--;
	return text;
}

struct place sources_place(const struct sources *s, struct span span)
{
	const struct source_file *file = sources_file(s, span.file);
	const struct lines *lines = lines_of(s, span.file);
	uint32_t at = span.start <= file->bytes.len ? span.start
						    : (uint32_t)file->bytes.len;
	uint32_t line = line_at(lines, at);
	uint32_t start = lines->starts[line];
	struct view before = view_sub(file->bytes, start, at - start);

	return (struct place){
		.path = file->path,
		.line = line + 1,
		.column = (uint32_t)display_width(before, 0) + 1,
		.byte_column = at - start + 1,
	};
}

struct view sources_text(const struct sources *s, struct span span)
{
	return view_sub(sources_file(s, span.file)->bytes, span.start,
			span.end > span.start ? span.end - span.start : 0);
}

size_t display_char(struct view text, size_t column, size_t *len_out)
{
	uint32_t code;
	size_t len = utf8_decode(text, &code);
	int width;

	*len_out = len ? len : 1;
	if (!len)
		return ESCAPED_BYTE;
	if (code == '\t')
		return TAB - column % TAB;
	if (display_is_hidden(code))
		return ESCAPED_BYTE * len;
	width = uc_width(code, "UTF-8");
	return width > 0 ? (size_t)width : 0;
}

bool display_is_hidden(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0x61c || code == 0xfeff;
}

size_t display_width(struct view text, size_t from)
{
	size_t column = from;

	while (text.len) {
		size_t len, width = display_char(text, column, &len);

		column += width;
		text = view_from(text, len);
	}
	return column - from;
}

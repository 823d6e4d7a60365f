#include "runtime/mail/header.h"

#include "runtime/mail/lexer.h"

enum {
	FOLD_AT = 78
};

struct header_iterator header_iterate(struct view block)
{
	return (struct header_iterator){ .block = block };
}

/* The length of the line at `at`, with its line end. */
static size_t line_length(struct view block, size_t at)
{
	struct view rest = view_from(block, at);
	size_t len = view_find(rest, '\n');

	return len < rest.len ? len + 1 : rest.len;
}

static bool is_empty_line(struct view line)
{
	return view_eq(line, VIEW("\r\n")) || view_eq(line, VIEW("\n"));
}

static bool is_name(struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == ':')
			return false;
	return name.len > 0;
}

void header_field_split(struct view whole, struct header_field *out)
{
	size_t colon = view_find(whole, ':');
	struct view name = view_sub(whole, 0, colon);
	struct view value = whole;

	while (name.len && (name.data[name.len - 1] == ' ' ||
					   name.data[name.len - 1] == '\t'))
		name.len--;
	if (colon == whole.len || !is_name(name))
		name = VIEW_NULL;
	else
		value = view_from(whole, colon + 1);
	if (value.len && value.data[value.len - 1] == '\n')
		value.len--;
	if (value.len && value.data[value.len - 1] == '\r')
		value.len--;
	*out = (struct header_field){ .name = name, .value = value, .whole = whole };
}

bool header_next(struct header_iterator *it, struct header_field *out)
{
	size_t start = it->at;
	size_t end = start + line_length(it->block, start);
	struct view line = view_sub(it->block, start, end - start);

	if (line.len == 0)
		return false;
	if (is_empty_line(line)) {
		it->block.len = it->at = end;
		return false;
	}
	while (end < it->block.len &&
			(it->block.data[end] == ' ' || it->block.data[end] == '\t'))
		end += line_length(it->block, end);
	header_field_split(view_sub(it->block, start, end - start), out);
	out->offset = start;
	it->at = end;
	return true;
}

bool header_find(struct view block, struct view name, struct header_field *out)
{
	struct header_iterator it = header_iterate(block);
	struct header_field field;

	while (header_next(&it, &field)) {
		if (field.name.len && view_eq_nocase(field.name, name)) {
			*out = field;
			return true;
		}
	}
	return false;
}

size_t header_count(struct view block, struct view name)
{
	struct header_iterator it = header_iterate(block);
	struct header_field field;
	size_t count = 0;

	while (header_next(&it, &field))
		if (field.name.len && view_eq_nocase(field.name, name))
			count++;
	return count;
}

void header_select(struct view block, const struct view *names, size_t count, bool others,
		struct buf *out)
{
	struct header_iterator it = header_iterate(block);
	struct header_field field;

	while (header_next(&it, &field)) {
		bool among = false;

		for (size_t i = 0; i < count && field.name.len && !among; i++)
			among = view_eq_nocase(field.name, names[i]);
		if (among != others)
			buf_add(out, field.whole);
	}
	buf_add_z(out, "\r\n");
}

struct view header_unfold(struct arena *arena, struct view value)
{
	struct view v = view_trim(value);
	char *text;
	size_t len = 0;

	if (view_find(v, '\n') == v.len && view_find(v, '\r') == v.len &&
			view_find(v, '\0') == v.len)
		return v;
	text = arena_alloc(arena, v.len);
	for (size_t i = 0; i < v.len; i++) {
		size_t line_end = v.data[i] == '\r' && i + 1 < v.len ? i + 1 : i;
		char c = v.data[i];

		if (v.data[line_end] == '\n' && line_end + 1 < v.len &&
				(v.data[line_end + 1] == ' ' ||
						v.data[line_end + 1] == '\t')) {
			i = line_end;
			continue;
		}
		text[len++] = c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
	}
	return view_trim(view_of(text, len));
}

/* The blanks at the start of `rest` and the word behind them. */
static size_t next_piece(struct view rest)
{
	size_t len = 0;

	while (len < rest.len && (rest.data[len] == ' ' || rest.data[len] == '\t'))
		len++;
	while (len < rest.len && rest.data[len] != ' ' && rest.data[len] != '\t')
		len++;
	return len;
}

int header_write(struct buf *out, struct view name, struct view value)
{
	struct view rest = view_trim(value);
	size_t column = name.len + 2;

	if (!is_name(name))
		return HEADER_E_NAME;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] == '\r' || value.data[i] == '\n' ||
				value.data[i] == '\0')
			return HEADER_E_VALUE;
	buf_add(out, name);
	buf_add_z(out, ": ");
	while (rest.len) {
		size_t piece = next_piece(rest);

		if (column + piece > FOLD_AT && byte_is_blank(rest.data[0])) {
			buf_add_z(out, "\r\n");
			column = 0;
		}
		buf_add(out, view_sub(rest, 0, piece));
		column += piece;
		rest = view_from(rest, piece);
	}
	buf_add_z(out, "\r\n");
	return 0;
}

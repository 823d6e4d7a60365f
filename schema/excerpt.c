/* The printed form of diagnostics: the lines of the file, carets below them, and help.
 *
 * A line is shown whole where it fits; of a longer one a window around the carets. Tabs
 * become blanks, and what a terminal would act on becomes \xNN, so that the carets stand
 * where the eye expects them. */
#include "runtime/base/utf8.h"
#include "schema/diagnostic.h"

#include <assert.h>

enum {
	NUMBER_WIDTH = 5, /* of line numbers: wider where they are */
	WINDOW = 160,     /* columns of a line */
	LEAD = 60,        /* columns kept before the carets */
};

/* A line as it is printed, and where the carets go. */
struct excerpt {
	struct buf text;
	size_t caret_at;
	size_t caret_width;
};

static void add_visible(struct buf *out, struct view bytes, size_t width)
{
	uint32_t code;

	if (bytes.data[0] == '\t') {
		for (size_t i = 0; i < width; i++)
			buf_add_byte(out, ' ');
	} else if (utf8_decode(bytes, &code) == bytes.len && !display_is_hidden(code)) {
		buf_add(out, bytes);
	} else {
		for (size_t i = 0; i < bytes.len; i++)
			buf_addf(out, "\\x%02x", (unsigned char)bytes.data[i]);
	}
}

/* Names and texts of a state within ours: a terminal acts on nothing in them. */
static void add_text(struct buf *out, struct view text)
{
	while (text.len) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);

		if (len == 0)
			len = 1;
		if (len == 1 && text.data[0] == '\t')
			buf_add_z(out, "\\x09");
		else
			add_visible(out, view_sub(text, 0, len), 0);
		text = view_from(text, len);
	}
}

static void add_sentence(struct buf *out, const char *before, struct view text)
{
	buf_add_z(out, before);
	add_text(out, text);
	buf_add_byte(out, '\n');
}

/* Bytes from..to of the line are underlined; both may lie past its end. `hide` shows them
 * as stars. */
static void make_excerpt(
		struct view line, size_t from, size_t to, bool hide, struct excerpt *out)
{
	size_t skip = 0, column = 0, shown = 0, begin;

	begin = display_width(view_sub(line, 0, from), 0);
	if (begin > WINDOW - LEAD)
		skip = begin - LEAD;
	if (skip) {
		buf_add_z(&out->text, "…");
		shown = 1;
	}
	out->caret_at = shown + begin - skip;
	out->caret_width = 0;
	for (size_t at = 0; at < line.len;) {
		struct view rest = view_from(line, at);
		size_t len, width = display_char(rest, column, &len);

		if (hide && at >= from && at < to)
			width = 1;

		if (column >= skip) {
			if (shown + width > WINDOW) {
				buf_add_z(&out->text, "…");
				break;
			}
			if (hide && at >= from && at < to)
				buf_add_byte(&out->text, '*');
			else
				add_visible(&out->text, view_sub(rest, 0, len), width);
			shown += width;
			if (at >= from && at < to)
				out->caret_width += width;
		} else if (column + width > skip) {
			out->caret_at -= column + width - skip;
		}
		column += width;
		at += len;
	}
	if (out->caret_width == 0)
		out->caret_width = 1;
}

static void add_line(struct buf *out, uint32_t number, int digits, struct view text)
{
	buf_addf(out, "%*u | ", digits, number);
	buf_add(out, text);
	while (out->len && out->data[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
	buf_add_byte(out, '\n');
}

static int digits_of(uint32_t number)
{
	int digits = 1;

	while (number /= 10)
		digits++;
	return digits > NUMBER_WIDTH ? digits : NUMBER_WIDTH;
}

static void add_line_before(const struct diagnostics *d, const struct frame *frame,
		uint32_t line, int digits, struct buf *out)
{
	struct excerpt excerpt = { .text = BUF_NULL(16 * WINDOW) };
	uint32_t start;
	struct view text = sources_line(d->sources, frame->span.file, line - 1, &start);

	make_excerpt(text, 0, 0, false, &excerpt);
	add_line(out, line - 1, digits, buf_view(&excerpt.text));
	buf_free(&excerpt.text);
}

/* What may be a secret is not printed again: the output ends up in logs. */
static bool hides(enum diagnostic_name name)
{
	return name == PLAIN_SECRET || name == BAD_HASH || name == BAD_RECIPIENT;
}

static void print_frame(const struct diagnostics *d, const struct frame *frame, bool hide,
		struct buf *out)
{
	struct excerpt excerpt = { .text = BUF_NULL(16 * WINDOW) };
	struct place place = sources_place(d->sources, frame->span);
	int digits = digits_of(place.line);
	uint32_t start;
	struct view line = sources_line(d->sources, frame->span.file, place.line, &start);

	buf_add_z(out, "  --> ");
	add_text(out, place.path);
	buf_addf(out, ":%u:%u\n", place.line, place.column);
	if (place.line > 1)
		add_line_before(d, frame, place.line, digits, out);
	make_excerpt(line, frame->span.start - start, frame->span.end - start, hide,
			&excerpt);
	add_line(out, place.line, digits, buf_view(&excerpt.text));
	buf_addf(out, "%*s | ", digits, "");
	for (size_t i = 0; i < excerpt.caret_at; i++)
		buf_add_byte(out, ' ');
	for (size_t i = 0; i < excerpt.caret_width; i++)
		buf_add_byte(out, '^');
	add_sentence(out, " ", frame->label);
	buf_free(&excerpt.text);
}

static void print_one(const struct diagnostics *d, const struct diagnostic *item,
		struct buf *out)
{
	buf_add_z(out, item->warning ? "warning" : "error");
	if (item->path.len) {
		buf_add_byte(out, '[');
		add_text(out, item->path);
		buf_add_byte(out, ']');
	}
	buf_addf(out, " %s\n", diagnostic_row(item->name)->name);
	if (item->placed)
		for (size_t i = 0; i < item->frame_count; i++)
			print_frame(d, &item->frames[i], hides(item->name), out);
	else
		add_sentence(out, "  ", item->frames[0].label);
	if (item->help.len)
		add_sentence(out, "  help: ", item->help);
	buf_add_byte(out, '\n');
}

static void print_count(struct buf *out, size_t count, const char *noun)
{
	buf_addf(out, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

void diagnostics_print(const struct diagnostics *d, struct buf *out)
{
	size_t shown = d->count < DIAGNOSTICS_PRINTED ? d->count : DIAGNOSTICS_PRINTED;

	if (d->errors + d->warnings == 0)
		return;
	for (size_t i = 0; i < shown; i++)
		print_one(d, &d->items[i], out);
	if (d->errors)
		print_count(out, d->errors, "error");
	if (d->errors && d->warnings)
		buf_add_z(out, ", ");
	if (d->warnings)
		print_count(out, d->warnings, "warning");
	if (shown < d->errors + d->warnings)
		buf_addf(out, "; the first %zu are shown", shown);
	buf_add_byte(out, '\n');
}

#include "runtime/mail/mime.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mail/charset.h"
#include "runtime/mail/encoded_word.h"
#include "runtime/mail/lexer.h"

static struct view lower_copy(struct arena *arena, struct view v)
{
	char *copy = arena_copy_z(arena, v);

	for (size_t i = 0; i < v.len; i++)
		copy[i] = byte_lower(copy[i]);
	return view_of(copy, v.len);
}

/* -- parameters as they are written -- */

/* One of "name*2*=value": the name without its marks, and what the marks said. */
struct written_parameter {
	struct view name;
	struct view value;
	int section; /* -1: none */
	bool extended;
	bool used;
};

struct written_parameters {
	struct written_parameter *items;
	size_t count, capacity;
	bool ambiguous;
};

static void read_marks(struct written_parameter *p)
{
	struct view name = p->name;
	uint64_t section;
	size_t star;

	p->section = -1;
	if (name.len && name.data[name.len - 1] == '*') {
		p->extended = true;
		name.len--;
	}
	star = view_find(name, '*');
	if (star < name.len && view_to_u64(view_from(name, star + 1), &section) &&
			section < limit_value(LIMIT_MIME_PARAMETERS)) {
		p->section = (int)section;
		name.len = star;
	}
	p->name = name;
}

/* Quoted, or all up to the next ';' or comment: many forget the quotes. */
static struct view read_value(struct lexer *l, struct arena *arena)
{
	CLEANUP(buf_free) struct buf value = BUF_NULL(l->text.len);
	size_t start;

	if (lexer_peek(l) == '"') {
		lexer_quoted(l, &value);
		return arena_copy(arena, buf_view(&value));
	}
	start = l->at;
	while (!lexer_end(l) && lexer_peek(l) != ';' && lexer_peek(l) != '(')
		l->at++;
	buf_add(&value, view_trim(view_sub(l->text, start, l->at - start)));
	for (size_t i = 0; i < value.len; i++)
		if (byte_is_blank(value.data[i]) || value.data[i] == '\0')
			value.data[i] = ' ';
	return arena_copy(arena, buf_view(&value));
}

static void read_parameters(
		struct lexer *l, struct arena *arena, struct written_parameters *out)
{
	const size_t max = limit_value(LIMIT_MIME_PARAMETERS);

	for (;;) {
		struct written_parameter p = { 0 };

		lexer_skip(l);
		if (!lexer_end(l) && lexer_peek(l) != ';')
			out->ambiguous = true;
		while (!lexer_end(l) && lexer_peek(l) != ';')
			l->at++;
		while (lexer_take(l, ';'))
			lexer_skip(l);
		if (lexer_end(l))
			return;
		if (out->count == max) {
			out->ambiguous = true;
			return;
		}
		p.name = lower_copy(arena, lexer_token(l));
		lexer_skip(l);
		if (p.name.len == 0 || !lexer_take(l, '='))
			continue;
		lexer_skip(l);
		p.value = read_value(l, arena);
		read_marks(&p);
		array_grow(&out->items, &out->capacity, out->count + 1,
				sizeof(*out->items));
		out->items[out->count++] = p;
	}
}

/* -- continuations joined (RFC 2231, 3 and 4.1) -- */

static struct written_parameter *find_section(
		struct written_parameters *w, struct view name, int section)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->items[i].used && w->items[i].section == section &&
				view_eq(w->items[i].name, name))
			return &w->items[i];
	return NULL;
}

static void add_percent_encoded(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (byte_is_token(c) && c != '%' && c != '*' && c != '\'')
			buf_add_byte(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

/* Joins name*0, name*1 … up to the first gap. Where one of them is extended, so is the
 * whole, and plain ones are encoded to fit. */
static void join_sections(struct written_parameters *w, struct arena *arena,
		struct view name, struct mime_parameter *out)
{
	struct written_parameter *sections[128];
	CLEANUP(buf_free) struct buf value = BUF_NULL(4 * limit_value(LIMIT_MIME_HEADER));
	bool extended = false;
	size_t count = 0;

	while (count < ARRAY_LEN(sections)) {
		sections[count] = find_section(w, name, (int)count);
		if (!sections[count])
			break;
		sections[count]->used = true;
		extended |= sections[count]->extended;
		count++;
	}
	if (extended && !sections[0]->extended)
		buf_add_z(&value, "''");
	for (size_t i = 0; i < count; i++) {
		if (extended && !sections[i]->extended)
			add_percent_encoded(&value, sections[i]->value);
		else
			buf_add(&value, sections[i]->value);
	}
	out->name = extended ? arena_printf(arena, "%.*s*", VIEW_ARG(name)) : name;
	out->value = arena_copy(arena, buf_view(&value));
}

static bool has_parameter(const struct mime_parameters *list, struct view name)
{
	for (size_t i = 0; i < list->count; i++)
		if (view_eq(list->items[i].name, name))
			return true;
	return false;
}

static void join_parameters(struct arena *arena, struct written_parameters *w,
		struct mime_parameters *out)
{
	out->items = arena_array(arena, w->count, sizeof(*out->items));
	out->count = 0;
	out->ambiguous = w->ambiguous;
	for (size_t i = 0; i < w->count; i++) {
		struct written_parameter *p = &w->items[i];
		struct mime_parameter joined = { .name = p->name, .value = p->value };

		if (p->used)
			continue;
		if (p->section >= 0 && !find_section(w, p->name, 0)) {
			out->ambiguous = true;
			continue;
		}
		if (p->section >= 0)
			join_sections(w, arena, p->name, &joined);
		else if (p->extended)
			joined.name = arena_printf(arena, "%.*s*", VIEW_ARG(p->name));
		if (has_parameter(out, joined.name))
			out->ambiguous = true;
		else
			out->items[out->count++] = joined;
	}
}

static void parse_parameters(
		struct lexer *l, struct arena *arena, struct mime_parameters *out)
{
	struct written_parameters written = { 0 };

	read_parameters(l, arena, &written);
	join_parameters(arena, &written, out);
	freep(&written.items);
}

/* -- the fields -- */

bool content_type_parse(struct arena *arena, struct view value, struct content_type *out)
{
	struct lexer l = lexer_of(value);
	struct content_type found = { 0 };

	lexer_skip(&l);
	found.type = lower_copy(arena, lexer_token(&l));
	lexer_skip(&l);
	if (!lexer_take(&l, '/'))
		return false;
	lexer_skip(&l);
	found.subtype = lower_copy(arena, lexer_token(&l));
	if (found.type.len == 0 || found.subtype.len == 0)
		return false;
	parse_parameters(&l, arena, &found.parameters);
	if (l.too_deep)
		return false;
	if (l.damaged)
		found.parameters.ambiguous = true;
	*out = found;
	return true;
}

bool content_disposition_parse(
		struct arena *arena, struct view value, struct content_disposition *out)
{
	struct lexer l = lexer_of(value);
	struct content_disposition found = { 0 };

	lexer_skip(&l);
	found.kind = lower_copy(arena, lexer_token(&l));
	if (found.kind.len == 0)
		return false;
	parse_parameters(&l, arena, &found.parameters);
	if (l.too_deep)
		return false;
	if (l.damaged)
		found.parameters.ambiguous = true;
	*out = found;
	return true;
}

struct view transfer_encoding_token(struct arena *arena, struct view value)
{
	struct lexer l = lexer_of(value);

	lexer_skip(&l);
	return lower_copy(arena, lexer_token(&l));
}

enum transfer_encoding transfer_encoding_of(struct view token)
{
	/* clang-format off */
	static const char *const names[] = {
		[ENCODING_7BIT]             = "7bit",
		[ENCODING_8BIT]             = "8bit",
		[ENCODING_BINARY]           = "binary",
		[ENCODING_QUOTED_PRINTABLE] = "quoted-printable",
		[ENCODING_BASE64]           = "base64",
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (view_eq_nocase(token, view_z(names[i])))
			return (enum transfer_encoding)i;
	return ENCODING_OTHER;
}

/* -- reading one parameter -- */

static const struct mime_parameter *find_parameter(
		const struct mime_parameters *list, struct view name, bool extended)
{
	for (size_t i = 0; i < list->count; i++) {
		struct view found = list->items[i].name;

		if (found.len == name.len + extended &&
				(!extended || found.data[name.len] == '*') &&
				view_starts_nocase(found, name))
			return &list->items[i];
	}
	return NULL;
}

struct view mime_parameter(const struct mime_parameters *parameters, struct view name)
{
	const struct mime_parameter *p = find_parameter(parameters, name, false);

	if (!p)
		p = find_parameter(parameters, name, true);
	return p ? p->value : VIEW_NULL;
}

static int hex_digit(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void percent_decode(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high = -1, low = -1;

		if (text.data[i] == '%' && i + 2 < text.len) {
			high = hex_digit(text.data[i + 1]);
			low = hex_digit(text.data[i + 2]);
		}
		if (high < 0 || low < 0) {
			buf_add_byte(out, text.data[i]);
		} else {
			buf_add_byte(out, (char)(high << 4 | low));
			i += 2;
		}
	}
}

/* charset'language'text */
static struct view extended_text(struct arena *arena, struct view value)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(value.len);
	CLEANUP(buf_free) struct buf text = BUF_NULL(4 * value.len + 4);
	struct view rest = value, charset = view_cut(&rest, '\'');

	if (rest.data)
		view_cut(&rest, '\'');
	if (!rest.data) {
		rest = value;
		charset = VIEW_NULL;
	}
	percent_decode(&bytes, rest);
	charset_to_utf8(charset.len ? charset : VIEW("utf-8"), buf_view(&bytes), &text);
	return arena_copy(arena, buf_view(&text));
}

struct view mime_parameter_text(struct arena *arena,
		const struct mime_parameters *parameters, struct view name)
{
	const struct mime_parameter *extended = find_parameter(parameters, name, true);
	const struct mime_parameter *plain = find_parameter(parameters, name, false);

	if (extended)
		return extended_text(arena, extended->value);
	return plain ? encoded_words_decode(arena, plain->value) : VIEW_NULL;
}

#include "runtime/imap/imap_items.h"

#include "runtime/base/limit.h"
#include "runtime/mail/imap_string.h"

enum {
	FAST = IMAP_ITEM_FLAGS | IMAP_ITEM_DATE | IMAP_ITEM_SIZE,
	ALL = FAST | IMAP_ITEM_ENVELOPE,
	FULL = ALL | IMAP_ITEM_BODY,
};

/* clang-format off */
static const struct {
	const char *name;
	unsigned items;
} macros[] = {
	{ "ALL",  ALL },
	{ "FAST", FAST },
	{ "FULL", FULL },
};

static const struct {
	const char *name;
	unsigned items;
} plain_items[] = {
	{ "BODY",          IMAP_ITEM_BODY },
	{ "BODYSTRUCTURE", IMAP_ITEM_BODYSTRUCTURE },
	{ "ENVELOPE",      IMAP_ITEM_ENVELOPE },
	{ "FLAGS",         IMAP_ITEM_FLAGS },
	{ "INTERNALDATE",  IMAP_ITEM_DATE },
	{ "MODSEQ",        IMAP_ITEM_MODSEQ },
	{ "RFC822.SIZE",   IMAP_ITEM_SIZE },
	{ "UID",           IMAP_ITEM_UID },
};

/* The old names of sections. */
static const struct {
	const char *name;
	enum imap_section_kind kind;
	bool peek;
} old_sections[] = {
	{ "RFC822",        IMAP_SECTION_ALL,    false },
	{ "RFC822.HEADER", IMAP_SECTION_HEADER, true },
	{ "RFC822.TEXT",   IMAP_SECTION_TEXT,   false },
};

/* What "[" follows. */
static const struct {
	const char *name, *told;
	enum imap_section_form form;
	bool peek;
} bracketed[] = {
	{ "BODY",        "BODY[",        IMAP_SECTION_AS_IT_IS, false },
	{ "BODY.PEEK",   "BODY[",        IMAP_SECTION_AS_IT_IS, true },
	{ "BINARY",      "BINARY[",      IMAP_SECTION_DECODED,  false },
	{ "BINARY.PEEK", "BINARY[",      IMAP_SECTION_DECODED,  true },
	{ "BINARY.SIZE", "BINARY.SIZE[", IMAP_SECTION_SIZE,     true },
};

static const struct {
	const char *name;
	enum imap_section_kind kind;
	bool has_fields;
	bool needs_part;
} section_texts[] = {
	{ "HEADER",            IMAP_SECTION_HEADER,     false, false },
	{ "HEADER.FIELDS",     IMAP_SECTION_FIELDS,     true,  false },
	{ "HEADER.FIELDS.NOT", IMAP_SECTION_FIELDS_NOT, true,  false },
	{ "MIME",              IMAP_SECTION_MIME,       false, true },
	{ "TEXT",              IMAP_SECTION_TEXT,       false, false },
};
/* clang-format on */

/* -- sections -- */

static size_t count_until(const struct imap_parse *p, char byte, char end)
{
	size_t count = 0;

	for (size_t i = p->at; i < p->len && p->data[i] != end; i++)
		count += p->data[i] == byte;
	return count;
}

/* "1.2." or "1.2" at the start of a section. */
static void parse_path(struct imap_parse *p, struct arena *arena,
		struct imap_section *section, struct buf *label)
{
	size_t max = count_until(p, '.', ']') + 1;
	uint32_t *path = arena_array(arena, max, sizeof(*path));

	section->path = path;
	while (!p->error && p->at < p->len && byte_is_digit(p->data[p->at])) {
		path[section->path_len] = imap_parse_nz_number(p);
		buf_add_u64(label, path[section->path_len++]);
		if (!imap_parse_take(p, '.'))
			return;
		buf_add_byte(label, '.');
	}
}

static bool is_field_char(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

static bool is_plain(struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alpha(name.data[i]) && !byte_is_digit(name.data[i]) &&
				name.data[i] != '-' && name.data[i] != '_')
			return false;
	return true;
}

static struct view parse_field(
		struct imap_parse *p, struct arena *arena, struct buf *label)
{
	struct view name = imap_parse_astring(p);

	for (size_t i = 0; i < name.len; i++)
		if (!is_field_char(name.data[i]))
			imap_parse_fail(p, "BAD That is no name of a header field");
	if (name.len == 0)
		imap_parse_fail(p, "BAD The name of a header field is empty");
	if (p->error)
		return VIEW_NULL;
	if (is_plain(name))
		buf_add(label, name);
	else
		imap_string_add(label, name);
	return arena_copy(arena, name);
}

static void parse_fields(struct imap_parse *p, struct arena *arena,
		struct imap_section *section, struct buf *label)
{
	size_t max = count_until(p, ' ', '\r') + 1;
	struct view *fields;

	imap_parse_space(p);
	imap_parse_expect(p, '(', "BAD A list of header fields is expected here");
	buf_add_z(label, " (");
	fields = arena_array(arena, max, sizeof(*fields));
	section->fields = fields;
	do {
		if (section->field_count)
			buf_add_byte(label, ' ');
		fields[section->field_count++] = parse_field(p, arena, label);
	} while (section->field_count < max && imap_parse_take(p, ' '));
	imap_parse_expect(p, ')', "BAD A list of header fields is not closed");
	buf_add_byte(label, ')');
}

static void parse_section_text(struct imap_parse *p, struct arena *arena,
		struct imap_section *section, struct buf *label)
{
	struct view word = imap_parse_word(p);

	if (section->form != IMAP_SECTION_AS_IT_IS)
		imap_parse_fail(p, "BAD BINARY takes the number of a part");
	for (size_t i = 0; i < ARRAY_LEN(section_texts); i++) {
		if (!view_eq_nocase(word, view_z(section_texts[i].name)))
			continue;
		if (section_texts[i].needs_part && section->path_len == 0)
			imap_parse_fail(p, "BAD MIME is of a part");
		section->kind = section_texts[i].kind;
		buf_add_z(label, section_texts[i].name);
		if (section_texts[i].has_fields)
			parse_fields(p, arena, section, label);
		return;
	}
	imap_parse_fail(p, "BAD There is no such section");
}

/* "<0.1024>" */
static void parse_partial(
		struct imap_parse *p, struct imap_section *section, struct buf *label)
{
	section->partial = section->form != IMAP_SECTION_SIZE && imap_parse_take(p, '<');
	if (!section->partial)
		return;
	section->offset = imap_parse_number(p);
	imap_parse_expect(p, '.', "BAD A partial is <offset.length>");
	section->length = imap_parse_nz_number(p);
	imap_parse_expect(p, '>', "BAD A partial is <offset.length>");
	buf_addf(label, "<%u>", (unsigned)section->offset);
}

/* Behind "BODY[", which the answer begins with as `told`. */
static void parse_section(struct imap_parse *p, struct arena *arena, const char *told,
		struct imap_section *section)
{
	CLEANUP(buf_free)
	struct buf label = BUF_NULL(2 * limit_value(LIMIT_IMAP_COMMAND));
	size_t start = p->at;

	buf_add_z(&label, told);
	parse_path(p, arena, section, &label);
	if (!p->error && !imap_parse_peek(p, ']') &&
			(p->at == start || p->data[p->at - 1] == '.'))
		parse_section_text(p, arena, section, &label);
	else if (p->at > start && p->data[p->at - 1] == '.')
		imap_parse_fail(p, "BAD A section ends in a dot");
	imap_parse_expect(p, ']', "BAD A section is not closed");
	buf_add_byte(&label, ']');
	parse_partial(p, section, &label);
	section->label = arena_copy(arena, buf_view(&label));
}

static struct imap_section *add_section(struct imap_parse *p, struct imap_fetch_op *op)
{
	struct imap_section *sections = (struct imap_section *)op->sections;

	if (op->section_count == limit_value(LIMIT_IMAP_SECTIONS)) {
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_SECTIONS));
		return NULL;
	}
	op->items |= IMAP_ITEM_SECTIONS;
	return &sections[op->section_count++];
}

/* -- items -- */

static bool parse_old_section(
		struct imap_parse *p, struct view word, struct imap_fetch_op *op)
{
	for (size_t i = 0; i < ARRAY_LEN(old_sections); i++) {
		struct imap_section *section;

		if (!view_eq_nocase(word, view_z(old_sections[i].name)))
			continue;
		section = add_section(p, op);
		if (!section)
			return true;
		section->kind = old_sections[i].kind;
		section->label = view_z(old_sections[i].name);
		op->set_seen |= !old_sections[i].peek;
		return true;
	}
	return false;
}

static bool parse_bracketed(
		struct imap_parse *p, struct view word, struct imap_fetch_op *op)
{
	for (size_t i = 0; i < ARRAY_LEN(bracketed); i++) {
		struct imap_section *section;

		if (!view_eq_nocase(word, view_z(bracketed[i].name)) ||
				!imap_parse_take(p, '['))
			continue;
		section = add_section(p, op);
		if (!section)
			return true;
		section->form = bracketed[i].form;
		parse_section(p, op->op.arena, bracketed[i].told, section);
		op->set_seen |= !bracketed[i].peek;
		return true;
	}
	return false;
}

static void parse_item(struct imap_parse *p, struct view word, struct imap_fetch_op *op)
{
	if (parse_bracketed(p, word, op) || parse_old_section(p, word, op))
		return;
	for (size_t i = 0; i < ARRAY_LEN(plain_items); i++) {
		if (view_eq_nocase(word, view_z(plain_items[i].name))) {
			op->items |= plain_items[i].items;
			return;
		}
	}
	imap_parse_fail(p, "BAD There is no such item to fetch");
}

void imap_items_parse(struct imap_parse *p, struct imap_fetch_op *op)
{
	struct view word;

	op->sections = arena_array(op->op.arena, limit_value(LIMIT_IMAP_SECTIONS),
			sizeof(struct imap_section));
	if (imap_parse_take(p, '(')) {
		do {
			parse_item(p, imap_parse_word(p), op);
		} while (imap_parse_take(p, ' '));
		imap_parse_expect(p, ')', "BAD A list of items is not closed");
		return;
	}
	word = imap_parse_word(p);
	for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
		if (view_eq_nocase(word, view_z(macros[i].name))) {
			op->items |= macros[i].items;
			return;
		}
	}
	parse_item(p, word, op);
}

const struct imap_section *imap_section_copy(
		struct arena *arena, const struct imap_section *section)
{
	struct imap_section *copy = ARENA_NEW(arena, struct imap_section);
	uint32_t *path = arena_array(arena, section->path_len + 1, sizeof(*path));
	struct view *fields =
			arena_array(arena, section->field_count + 1, sizeof(*fields));

	*copy = *section;
	for (size_t i = 0; i < section->path_len; i++)
		path[i] = section->path[i];
	for (size_t i = 0; i < section->field_count; i++)
		fields[i] = arena_copy(arena, section->fields[i]);
	copy->path = path;
	copy->fields = fields;
	copy->label = arena_copy(arena, section->label);
	return copy;
}

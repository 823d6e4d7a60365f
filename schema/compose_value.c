/* One value of a state as YAML: on a line where it fits, else over several. */
#include "schema/compose_inside.h"
#include "schema/format.h"
#include "schema/unit.h"

#include <stdlib.h>

/* -- scalars -- */

void compose_text(struct buf *out, struct view text)
{
	if (format_is_plain(text)) {
		buf_add(out, text);
		return;
	}
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];

		if (byte == '"' || byte == '\\')
			buf_addf(out, "\\%c", byte);
		else if (byte == '\n')
			buf_add_z(out, "\\n");
		else if (byte == '\t')
			buf_add_z(out, "\\t");
		else
			buf_add_byte(out, byte);
	}
	buf_add_byte(out, '"');
}

/* Numbers with something around them, which no reader takes for another thing. */
static bool is_clear(enum type_kind kind, struct view text)
{
	switch (kind) {
	case TYPE_RATE:
		return true;
	case TYPE_IP:
	case TYPE_NETWORK:
		return view_find(text, ':') == text.len;
	case TYPE_ENDPOINT:
		for (size_t i = 0; i < text.len; i++)
			if (!byte_is_digit(text.data[i]))
				return false;
		return true;
	default:
		return false;
	}
}

static bool is_one_kind(unsigned kinds)
{
	return (kinds & (kinds - 1)) == 0;
}

/* How many objects of these kinds a name without its kind could mean. */
static size_t count_named(const struct composer *c, unsigned kinds, struct view name)
{
	size_t count = 0;

	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		count += (kinds & REFERS(kind)) &&
			 desired_find(c->desired, kind, name) != NULL;
	return count;
}

/* `user/anna` is `anna` where people and mailboxes are meant, `domain/a.example` is
 * `a.example` where only domains are. */
static struct view short_reference(
		const struct composer *c, unsigned kinds, struct view text)
{
	struct view name = text, kind_text = view_cut(&name, '/');
	enum kind kind = name.data ? kind_of(kind_text) : KIND_NONE;
	unsigned mailboxes = REFERS(KIND_USER) | REFERS(KIND_GROUP) | REFERS(KIND_SHARED);
	bool usual = is_one_kind(kinds) ||
		     (kind != KIND_GROUP && (kinds & ~mailboxes) == 0);

	if (kind == KIND_NONE || !usual || c->options->more_count ||
			count_named(c, kinds, name) != 1)
		return text;
	return name;
}

static void add_plain(
		const struct composer *c, const struct value *value, struct buf *out)
{
	const struct type *type = value->type;

	if (value->word) {
		compose_text(out, value->text);
		return;
	}
	switch (type->kind) {
	case TYPE_BOOL:
		buf_add_z(out, value->number ? "true" : "false");
		break;
	case TYPE_INT:
		buf_addf(out, "%lld", (long long)value->number);
		break;
	case TYPE_SIZE:
		buf_add(out, size_print(c->arena, value->number));
		break;
	case TYPE_DURATION:
		buf_add(out, duration_print(c->arena, value->number));
		break;
	case TYPE_WORD:
		compose_text(out, view_z(type->words[value->number]));
		break;
	case TYPE_REFERENCE:
		compose_text(out, short_reference(c, type->kinds, value->text));
		break;
	default:
		if (is_clear(type->kind, value->text))
			buf_add(out, value->text);
		else
			compose_text(out, value->text);
		break;
	}
}

/* -- what a value consists of -- */

/* A part of a record, a map or a list. */
struct part {
	struct view key; /* empty: an item of a list */
	const struct value *value;
};

struct parts {
	struct part *items;
	size_t count;
};

static bool is_said(const struct composer *c, const struct value *value)
{
	return value && (c->options->flat || value->origin == ORIGIN_OBJECT);
}

static void add_fields_of(struct composer *c, const struct table *table,
		struct value *values, struct parts *parts)
{
	for (size_t i = 0; i < table->count; i++) {
		struct value *value = value_field(values, &table->fields[i]);

		if (is_said(c, value))
			parts->items[parts->count++] = (struct part){
				.key = view_z(table->fields[i].name),
				.value = value,
			};
	}
}

static size_t count_values(const struct value *first)
{
	size_t count = 0;

	for (const struct value *value = first; value; value = value->next)
		count++;
	return count;
}

static struct parts fields_of(
		struct composer *c, const struct table *table, struct value *values)
{
	struct parts parts = {
		.items = arena_array(c->arena, count_values(values), sizeof(struct part)),
	};

	add_fields_of(c, table, values, &parts);
	if (table->also)
		add_fields_of(c, table->also, values, &parts);
	return parts;
}

static int compare_keys(const void *left, const void *right)
{
	const struct part *a = left, *b = right;

	return view_compare(a->key, b->key);
}

/* The entries of a map, by their keys; the items of a list as they were said. */
static struct parts members_of(struct composer *c, const struct value *value)
{
	bool map = value->type->kind == TYPE_MAP;
	struct parts parts = {
		.items = arena_array(c->arena, count_values(value->first),
				sizeof(struct part)),
	};

	for (const struct value *member = value->first; member; member = member->next) {
		struct part *part = &parts.items[parts.count++];

		*part = (struct part){ .value = member };
		if (map && value->type->key->kind == TYPE_REFERENCE)
			part->key = short_reference(
					c, value->type->key->kinds, member->key);
		else if (map)
			part->key = member->key;
	}
	if (map && parts.count > 1)
		qsort(parts.items, parts.count, sizeof(*parts.items), compare_keys);
	return parts;
}

static struct parts parts_of(struct composer *c, const struct value *value)
{
	if (value->type->kind == TYPE_RECORD)
		return fields_of(c, value->type->table, value->first);
	return members_of(c, value);
}

/* The one part that a record may be written as. */
static const struct value *short_form(
		const struct value *value, const struct parts *parts)
{
	const struct table *table = value->type->table;
	const char *name;

	if (value->type->kind != TYPE_RECORD || parts->count != 1)
		return NULL;
	name = table->short_word ? table->short_word : table->short_form;
	return name && view_eq(parts->items[0].key, view_z(name)) ? parts->items[0].value
								  : NULL;
}

/* -- on one line -- */

static void add_flow(struct composer *c, const struct value *value, struct buf *out)
{
	bool list = value->type->kind == TYPE_LIST;
	const struct value *alone;
	struct parts parts;

	if (value->word || type_is_plain(value->type)) {
		add_plain(c, value, out);
		return;
	}
	parts = parts_of(c, value);
	alone = short_form(value, &parts);
	if (alone) {
		add_flow(c, alone, out);
		return;
	}
	buf_add_byte(out, list ? '[' : '{');
	for (size_t i = 0; i < parts.count; i++) {
		const struct part *part = &parts.items[i];

		buf_add_z(out, i ? ", " : "");
		if (!list) {
			compose_text(out, part->key);
			buf_add_z(out, ": ");
		}
		add_flow(c, part->value, out);
	}
	buf_add_byte(out, list ? ']' : '}');
}

static struct view flow(struct composer *c, const struct value *value)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(COMPOSED_MAX);

	add_flow(c, value, &text);
	return arena_copy(c->arena, buf_view(&text));
}

/* -- over several lines -- */

static void add_indent(struct composer *c, unsigned indent)
{
	for (; indent; indent--)
		buf_add_byte(&c->out, ' ');
}

static void add_parts(struct composer *c, unsigned indent, const struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];

		if (part->key.len) {
			compose_entry(c, indent, part->key, part->value);
			continue;
		}
		add_indent(c, indent);
		buf_add_z(&c->out, "- ");
		add_flow(c, part->value, &c->out);
		buf_add_byte(&c->out, '\n');
	}
}

/* A password's hash is long, and no clearer on a line of its own. */
static bool stays_together(const struct value *value, const struct parts *parts)
{
	if (value->word || type_is_plain(value->type) || parts->count == 0)
		return true;
	return value->type->kind == TYPE_RECORD && parts->count == 1 &&
	       type_is_plain(parts->items[0].value->type);
}

void compose_entry(struct composer *c, unsigned indent, struct view key,
		const struct value *value)
{
	struct view line = flow(c, value);
	struct parts parts = { 0 };
	const struct value *alone;

	add_indent(c, indent);
	compose_text(&c->out, key);
	if (!value->word && !type_is_plain(value->type)) {
		parts = parts_of(c, value);
		alone = short_form(value, &parts);
		if (alone && !type_is_plain(alone->type))
			parts = parts_of(c, alone);
	}
	if (indent + key.len + 2 + line.len <= COMPOSED_LINE ||
			stays_together(value, &parts)) {
		buf_add_z(&c->out, ": ");
		buf_add(&c->out, line);
		buf_add_byte(&c->out, '\n');
		return;
	}
	buf_add_z(&c->out, ":\n");
	add_parts(c, indent + 2, &parts);
}

void compose_fields(struct composer *c, unsigned indent, const struct table *table,
		struct value *values)
{
	struct parts parts = fields_of(c, table, values);

	add_parts(c, indent, &parts);
}

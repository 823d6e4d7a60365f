/* The sections of a state, in the order of its table. */
#include "schema/compose.h"

#include "runtime/base/error.h"
#include "schema/compose_inside.h"

#include <stdlib.h>

/* -- objects -- */

/* Those of one domain stand together. */
static int compare_objects(const void *left, const void *right)
{
	const struct desired_object *a = *(const struct desired_object *const *)left;
	const struct desired_object *b = *(const struct desired_object *const *)right;
	size_t a_at = view_find_last(a->key, '@'), b_at = view_find_last(b->key, '@');
	int order = 0;

	if (a_at < a->key.len && b_at < b->key.len)
		order = view_compare(view_from(a->key, a_at), view_from(b->key, b_at));
	return order ? order : view_compare(a->key, b->key);
}

static const struct desired_object **objects_of(
		struct composer *c, enum kind kind, size_t *count_out)
{
	const struct desired_object *object, **objects;
	size_t count = 0, at = 0;

	while ((object = desired_next(c->desired, &at)))
		count += object->kind == kind;
	objects = arena_array(c->arena, count + c->options->more_count, sizeof(*objects));
	count = at = 0;
	while ((object = desired_next(c->desired, &at)))
		if (object->kind == kind)
			objects[count++] = object;
	for (size_t i = 0; i < c->options->more_count; i++)
		if (c->options->more[i]->kind == kind)
			objects[count++] = c->options->more[i];
	if (count > 1)
		qsort(objects, count, sizeof(*objects), compare_objects);
	*count_out = count;
	return objects;
}

/* -- what the schema gives -- */

static bool has_unit(const struct type *type)
{
	return type->kind == TYPE_SIZE || type->kind == TYPE_DURATION ||
	       type->kind == TYPE_RATE || type->kind == TYPE_ENDPOINT;
}

/* A comment that takes as many lines as it needs. */
struct comment {
	struct buf *out;
	size_t column;
};

static void add_remark(
		struct comment *comment, struct view prefix, const struct field *field)
{
	size_t len = prefix.len + strlen(field->name) + strlen(field->fallback) + 4;
	bool first = comment->column == 0;

	if (first || comment->column + len > COMPOSED_LINE) {
		buf_add_z(comment->out, first ? "  # unless said: " : ",\n  #   ");
		comment->column = 2;
	} else {
		buf_add_z(comment->out, ", ");
	}
	buf_addf(comment->out, "%.*s%s %s", VIEW_ARG(prefix), field->name,
			field->fallback);
	comment->column += len;
}

static void add_remarks(struct composer *c, struct comment *comment, struct view prefix,
		const struct table *table, struct value *defaults)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		struct value *value = value_field(defaults, field);

		if (!(field->flags & FIELD_SERVED))
			continue;
		if (field->type->kind == TYPE_RECORD && !field->type->table->one_of)
			add_remarks(c, comment,
					arena_printf(c->arena, "%.*s%s.",
							VIEW_ARG(prefix), field->name),
					field->type->table, value ? value->first : NULL);
		else if (!value && field->fallback && has_unit(field->type) &&
				strcmp(field->fallback, "off") != 0)
			add_remark(comment, prefix, field);
	}
}

static void add_defaults_of_schema(struct composer *c, const struct table *table)
{
	struct comment comment = { .out = &c->out };

	add_remarks(c, &comment, VIEW_NULL, table,
			c->options->flat ? NULL : c->desired->defaults[table->kind]);
	if (comment.column)
		buf_add_byte(&c->out, '\n');
}

/* -- sections -- */

static bool is_asked(const struct composer *c, enum kind kind)
{
	unsigned kinds = c->options->kinds;

	return kinds == 0 || (kind != KIND_NONE && kinds & REFERS(kind));
}

static void add_objects(struct composer *c, const struct field *section)
{
	const struct table *table = section->type->item->table;
	const struct desired_object **objects;
	size_t count;

	objects = objects_of(c, table->kind, &count);
	if (count == 0)
		return;
	buf_addf(&c->out, "%s:\n", section->name);
	add_defaults_of_schema(c, table);
	for (size_t i = 0; i < count; i++) {
		const struct value record = { .type = section->type->item,
			.first = objects[i]->values };

		compose_entry(c, 2, objects[i]->key, &record);
	}
}

static void add_defaults(struct composer *c, const struct field *section)
{
	const struct table *table = section->type->table;
	size_t begin = c->out.len, headed;

	buf_addf(&c->out, "%s:\n", section->name);
	headed = c->out.len;
	for (size_t i = 0; i < table->count; i++) {
		const struct type *type = table->fields[i].type;
		const struct value record = { .type = type,
			.first = c->desired->defaults[type->table->kind] };

		if (record.first)
			compose_entry(c, 2, view_z(table->fields[i].name), &record);
	}
	if (c->out.len == headed)
		buf_truncate(&c->out, begin);
}

static void add_record(struct composer *c, const struct field *section)
{
	struct value *value = value_field(c->desired->root, section);

	if (!value || !value->first)
		return;
	buf_addf(&c->out, "%s:\n", section->name);
	if (section->type->table->kind != KIND_NONE)
		add_defaults_of_schema(c, section->type->table);
	compose_fields(c, 2, section->type->table, value->first);
}

static void add_purges(struct composer *c)
{
	for (size_t i = 0; i < c->options->purge_count; i++) {
		const struct desired_purge *purge = &c->options->purges[i];

		buf_addf(&c->out, "%s  - {kind: %.*s, id: ", i ? "" : "purge:\n",
				VIEW_ARG(purge->kind));
		compose_text(&c->out, purge->id);
		buf_add_z(&c->out, ", uid: ");
		buf_addf(&c->out, "\"%.*s\"", VIEW_ARG(purge->uid));
		buf_add_z(&c->out, "}\n");
	}
}

static void add_section(struct composer *c, const struct field *section)
{
	const struct table *table = type_table(section->type);
	enum kind kind = table ? table->kind : KIND_NONE;

	if (!is_asked(c, kind))
		return;
	if (section->type->kind == TYPE_MAP)
		add_objects(c, section);
	else if (view_eq(view_z(section->name), VIEW("defaults")))
		add_defaults(c, section);
	else if (view_eq(view_z(section->name), VIEW("purge")))
		add_purges(c);
	else if (section->type->kind == TYPE_RECORD)
		add_record(c, section);
}

size_t compose(const struct desired *desired, const struct compose_options *options,
		struct arena *arena, struct composed **out)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct composer c = {
		.desired = desired,
		.options = options,
		.arena = scratch,
		.out = BUF_NULL(COMPOSED_MAX),
	};
	struct composed *sections =
			arena_array(arena, state_table.count, sizeof(*sections));
	size_t count = 0;

	for (size_t i = 0; i < state_table.count; i++) {
		const struct field *section = &state_table.fields[i];

		buf_clear(&c.out);
		if (options->flat && view_eq(view_z(section->name), VIEW("defaults")))
			continue;
		add_section(&c, section);
		if (buf_failed(&c.out))
			die("a state that was checked is too large to be written");
		if (c.out.len)
			sections[count++] = (struct composed){ section->name,
				arena_copy(arena, buf_view(&c.out)) };
	}
	buf_wipe(&c.out);
	*out = sections;
	return count;
}

#include "schema/value.h"

#include "runtime/base/error.h"

/* A default of the schema that does not parse is a mistake in a table. */
static struct value *parse_default(
		struct arena *arena, const struct type *type, struct view text)
{
	struct value *value = ARENA_NEW(arena, struct value);
	const char *why = "";

	value->origin = ORIGIN_SCHEMA;
	if (scalar_parse(arena, type, text, false, value, &why))
		die("a default of the schema: %.*s: %s", VIEW_ARG(text), why);
	return value;
}

static struct value *parse_default_list(
		struct arena *arena, const struct type *type, struct view rest)
{
	struct value *list = ARENA_NEW(arena, struct value);
	struct value **end = &list->first;

	list->type = type;
	list->origin = ORIGIN_SCHEMA;
	while (rest.data) {
		*end = parse_default(arena, type->item, view_trim(view_cut(&rest, ',')));
		end = &(*end)->next;
	}
	return list;
}

struct value *value_default(struct arena *arena, const struct field *field)
{
	struct value *value;

	if (!field->fallback)
		return NULL;
	if (field->type->kind == TYPE_LIST)
		value = parse_default_list(arena, field->type, view_z(field->fallback));
	else if (!type_is_plain(field->type))
		return NULL; /* a word besides: the same as nothing */
	else
		value = parse_default(arena, field->type, view_z(field->fallback));
	value->field = field;
	return value;
}

struct value *value_field(struct value *values, const struct field *field)
{
	for (struct value *value = values; value; value = value->next)
		if (value->field == field)
			return value;
	return NULL;
}

struct value *value_at(struct value *values, const char *path)
{
	struct view rest = view_z(path);
	struct value *value = NULL;

	while (rest.data) {
		struct view name = view_cut(&rest, '.');

		for (value = values; value; value = value->next)
			if (value->field && view_eq(view_z(value->field->name), name))
				break;
		if (!value)
			return NULL;
		values = value->type->kind == TYPE_RECORD ? value->first : NULL;
	}
	return value;
}

static struct value *copy_with_origin(
		struct arena *arena, const struct value *value, enum origin origin)
{
	struct value *copy = ARENA_NEW(arena, struct value);

	*copy = *value;
	copy->origin = origin;
	copy->next = NULL;
	if (value->type->kind == TYPE_RECORD)
		copy->first = value_layer(arena, NULL, value->first, origin);
	return copy;
}

static bool joins(const struct value *value)
{
	return value->type->kind == TYPE_RECORD && !value->type->table->one_of;
}

struct value *value_layer(struct arena *arena, struct value *high, struct value *low,
		enum origin origin)
{
	for (struct value *below = low; below; below = below->next) {
		struct value *above = value_field(high, below->field), *copy;

		if (!above) {
			copy = copy_with_origin(arena, below, origin);
			copy->next = high;
			high = copy;
		} else if (joins(above)) {
			above->first = value_layer(
					arena, above->first, below->first, origin);
		}
	}
	return high;
}

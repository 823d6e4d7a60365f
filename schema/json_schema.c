/* JSON Schema, draft-07. What it cannot say (references, units) is left to `validate`;
 * editors use it for completion and for the help of each field. */
#include "runtime/base/arena.h"
#include "schema/printer.h"
#include "schema/value.h"

#include <string.h>

struct writer {
	json_t *definitions;
	struct arena *arena;
};

static json_t *type_schema(struct writer *w, const struct type *type);

static json_t *text_schema(void)
{
	return json_pack("{s:s}", "type", "string");
}

static json_t *words_schema(const char *const *words)
{
	json_t *list = json_array();

	for (size_t i = 0; words[i]; i++)
		json_array_append_new(list, json_string(words[i]));
	return json_pack("{s:o}", "enum", list);
}

static json_t *either(json_t *one, json_t *other)
{
	return json_pack("{s:[o,o]}", "anyOf", one, other);
}

/* YAML reads `587` as a number where we take it as text. */
static json_t *loose_text_schema(void)
{
	return json_pack("{s:[s,s]}", "type", "string", "integer");
}

static json_t *pattern_schema(const char *pattern)
{
	return json_pack("{s:s,s:s}", "type", "string", "pattern", pattern);
}

static json_t *int_schema(const struct type *type)
{
	json_t *schema = json_pack("{s:s}", "type", "integer");

	if (type->least || type->most) {
		json_object_set_new(schema, "minimum", json_integer(type->least));
		json_object_set_new(schema, "maximum", json_integer(type->most));
	}
	return schema;
}

static json_t *plain_schema(const struct type *type)
{
	switch (type->kind) {
	case TYPE_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case TYPE_INT:
		return int_schema(type);
	case TYPE_SIZE:
		return pattern_schema("^[0-9]+(B|KiB|MiB|GiB|TiB)$");
	case TYPE_DURATION:
		return pattern_schema(
				"^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$");
	case TYPE_RATE:
		return pattern_schema("^[0-9]+/[smhd]$");
	case TYPE_ID:
		return pattern_schema("^[a-z0-9][a-z0-9-]{0,62}$");
	case TYPE_WORD:
		return words_schema(type->words);
	case TYPE_ENDPOINT:
	case TYPE_TEXT:
		return loose_text_schema();
	default:
		return text_schema();
	}
}

static json_t *field_schema(struct writer *w, const struct field *field)
{
	json_t *schema = type_schema(w, field->type);
	struct view about =
			field->fallback ? arena_printf(w->arena, "%s. Default: %s",
							  field->help, field->fallback)
					: view_z(field->help);

	if (json_object_get(schema, "$ref"))
		schema = json_pack("{s:[o]}", "allOf", schema);
	json_object_set_new(schema, "description", json_stringn(about.data, about.len));
	return schema;
}

static void add_field(struct writer *w, json_t *properties, json_t *required,
		const struct field *field)
{
	json_object_set_new(properties, field->name, field_schema(w, field));
	if (field->flags & FIELD_REQUIRED)
		json_array_append_new(required, json_string(field->name));
}

static json_t *table_schema(struct writer *w, const struct table *table)
{
	json_t *properties = json_object(), *required = json_array(), *schema;

	for (size_t i = 0; i < table->count; i++)
		add_field(w, properties, required, &table->fields[i]);
	for (size_t i = 0; table->also && i < table->also->count; i++)
		if (table->also->fields[i].flags & FIELD_GROUP)
			add_field(w, properties, required, &table->also->fields[i]);
	schema = json_pack("{s:s,s:s,s:o,s:b}", "type", "object", "description",
			table->help, "properties", properties, "additionalProperties", 0);
	/* Of a part of `defaults` nothing is required; `validate` asks for it elsewhere. */
	if (table->kind == KIND_NONE && json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

static json_t *with_short_form(
		struct writer *w, const struct table *table, json_t *schema)
{
	const struct field *field;

	if (table->short_form) {
		field = table_field(table, view_z(table->short_form));
		schema = either(type_schema(w, field->type), schema);
	}
	if (table->short_word) {
		field = table_field(table, view_z(table->short_word));
		schema = either(type_schema(w, field->type), schema);
	}
	return schema;
}

/* Objects and what several share are definitions, the rest stands in its place. */
static json_t *record_schema(struct writer *w, const struct table *table)
{
	const char *name = table->kind != KIND_NONE   ? kind_name(table->kind)
			   : table == &secret_table   ? "secret"
			   : table == &password_table ? "password"
						      : NULL;

	if (!name)
		return with_short_form(w, table, table_schema(w, table));
	if (!json_object_get(w->definitions, name)) {
		json_object_set_new(w->definitions, name, json_object());
		json_object_set_new(w->definitions, name,
				with_short_form(w, table, table_schema(w, table)));
	}
	return json_pack("{s:o}", "$ref", json_sprintf("#/definitions/%s", name));
}

static json_t *type_schema(struct writer *w, const struct type *type)
{
	json_t *schema, *item;

	switch (type->kind) {
	case TYPE_LIST:
		item = type_schema(w, type->item);
		schema = json_pack("{s:s,s:O,s:b}", "type", "array", "items", item,
				"uniqueItems", 1);
		return either(schema, item);
	case TYPE_MAP:
		schema = json_pack("{s:s,s:o}", "type", "object", "additionalProperties",
				type_schema(w, type->item));
		break;
	case TYPE_RECORD:
		return record_schema(w, type->table);
	case TYPE_WORD:
		return plain_schema(type);
	default:
		schema = plain_schema(type);
		break;
	}
	return type->words ? either(words_schema(type->words), schema) : schema;
}

json_t *printer_json_schema(const struct table *root)
{
	struct writer w = { .definitions = json_object(), .arena = arena_new() };
	json_t *schema = table_schema(&w, root);

	json_object_set_new(schema, "$schema",
			json_string("http://json-schema.org/draft-07/schema#"));
	json_object_set_new(schema, "title",
			json_string(root == &state_table ? "The state of a posthus mail "
							   "server"
							 : "agent.yaml of posthus"));
	json_object_set_new(schema, "definitions", w.definitions);
	arena_free(w.arena);
	return schema;
}

/* JSON Schema, draft-07. What it cannot say (references, units) is left to `validate`;
 * editors use it for completion and for the help of each field. */
#include "runtime/base/arena.h"
#include "schema/printer.h"
#include "schema/value.h"

#include <stdlib.h>
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

/* YAML reads an unquoted `true` as no text. */
static json_t *word_json(const char *word)
{
	return strcmp(word, "true") == 0 ? json_true() : json_string(word);
}

static json_t *words_schema(const char *const *words)
{
	json_t *list = json_array();

	for (size_t i = 0; words[i]; i++)
		json_array_append_new(list, word_json(words[i]));
	return json_pack("{s:o}", "enum", list);
}

static json_t *either(json_t *one, json_t *other)
{
	return json_pack("{s:[o,o]}", "anyOf", one, other);
}

static json_t *pattern_schema(const char *pattern)
{
	return json_pack("{s:s,s:s}", "type", "string", "pattern", pattern);
}

/* YAML reads `587` as a number where we take it as text. */
static json_t *or_number(json_t *text)
{
	return either(text, json_pack("{s:s}", "type", "integer"));
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
		return or_number(pattern_schema("^[a-z0-9][a-z0-9-]{0,62}$"));
	case TYPE_WORD:
		return words_schema(type->words);
	case TYPE_DATE:
		return pattern_schema("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T|$)");
	case TYPE_URL:
		return pattern_schema("^[a-z0-9+]+://");
	case TYPE_PATH:
		return pattern_schema("^/.");
	case TYPE_PATTERN:
		return pattern_schema("^/.+/$");
	case TYPE_HASH:
		return pattern_schema("^([$]|[{]SSHA512[}])");
	case TYPE_RECIPIENT:
		return pattern_schema("^age1");
	case TYPE_ADDRESS:
		return pattern_schema("^[^@ ]+@[^@ ]+$");
	case TYPE_DOMAIN:
		return pattern_schema("^[^@ /:]+[.][^@ /:]+$");
	case TYPE_ENDPOINT:
	case TYPE_TEXT:
	case TYPE_NAME:
	case TYPE_REFERENCE:
		return or_number(text_schema());
	default:
		return text_schema();
	}
}

/* What an editor puts in: numbers and booleans as YAML reads them. */
static json_t *default_json(const struct type *type, const char *fallback)
{
	json_t *list;

	switch (type->kind) {
	case TYPE_BOOL:
		return json_boolean(strcmp(fallback, "true") == 0);
	case TYPE_INT:
		return json_integer(strtoll(fallback, NULL, 10));
	case TYPE_ENDPOINT:
		return fallback[0] >= '0' && fallback[0] <= '9'
				       ? json_integer(strtoll(fallback, NULL, 10))
				       : json_string(fallback);
	case TYPE_LIST:
		list = json_array();
		for (struct view rest = view_z(fallback); rest.data;) {
			struct view item = view_trim(view_cut(&rest, ','));

			json_array_append_new(list, json_stringn(item.data, item.len));
		}
		return list;
	default:
		return json_string(fallback);
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
	if (field->fallback)
		json_object_set_new(schema, "default",
				default_json(field->type, field->fallback));
	return schema;
}

/* Exactly one of several fields. */
static json_t *one_of_schema(const char *const *names)
{
	json_t *list = json_array();

	for (size_t i = 0; names[i]; i++)
		json_array_append_new(list, json_pack("{s:[s]}", "required", names[i]));
	return list;
}

static json_t *required_names(const struct table *table)
{
	json_t *names = json_array();

	for (size_t i = 0; i < table->count; i++)
		if (table->fields[i].flags & FIELD_REQUIRED)
			json_array_append_new(names, json_string(table->fields[i].name));
	return names;
}

static json_t *table_schema(struct writer *w, const struct table *table)
{
	json_t *properties = json_object(), *required = required_names(table), *schema;

	for (size_t i = 0; i < table->count; i++)
		json_object_set_new(properties, table->fields[i].name,
				field_schema(w, &table->fields[i]));
	for (size_t i = 0; table->also && i < table->also->count; i++)
		if (table->also->fields[i].flags & FIELD_GROUP)
			json_object_set_new(properties, table->also->fields[i].name,
					field_schema(w, &table->also->fields[i]));
	schema = json_pack("{s:s,s:s,s:o,s:b}", "type", "object", "description",
			table->help, "properties", properties, "additionalProperties", 0);
	/* What `defaults` say of a kind has nothing of it: objects ask for it where they
	 * stand. */
	if (table->kind == KIND_NONE && json_array_size(required))
		json_object_set(schema, "required", required);
	if (table->one_of)
		json_object_set_new(schema, "oneOf", one_of_schema(table->one_of));
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

/* An object where it stands: what it must have is asked for. */
static json_t *entry_schema(struct writer *w, const struct type *type)
{
	json_t *schema = type_schema(w, type), *required;

	if (type->kind != TYPE_RECORD || type->table->kind == KIND_NONE ||
			type->table->short_form)
		return schema;
	required = required_names(type->table);
	if (json_array_size(required))
		schema = json_pack("{s:[o,{s:s,s:O}]}", "allOf", schema, "type", "object",
				"required", required);
	json_decref(required);
	return schema;
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
				entry_schema(w, type->item));
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

#include "agent/plan/fields.h"

#include "runtime/base/error.h"
#include "schema/unit.h"

#include <jansson.h>
#include <stdlib.h>

enum {
	LONGEST_PATH = 1024,
	LONGEST_TEXT = 64 * 1024,
};

/* -- values as text -- */

static void add_json(struct buf *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		buf_add(out, view_of(json_string_value(value),
					     json_string_length(value)));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	buf_add_z(out, text);
	free(text);
}

static void add_list(struct buf *out, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (i)
			buf_add_z(out, ", ");
		add_json(out, item);
	}
	if (json_array_size(list) == 0)
		buf_add_z(out, "none");
}

/* NULL gives the schema's own value, or nothing where there is none. */
static struct view value_text(
		struct arena *arena, const struct field *field, const json_t *value)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

	if (json_is_array(value))
		add_list(&text, value);
	else if (value)
		add_json(&text, value);
	else if (field && field->fallback)
		buf_addf(&text, "%s (default)", field->fallback);
	return arena_copy(arena, buf_view(&text));
}

/* -- the walk -- */

static const struct field *field_at(const struct driver *driver, struct view path)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(LONGEST_PATH);
	const struct table *table;

	if (driver->schema == KIND_NONE)
		return NULL;
	buf_addf(&whole, "%s.%.*s", kind_name(driver->schema), VIEW_ARG(path));
	return table_find(buf_view(&whole), &table);
}

static bool is_the_states(const struct driver *driver, struct view path)
{
	enum owner owner;

	if (driver->owns && !driver->owns(path))
		return false;
	if (driver->schema == KIND_NONE)
		return true;
	owner = table_owner(driver->schema, path);
	return owner != OWNER_INITIAL && owner != OWNER_OBSERVE;
}

static void push(struct field_list *list, struct view path, const struct field *field,
		const json_t *before, const json_t *after)
{
	array_grow(&list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct field_change){
		.path = arena_copy(list->arena, path),
		.before = value_text(list->arena, field, before),
		.after = value_text(list->arena, field, after),
		.sensitive = table_is_secret(field),
	};
	list->risks |= risks_of_field(list->driver, path, before, after);
}

static void compare_objects(struct field_list *list, struct buf *path,
		const json_t *before, const json_t *after);

/* Specs are ours, made from tables: they nest as deep as the tables do. */
static void compare_values(struct field_list *list, struct buf *path, const char *key,
		const json_t *before, const json_t *after)
{
	size_t len = path->len;
	const struct field *field;

	buf_addf(path, "%s%s", len ? "." : "", key);
	if (is_the_states(list->driver, buf_view(path)) && !json_equal(before, after)) {
		field = field_at(list->driver, buf_view(path));
		if ((json_is_object(before) || json_is_object(after)) &&
				!table_is_secret(field))
			compare_objects(list, path, before, after);
		else
			push(list, buf_view(path), field, before, after);
	}
	buf_truncate(path, len);
}

static void compare_objects(struct field_list *list, struct buf *path,
		const json_t *before, const json_t *after)
{
	json_t *keys = json_object();
	const char *key;
	json_t *value;
	const char **sorted;
	size_t count = 0;

	json_object_foreach ((json_t *)before, key, value)
		json_object_set_new(keys, key, json_null());
	json_object_foreach ((json_t *)after, key, value)
		json_object_set_new(keys, key, json_null());
	sorted = xcalloc(json_object_size(keys), sizeof(*sorted));
	json_object_foreach (keys, key, value) {
		size_t i = count++;

		for (; i > 0 && strcmp(sorted[i - 1], key) > 0; i--)
			sorted[i] = sorted[i - 1];
		sorted[i] = key;
	}
	for (size_t i = 0; i < count; i++)
		compare_values(list, path, sorted[i], json_object_get(before, sorted[i]),
				json_object_get(after, sorted[i]));
	free(sorted);
	json_decref(keys);
}

void fields_compare(struct field_list *list, struct view before, struct view after)
{
	CLEANUP(buf_free) struct buf path = BUF_NULL(LONGEST_PATH);
	json_t *left = json_loadb(before.data, before.len, 0, NULL);
	json_t *right = json_loadb(after.data, after.len, 0, NULL);

	compare_objects(list, &path, left, right);
	json_decref(left);
	json_decref(right);
}

void fields_add(struct field_list *list, const char *path, struct view before,
		struct view after)
{
	array_grow(&list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct field_change){
		.path = view_z(path),
		.before = arena_copy(list->arena, before),
		.after = arena_copy(list->arena, after),
	};
}

void fields_add_drifted(struct field_list *list, struct view path, struct view before,
		struct view after)
{
	array_grow(&list->items, &list->capacity, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct field_change){
		.path = arena_copy(list->arena, path),
		.before = before,
		.after = after,
	};
}

struct view fields_text(struct arena *arena, const struct driver *driver,
		struct view path, struct view json)
{
	const struct field *field = field_at(driver, path);
	json_t *value = json_loadb(
			json.data ? json.data : "", json.len, JSON_DECODE_ANY, NULL);
	struct view text = VIEW("nothing");

	if (json_is_integer(value) && field && field->type->kind == TYPE_SIZE)
		text = size_print(arena, json_integer_value(value));
	else if (value)
		text = value_text(arena, NULL, value);
	json_decref(value);
	return text;
}

/* Every value that a spec says, of whatever owner: a table is as deep as its rows. */
static unsigned risks_below(const struct driver *driver, struct buf *path,
		const json_t *value, bool gone)
{
	const struct field *field = field_at(driver, buf_view(path));
	size_t len = path->len;
	unsigned risks = 0;
	const char *key;
	json_t *member;

	if (!json_is_object(value) || table_is_secret(field))
		return risks_of_field(driver, buf_view(path), gone ? value : NULL,
				gone ? NULL : value);
	json_object_foreach ((json_t *)value, key, member) {
		buf_addf(path, "%s%s", len ? "." : "", key);
		risks |= risks_below(driver, path, member, gone);
		buf_truncate(path, len);
	}
	return risks;
}

static unsigned risks_of_spec(const struct driver *driver, struct view spec, bool gone)
{
	CLEANUP(buf_free) struct buf path = BUF_NULL(LONGEST_PATH);
	json_t *root;
	unsigned risks = 0;

	if (driver->schema == KIND_NONE)
		return risk_bit(driver->risk);
	root = json_loadb(spec.data, spec.len, 0, NULL);
	if (json_object_size(root))
		risks = risks_below(driver, &path, root, gone);
	json_decref(root);
	return risks;
}

unsigned fields_risks(const struct driver *driver, struct view spec)
{
	unsigned risks = risks_of_spec(driver, spec, false);

	/* What is new holds no data that could be lost. */
	if (driver->absence == ABSENCE_DISABLES)
		risks &= ~risk_bit(RISK_DATA);
	return risks | risk_bit(driver->risk);
}

unsigned fields_risks_gone(const struct driver *driver, struct view spec)
{
	return risks_of_spec(driver, spec, true);
}

void fields_finish(struct field_list *list, struct change *change)
{
	change->fields = arena_array(list->arena, list->count, sizeof(*change->fields));
	if (list->count)
		memcpy(change->fields, list->items, list->count * sizeof(*list->items));
	change->field_count = list->count;
	change->risks |= list->risks;
	change->risk = risk_gravest(change->risks);
	free(list->items);
	list->items = NULL;
	list->count = list->capacity = 0;
}

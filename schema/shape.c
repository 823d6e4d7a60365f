/* Nodes to values: each node against the type that its place wants.
 *
 * Recursion follows the tables, which are finite and ours; the tree was limited in depth
 * by its reader. */
#include "schema/check.h"

#include "schema/name.h"

#include <assert.h>

enum {
	CANDIDATES_MAX = 64,
	HELPFUL = 300 /* errors that get a suggestion: the search has its price */
};

/* -- saying what is wrong -- */

PRINTF_LIKE(5, 0)
static struct diagnostic *say(struct check *c, enum diagnostic_name name,
		const struct node *node, struct span span, const char *label,
		va_list args)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(64 * 1024);
	struct view path = VIEW("$");

	if (!diagnostics_full(c->d)) {
		path = node_path(c->arena, node);
		buf_vaddf(&text, label, args);
	}
	return diagnostics_add(c->d, name, path, span, "%.*s", VIEW_ARG(buf_view(&text)));
}

struct diagnostic *complain(struct check *c, enum diagnostic_name name,
		const struct node *node, const char *label, ...)
{
	struct diagnostic *item;
	va_list args;

	va_start(args, label);
	item = say(c, name, node, node->span, label, args);
	va_end(args);
	return item;
}

struct diagnostic *complain_key(struct check *c, enum diagnostic_name name,
		const struct node *node, const char *label, ...)
{
	struct diagnostic *item;
	va_list args;

	va_start(args, label);
	item = say(c, name, node, node_key_span(node), label, args);
	va_end(args);
	return item;
}

void help(struct check *c, struct diagnostic *item, const char *text, ...)
{
	CLEANUP(buf_free) struct buf made = BUF_NULL(64 * 1024);
	va_list args;

	va_start(args, text);
	buf_vaddf(&made, text, args);
	va_end(args);
	diagnostic_help(c->d, item, "%.*s", VIEW_ARG(buf_view(&made)));
}

void help_nearest(struct check *c, struct diagnostic *item, struct view word,
		const char *const *candidates, size_t count, const char *otherwise)
{
	const char *near = NULL;

	if (c->d->errors < HELPFUL)
		near = nearest_word(word, candidates, count);
	if (near)
		help(c, item, "did you mean `%s`?", near);
	else if (otherwise)
		help(c, item, "%s", otherwise);
}

static void say_not_served(struct check *c, const struct node *node, const char *what)
{
	struct diagnostic *item;

	if (c->silent)
		return;
	item = diagnostics_add(&c->not_served, NOT_SERVED_YET, node_path(c->arena, node),
			node_key_span(node), "this version does not act on %s", what);
	diagnostic_help(&c->not_served, item,
			"it is written right; leave it out until a version serves it");
}

/* -- plain values -- */

static const char *kind_of_node(const struct node *node)
{
	switch (node->kind) {
	case NODE_MAP:
		return "a map";
	case NODE_LIST:
		return "a list";
	default:
		return "a plain value";
	}
}

static void say_wrong_type(
		struct check *c, const struct type *type, const struct node *node)
{
	struct view wanted = type_describe(c->scratch, type);
	struct span span = node->kind == NODE_SCALAR ? node->span : node_key_span(node);
	struct diagnostic *item = diagnostics_add(c->d, WRONG_TYPE,
			diagnostics_full(c->d) ? VIEW("$") : node_path(c->arena, node),
			span, "%s stands here", kind_of_node(node));
	const char *colon = "";

	if (node->kind == NODE_SCALAR && view_find(node->text, ':') < node->text.len)
		colon = "; a colon has a blank behind it";
	help(c, item, "%.*s is wanted%s", VIEW_ARG(wanted), colon);
}

static void help_with_words(struct check *c, struct diagnostic *item,
		const struct type *type, struct view text)
{
	struct view wanted = type_describe(c->scratch, type);
	const char *otherwise = (const char *)arena_copy_z(c->scratch,
			arena_printf(c->scratch, "write %.*s", VIEW_ARG(wanted)));
	size_t count = 0;

	while (type->words && type->words[count])
		count++;
	help_nearest(c, item, text, type->words, count, otherwise);
}

static void help_with_size(struct check *c, struct diagnostic *item, struct view text)
{
	static const char letters[] = "KMGT";
	size_t digits = 0;
	const char *letter;

	while (digits < text.len && byte_is_digit(text.data[digits]))
		digits++;
	letter = digits < text.len ? strchr(letters, byte_upper(text.data[digits]))
				   : NULL;
	if (letter && *letter)
		help(c, item, "did you mean `%.*s%ciB`?",
				VIEW_ARG(view_sub(text, 0, digits)), *letter);
	else
		help(c, item, "units of a size are B, KiB, MiB, GiB and TiB: `%.*sMiB`",
				VIEW_ARG(view_sub(text, 0, digits)));
}

static void help_with_role(struct check *c, struct diagnostic *item, struct view text)
{
	static const char *const roles[] = { "admin", "auditor", "planner",
		"domain-admin:DOMAIN" };

	help_nearest(c, item, text, roles, ARRAY_LEN(roles),
			"a role is `admin`, `auditor`, `planner` or "
			"`domain-admin:DOMAIN`");
}

static void help_with_scalar(struct check *c, enum diagnostic_name name,
		struct diagnostic *item, const struct type *type, struct view text)
{
	struct view wanted;

	if (name == NOT_A_BOOLEAN) {
		help(c, item, "booleans are `true` and `false` alone");
	} else if (name == UNKNOWN_UNIT && type->kind == TYPE_SIZE) {
		help_with_size(c, item, text);
	} else if (name == UNKNOWN_UNIT && type->kind == TYPE_DURATION) {
		help(c, item,
				"units of a duration are w, d, h, m and s, the larger "
				"first: "
				"`2h30m`");
	} else if (name == UNKNOWN_UNIT) {
		help(c, item, "a rate is a number, `/`, and s, m, h or d: `300/d`");
	} else if (type->kind == TYPE_ROLE && name == UNKNOWN_WORD) {
		help_with_role(c, item, text);
	} else if (type->kind == TYPE_HASH) {
		help(c, item,
				"write the whole line that `posthus account passwd "
				"--hash` or "
				"`doveadm pw` prints, in quotes");
	} else if (type->words) {
		help_with_words(c, item, type, text);
	} else {
		wanted = type_describe(c->scratch, type);
		help(c, item, "%.*s is wanted", VIEW_ARG(wanted));
	}
}

static struct value *shape_plain(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *value = ARENA_NEW(c->arena, struct value);
	bool lines = field && field->flags & FIELD_LINES;
	struct diagnostic *item;
	const char *why = "";
	int r;

	r = scalar_parse(c->arena, type, node->text, lines, value, &why);
	if (r) {
		item = complain(c, (enum diagnostic_name)r, node, "%s", why);
		help_with_scalar(c, (enum diagnostic_name)r, item, type, node->text);
		return NULL;
	}
	return value;
}

/* -- lists and maps -- */

static bool same_plain(const struct value *a, const struct value *b)
{
	if (a->word != b->word || a->type != b->type)
		return false;
	switch (a->type->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_SIZE:
	case TYPE_DURATION:
	case TYPE_WORD:
		return a->number == b->number;
	case TYPE_RECORD:
	case TYPE_LIST:
	case TYPE_MAP:
		return false;
	default:
		return view_eq(a->text, b->text);
	}
}

static const struct value *find_same(const struct value *first, const struct value *item)
{
	for (const struct value *value = first; value; value = value->next)
		if (same_plain(value, item))
			return value;
	return NULL;
}

/* Lists are sets: a few items are compared pairwise, many by a map of their texts. */
static const struct value *seen_before(struct map *seen, const struct value *first,
		struct value *item, size_t count)
{
	bool text = type_is_plain(item->type) && item->type->kind > TYPE_DURATION &&
		    item->type->kind != TYPE_WORD;

	if (!text)
		return count < 100 ? find_same(first, item) : NULL;
	const struct value *before = map_get(seen, item->text);

	if (!before)
		map_set(seen, item->text, item);
	return before;
}

static struct value *shape_list(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	CLEANUP(map_free) struct map seen = MAP_NULL;
	struct value *list = ARENA_NEW(c->arena, struct value);
	struct value **end = &list->first;
	size_t count = 0;

	list->type = type;
	for (struct node *child = node->first; child; child = child->next) {
		struct value *item = shape_value(c, type->item, field, child);
		const struct value *before;

		if (!item)
			continue;
		before = seen_before(&seen, list->first, item, count++);
		if (before) {
			struct diagnostic *twice = complain(c, DUPLICATE_ITEM, child,
					"the list names this a second time");

			diagnostic_frame(c->d, twice, before->node->span,
					"first named here");
			continue;
		}
		item->field = NULL;
		*end = item;
		end = &item->next;
	}
	return list;
}

/* A plain value, or a map, where a list is wanted: a list of one. */
static struct value *shape_list_of_one(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *list, *item;

	if (node->kind == NODE_MAP && type->item->kind != TYPE_RECORD) {
		say_wrong_type(c, type, node);
		return NULL;
	}
	item = shape_value(c, type->item, field, node);
	if (!item)
		return NULL;
	list = ARENA_NEW(c->arena, struct value);
	list->type = type;
	item->field = NULL;
	list->first = item;
	return list;
}

static bool shape_key(struct check *c, const struct type *type, struct node *node,
		struct view *out)
{
	struct value key = { 0 };
	struct diagnostic *item;
	const char *why = "";
	int r = scalar_parse(c->arena, type, node->key, false, &key, &why);

	if (r) {
		item = complain_key(c, (enum diagnostic_name)r, node, "%s", why);
		help(c, item, "the key is %.*s",
				VIEW_ARG(type_describe(c->scratch, type)));
		return false;
	}
	*out = key.text;
	return true;
}

static struct value *shape_map(
		struct check *c, const struct type *type, struct node *node)
{
	struct value *map = ARENA_NEW(c->arena, struct value);
	struct value **end = &map->first;

	map->type = type;
	for (struct node *child = node->first; child; child = child->next) {
		struct view key = VIEW_NULL;
		bool good = shape_key(c, type->key, child, &key);
		struct value *entry = shape_value(c, type->item, NULL, child);

		if (!good || !entry)
			continue;
		entry->key = key;
		*end = entry;
		end = &entry->next;
	}
	return map;
}

/* -- records -- */

static void say_unknown_field(
		struct check *c, const struct table *table, const struct node *node)
{
	const char *names[CANDIDATES_MAX];
	size_t count = 0;
	struct diagnostic *item = complain_key(
			c, UNKNOWN_FIELD, node, "no such field in %s", table->noun);

	for (size_t i = 0; i < table->count && count < CANDIDATES_MAX; i++)
		names[count++] = table->fields[i].name;
	for (size_t i = 0; table->also && i < table->also->count; i++)
		if (table->also->fields[i].flags & FIELD_GROUP && count < CANDIDATES_MAX)
			names[count++] = table->also->fields[i].name;
	help_nearest(c, item, node->key, names, count, NULL);
}

static bool is_plain_word(const struct value *value, const char *word)
{
	return value && value->type->kind == TYPE_WORD &&
	       view_eq(view_z(value->type->words[value->number]), view_z(word));
}

static void check_served(struct check *c, const struct field *field,
		const struct value *value, const struct node *node)
{
	if (!(field->flags & FIELD_SERVED))
		say_not_served(c, node,
				arena_copy_z(c->arena, arena_printf(c->arena, "`%s`",
								       field->name)));
	else if (field->served_word && value && !is_plain_word(value, field->served_word))
		say_not_served(c, node,
				arena_copy_z(c->arena,
						arena_printf(c->arena,
								"`%s` other than `%s`",
								field->name,
								field->served_word)));
}

static struct value *shape_field(
		struct check *c, const struct field *field, struct node *node)
{
	bool served = field->flags & FIELD_SERVED;
	struct value *value;

	if (field->deprecated) {
		struct diagnostic *item = complain_key(
				c, DEPRECATED_FIELD, node, "a later version drops this");

		help(c, item, "write %s", field->deprecated);
	}
	if (!served)
		check_served(c, field, NULL, node);
	c->silent += !served;
	value = shape_value(c, field->type, field, node);
	c->silent -= !served;
	if (served && value)
		check_served(c, field, value, node);
	if (value)
		value->field = field;
	return value;
}

static bool may_stand_here(struct check *c, const struct field *field,
		const struct table *table, struct node *node)
{
	struct diagnostic *item;

	if (!c->in_defaults || !(field->flags & FIELD_OWN) || table->kind == KIND_NONE)
		return true;
	item = complain_key(c, UNKNOWN_FIELD, node, "no default can be said for this");
	help(c, item, "`%s` belongs to each object alone", field->name);
	return false;
}

static void check_required(
		struct check *c, const struct table *table, const struct node *node)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		struct diagnostic *item;
		struct view wanted;

		if (!(field->flags & FIELD_REQUIRED) ||
				node_child(node, view_z(field->name)))
			continue;
		item = complain_key(
				c, MISSING_FIELD, node, "`%s` is missing", field->name);
		wanted = type_describe(c->scratch, field->type);
		help(c, item, "add `%s:`, %s (%.*s)", field->name, field->help,
				VIEW_ARG(wanted));
	}
}

static struct view joined(struct check *c, const char *const *names)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(4096);

	for (size_t i = 0; names[i]; i++)
		buf_addf(&text, "%s`%s`",
				i == 0         ? ""
				: names[i + 1] ? ", "
					       : " or ",
				names[i]);
	return arena_copy(c->scratch, buf_view(&text));
}

static void check_one_of(
		struct check *c, const struct table *table, const struct node *node)
{
	const struct node *first = NULL;
	struct diagnostic *item = NULL;

	for (size_t i = 0; table->one_of[i]; i++) {
		const struct node *child = node_child(node, view_z(table->one_of[i]));

		if (child && first) {
			item = complain_key(c, ONE_OF, child,
					"`%.*s` and `%.*s` exclude each other",
					VIEW_ARG(first->key), VIEW_ARG(child->key));
			diagnostic_frame(c->d, item, node_key_span(first), "the other");
		} else if (child) {
			first = child;
		}
	}
	if (!first && !c->partial)
		item = complain_key(c, ONE_OF, node, "nothing is said here that counts");
	if (item)
		help(c, item, "%s has exactly one of %.*s", table->noun,
				VIEW_ARG(joined(c, table->one_of)));
}

struct value *shape_record(struct check *c, const struct table *table, struct node *node)
{
	struct value *first = NULL, **end = &first;

	for (struct node *child = node->first; child; child = child->next) {
		const struct field *field = table_field(table, child->key);
		struct value *value;

		if (!field) {
			say_unknown_field(c, table, child);
			continue;
		}
		if (!may_stand_here(c, field, table, child))
			continue;
		value = shape_field(c, field, child);
		if (!value)
			continue;
		*end = value;
		end = &value->next;
	}
	if (!c->partial)
		check_required(c, table, node);
	if (table->one_of)
		check_one_of(c, table, node);
	return first;
}

static void say_plain_secret(
		struct check *c, const struct table *table, const struct node *node)
{
	static const char *const one[] = { "host_file", NULL };
	struct diagnostic *item = complain(
			c, PLAIN_SECRET, node, "a secret never stands in plain text");

	help(c, item,
			"write a map with %.*s; whoever saw this file knows the secret: "
			"change it",
			VIEW_ARG(joined(c, table->one_of ? table->one_of : one)));
}

/* `dns: main` is `dns: {provider: main}`, `dns: none` is `dns: {mode: none}`. */
static const struct field *short_field(const struct table *table, const struct node *node)
{
	const struct field *word =
			table->short_word ? table_field(table, view_z(table->short_word))
					  : NULL;

	for (size_t i = 0; word && node->kind == NODE_SCALAR && word->type->words[i]; i++)
		if (view_eq(node->text, view_z(word->type->words[i])))
			return word;
	return table->short_form ? table_field(table, view_z(table->short_form)) : NULL;
}

static struct value *shape_short(
		struct check *c, const struct type *type, struct node *node)
{
	const struct field *field = short_field(type->table, node);
	struct value *record, *value;

	if (!field && type->table->secret && node->kind == NODE_SCALAR) {
		say_plain_secret(c, type->table, node);
		return NULL;
	}
	if (!field) {
		say_wrong_type(c, type, node);
		return NULL;
	}
	value = shape_field(c, field, node);
	if (!value)
		return NULL;
	record = ARENA_NEW(c->arena, struct value);
	record->type = type;
	record->first = value;
	return record;
}

/* -- any value -- */

static bool is_word_besides(const struct type *type, const struct node *node)
{
	for (size_t i = 0; node->kind == NODE_SCALAR && type->words && type->words[i];
			i++)
		if (view_eq(node->text, view_z(type->words[i])))
			return true;
	return false;
}

static struct value *shape_by_kind(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *value;

	switch (type->kind) {
	case TYPE_LIST:
		return node->kind == NODE_LIST ? shape_list(c, type, field, node)
					       : shape_list_of_one(c, type, field, node);
	case TYPE_MAP:
		if (node->kind == NODE_MAP)
			return shape_map(c, type, node);
		break;
	case TYPE_RECORD:
		if (node->kind != NODE_MAP)
			return shape_short(c, type, node);
		value = ARENA_NEW(c->arena, struct value);
		value->type = type;
		value->first = shape_record(c, type->table, node);
		return value;
	default:
		if (node->kind == NODE_SCALAR)
			return shape_plain(c, type, field, node);
		break;
	}
	say_wrong_type(c, type, node);
	return NULL;
}

struct value *shape_value(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *value;

	if (node->bad)
		return NULL;
	if (!type_is_plain(type) && is_word_besides(type, node)) {
		value = ARENA_NEW(c->arena, struct value);
		value->type = type;
		value->word = true;
		value->text = node->text;
	} else {
		value = shape_by_kind(c, type, field, node);
	}
	if (value) {
		value->node = node;
		value->origin = ORIGIN_OBJECT;
	}
	return value;
}

/* -- the whole state -- */

/* What was dropped is still asked for elsewhere: that is no error of its own. */
static void remember_lost(struct check *c, const struct node *node, bool key)
{
	const struct node *id =
			node->kind == NODE_MAP ? node_child(node, VIEW("id")) : NULL;

	if (key && node->key.len)
		map_set(&c->lost, node->key, c);
	if (id && id->kind == NODE_SCALAR)
		map_set(&c->lost, id->text, c);
}

static void shape_object(struct check *c, const struct type *section, struct node *node)
{
	const struct table *table = section->item->table;
	struct objects *objects = &c->kinds[table->kind];
	struct desired_object *object = object_at(objects, objects->count);
	struct value *value;
	bool good = shape_key(c, section->key, node, &object->key);

	object->kind = table->kind;
	object->span = node_whole_span(node);
	object->key_span = node_key_span(node);
	object->node = node;
	c->partial += table->kind == KIND_GROUP;
	value = shape_value(c, section->item, NULL, node);
	c->partial -= table->kind == KIND_GROUP;
	object->values = value ? value->first : NULL;
	if (!good || !value_at(object->values, "id"))
		remember_lost(c, node, !good);
	objects->count += good;
}

static void shape_objects(struct check *c, const struct field *field, struct node *node)
{
	const struct table *table = field->type->item->table;
	struct objects *objects = &c->kinds[table->kind];
	bool served = field->flags & FIELD_SERVED;

	if (is_word_besides(field->type, node))
		return;
	if (node->bad || node->kind != NODE_MAP) {
		if (!node->bad)
			say_wrong_type(c, field->type, node);
		c->incomplete = true;
		return;
	}
	objects->size = table->size;
	objects->declared = node->count;
	objects->items = arena_array(c->arena, node->count, table->size);
	if (!served && node->count)
		check_served(c, field, NULL, node);
	c->silent += !served;
	for (struct node *child = node->first; child; child = child->next)
		shape_object(c, field->type, child);
	c->silent -= !served;
}

static bool holds_objects(const struct field *field)
{
	const struct table *table = type_table(field->type);

	return field->type->kind == TYPE_MAP && table && table->kind != KIND_NONE;
}

static void shape_defaults(struct check *c, const struct field *field, struct node *node)
{
	struct value *value;

	c->partial++;
	c->in_defaults++;
	value = shape_field(c, field, node);
	c->in_defaults--;
	c->partial--;
	if (!value)
		return;
	for (struct value *of = value->first; of; of = of->next)
		c->defaults[of->type->table->kind] = of->first;
}

void shape_state(struct check *c, struct node *root)
{
	struct value **end = &c->root;

	for (struct node *child = root->first; child; child = child->next) {
		const struct field *field = table_field(c->root_table, child->key);
		struct value *value;

		if (!field) {
			say_unknown_field(c, c->root_table, child);
		} else if (holds_objects(field)) {
			shape_objects(c, field, child);
		} else if (view_eq(child->key, VIEW("defaults"))) {
			shape_defaults(c, field, child);
		} else {
			value = shape_field(c, field, child);
			if (!value)
				continue;
			*end = value;
			end = &value->next;
		}
	}
	if (!c->incomplete)
		check_required(c, c->root_table, root);
}

/* Records: each field against its row of the table. */
#include "schema/check.h"

/* The word, where it is one that this version does not act on. */
static const char *later_word(const struct field *field, const struct value *value)
{
	if (!field->later_words || !value || value->type->kind != TYPE_WORD)
		return NULL;
	for (const char *const *word = field->later_words; *word; word++)
		if (strcmp(value->type->words[value->number], *word) == 0)
			return *word;
	return NULL;
}

void check_served(struct check *c, const struct field *field, const struct value *value,
		const struct node *node)
{
	if (!(field->flags & FIELD_SERVED))
		say_not_served(c, node,
				arena_copy_z(c->arena, arena_printf(c->arena, "`%s`",
								       field->name)));
	else if (later_word(field, value))
		say_not_served(c, node,
				arena_copy_z(c->arena,
						arena_printf(c->arena, "`%s: %s`",
								field->name,
								later_word(field,
										value))));
}

struct value *shape_field(struct check *c, const struct field *field, struct node *node)
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

void check_required(struct check *c, const struct table *table, const struct node *node)
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
		if (type_is_plain(field->type))
			help(c, item, "add `%s:`, %s (%.*s)", field->name, field->help,
					VIEW_ARG(wanted));
		else
			help(c, item, "add `%s: %.*s`, %s", field->name,
					VIEW_ARG(form_of(c, field->type)), field->help);
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
	bool unknown = false; /* what was meant is in a field that does not exist */

	for (const struct node *child = node->first; child; child = child->next)
		unknown = unknown || !table_field(table, child->key);
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
	if (!first && !unknown && !c->partial)
		item = complain_key(c, ONE_OF, node, "nothing is said here that counts");
	if (item)
		help(c, item, "%s has exactly one of %.*s", table->noun,
				VIEW_ARG(joined(c, table->one_of)));
}

/* `{members: anna, bo}`: `bo` is no field, and that its value is missing was said. */
static bool is_empty_in_braces(const struct node *node)
{
	return node->bad && node->kind == NODE_SCALAR && !node->text.len &&
	       node->parent->style == STYLE_FLOW;
}

struct value *shape_record(struct check *c, const struct table *table, struct node *node)
{
	struct value *first = NULL, **end = &first;

	for (struct node *child = node->first; child; child = child->next) {
		const struct field *field = table_field(table, child->key);
		struct value *value;

		if (!field) {
			if (!is_empty_in_braces(child))
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
	const char *first = table->one_of ? table->one_of[0] : table->fields[0].name;
	struct diagnostic *item = complain(
			c, PLAIN_SECRET, node, "a secret never stands in plain text");

	if (node->text.len && node->text.data[0] == '/' &&
			table_field(table, VIEW("host_file"))) {
		help(c, item, "a file is named by `%.*s: {host_file: /…}`",
				VIEW_ARG(node->key));
		return;
	}
	help(c, item,
			"write `%.*s: {%s: …}`, or another of %.*s; whoever saw this "
			"file "
			"knows the secret: change it",
			VIEW_ARG(node->key), first,
			VIEW_ARG(table->one_of ? joined(c, table->one_of)
					       : view_z(first)));
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

struct value *shape_short(struct check *c, const struct type *type, struct node *node)
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
	record = ARENA_NEW(c->tree, struct value);
	record->type = type;
	record->first = value;
	return record;
}

/* Saying what is wrong with a node: its path, its place, what was meant. */
#include "schema/check.h"

#include "schema/name.h"

enum {
	GUESSES_MOST = 500 * 1000 /* names */
};

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

bool may_guess(struct check *c, size_t names)
{
	if (c->guessed >= GUESSES_MOST)
		return false;
	c->guessed += names;
	return true;
}

void help_nearest(struct check *c, struct diagnostic *item, struct view word,
		const char *const *candidates, size_t count, const char *otherwise)
{
	const char *near = NULL;

	if (may_guess(c, count))
		near = nearest_word(word, candidates, count);
	if (near)
		help(c, item, "did you mean `%s`?", near);
	else if (otherwise)
		help(c, item, "%s", otherwise);
}

void say_not_served(struct check *c, const struct node *node, const char *what)
{
	struct diagnostic *item;

	if (c->silent)
		return;
	item = diagnostics_add(&c->not_served, NOT_SERVED_YET, node_path(c->arena, node),
			node_key_span(node), "this version does not act on %s", what);
	diagnostic_help(&c->not_served, item,
			"it is written right; leave it out until a version serves it");
}

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

/* The field by which a record is shown. */
static const char *first_field(const struct table *table)
{
	if (table->one_of)
		return table->one_of[0];
	for (size_t i = 0; i < table->count; i++)
		if (table->fields[i].flags & FIELD_REQUIRED)
			return table->fields[i].name;
	return table->fields[table->count > 1 && strcmp(table->fields[0].name, "id") == 0]
			.name;
}

static const char *key_for_example(const struct type *key)
{
	switch (key->kind) {
	case TYPE_ADDRESS:
		return "anna@a.example";
	case TYPE_DOMAIN:
		return "a.example";
	case TYPE_REFERENCE:
		return "anna";
	default:
		return "main";
	}
}

struct view form_of(struct check *c, const struct type *type)
{
	switch (type->kind) {
	case TYPE_RECORD:
		return arena_printf(c->scratch, "{%s: …}", first_field(type->table));
	case TYPE_LIST:
		return arena_printf(
				c->scratch, "[%.*s]", VIEW_ARG(form_of(c, type->item)));
	case TYPE_MAP:
		return arena_printf(c->scratch, "{%s: %.*s}", key_for_example(type->key),
				VIEW_ARG(form_of(c, type->item)));
	case TYPE_WORD:
		return view_z(type->words[0]);
	default:
		return VIEW("…");
	}
}

void say_wrong_type(struct check *c, const struct type *type, const struct node *node)
{
	struct span span = node->kind == NODE_SCALAR ? node->span : node_key_span(node);
	struct diagnostic *item = diagnostics_add(c->d, WRONG_TYPE,
			diagnostics_full(c->d) ? VIEW("$") : node_path(c->arena, node),
			span, "%s stands here", kind_of_node(node));
	const char *more = "";

	if (diagnostics_full(c->d))
		return;
	if (node->kind == NODE_SCALAR && view_find(node->text, '=') < node->text.len)
		more = "; a colon and a blank, not `=`";
	else if (node->kind == NODE_SCALAR && view_find(node->text, ':') < node->text.len)
		more = "; a colon has a blank behind it";
	if (type_is_plain(type))
		help(c, item, "write %.*s", VIEW_ARG(type_describe(c->scratch, type)));
	else
		help(c, item, "write %.*s, like `%.*s%s%.*s`%s",
				VIEW_ARG(type_describe(c->scratch, type)),
				VIEW_ARG(view_sub(node->key, 0, 100)),
				node->key.len ? ": " : "", VIEW_ARG(form_of(c, type)),
				more);
}

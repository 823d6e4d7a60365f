/* Lists, which are sets, and maps. */
#include "schema/check.h"

#include "schema/rewrite.h"

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

struct value *shape_list(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	CLEANUP(map_free) struct map seen = MAP_NULL;
	struct value *list = ARENA_NEW(c->tree, struct value);
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
			help(c, twice, "name it once");
			continue;
		}
		item->field = NULL;
		*end = item;
		end = &item->next;
	}
	return list;
}

/* `anna, bo`: several names in one plain value. None of these has a comma or a blank. */
static bool is_unbracketed(const struct type *item, const struct node *node)
{
	bool name = item->kind == TYPE_WORD || item->kind == TYPE_ADDRESS ||
		    item->kind == TYPE_IP || item->kind == TYPE_NETWORK ||
		    item->kind == TYPE_REACH || item->kind == TYPE_DOMAIN ||
		    item->kind == TYPE_REFERENCE || item->kind == TYPE_ROLE;

	return name && node->kind == NODE_SCALAR && node->style == STYLE_PLAIN &&
	       (view_find(node->text, ',') < node->text.len ||
			       view_find(node->text, ' ') < node->text.len);
}

static void say_unbracketed(struct check *c, const struct node *node)
{
	CLEANUP(buf_free) struct buf list = BUF_NULL(4096);
	struct diagnostic *item =
			complain(c, WRONG_TYPE, node, "several values stand here as one");
	struct view rest = node->text;

	while (rest.len) {
		size_t end = 0;

		if (rest.data[0] == '-')
			rest = view_from(rest, 1); /* `-anna` for `- anna` */
		while (end < rest.len && !strchr(", \t\n", rest.data[end]))
			end++;
		if (end)
			buf_addf(&list, "%s%.*s", list.len ? ", " : "",
					VIEW_ARG(view_sub(rest, 0, end)));
		rest = view_from(rest, end + 1);
	}
	help(c, item, "a list is written in brackets: `[%.*s]`",
			VIEW_ARG(buf_view(&list)));
}

/* A plain value, or a map, where a list is wanted: a list of one. */
struct value *shape_list_of_one(struct check *c, const struct type *type,
		const struct field *field, struct node *node)
{
	struct value *list, *item;

	if (node->kind == NODE_MAP && type->item->kind != TYPE_RECORD) {
		say_wrong_type(c, type, node);
		return NULL;
	}
	if (is_unbracketed(type->item, node)) {
		say_unbracketed(c, node);
		return NULL;
	}
	item = shape_value(c, type->item, field, node);
	if (!item)
		return NULL;
	list = ARENA_NEW(c->tree, struct value);
	list->type = type;
	item->field = NULL;
	list->first = item;
	return list;
}

/* The first domain that the state has, for an example; `a.example` where it has none. */
static struct view domain_for_example(const struct node *node)
{
	const struct node *domains;

	while (node->parent)
		node = node->parent;
	domains = node->kind == NODE_MAP ? node_child(node, VIEW("domains")) : NULL;
	if (domains && domains->kind == NODE_MAP && domains->first)
		return domains->first->key;
	return VIEW("a.example");
}

static void help_with_key(struct check *c, struct diagnostic *item,
		const struct type *map, const struct node *node)
{
	const struct table *table = type_table(map->item);
	struct view meant = rewrite_value(c->scratch, map->key, NULL, node->key);
	struct view wanted = type_describe(c->scratch, map->key);
	bool word = view_find(node->key, '@') == node->key.len &&
		    node_is_plain_word(node->key);

	if (table && table_field(table, node->key) && map->key->kind != TYPE_NAME)
		help(c, item,
				"`%.*s` is a field of %s: the key comes first, "
				"`%s: {%.*s: …}`",
				VIEW_ARG(node->key), table->noun,
				map->key->kind == TYPE_ADDRESS ? "anna@a.example"
							       : "a.example",
				VIEW_ARG(node->key));
	else if (map->key->kind == TYPE_ADDRESS && word)
		help(c, item, "write the whole address: `%.*s@%.*s`", VIEW_ARG(node->key),
				VIEW_ARG(domain_for_example(node)));
	else if (meant.len)
		help(c, item, "write `%.*s`", VIEW_ARG(meant));
	else
		help(c, item, "the key is %.*s%s", VIEW_ARG(wanted),
				example_of(map->key));
}

bool shape_key(struct check *c, const struct type *map, struct node *node,
		struct view *out)
{
	struct value key = { 0 };
	struct diagnostic *item;
	const char *why = "";
	int r = scalar_parse(c->arena, map->key, node->key, false, &key, &why);

	if (r) {
		item = complain_key(c, (enum diagnostic_name)r, node, "%s", why);
		if (!diagnostics_full(c->d))
			help_with_key(c, item, map, node);
		return false;
	}
	*out = key.text;
	return true;
}

struct value *shape_map(struct check *c, const struct type *type, struct node *node)
{
	struct value *map = ARENA_NEW(c->tree, struct value);
	struct value **end = &map->first;

	map->type = type;
	for (struct node *child = node->first; child; child = child->next) {
		struct view key = VIEW_NULL;
		bool good = shape_key(c, type, child, &key);
		struct value *entry = shape_value(c, type->item, NULL, child);

		if (!good || !entry)
			continue;
		entry->key = key;
		*end = entry;
		end = &entry->next;
	}
	return map;
}

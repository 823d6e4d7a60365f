/* Lists, which are sets, and maps. */
#include "schema/check.h"

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
struct value *shape_list_of_one(struct check *c, const struct type *type,
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

bool shape_key(struct check *c, const struct type *type, struct node *node,
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

struct value *shape_map(struct check *c, const struct type *type, struct node *node)
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

/* Places and paths of nodes, and the keys that stand twice. */
#include "schema/node.h"

#include "runtime/base/map.h"

enum {
	FEW_KEYS = 12 /* of a map: compared pairwise */
};

struct span node_key_span(const struct node *node)
{
	if (node->key_end == 0)
		return node->span;
	return (struct span){ node->span.file, node->key_start, node->key_end };
}

struct span node_whole_span(const struct node *node)
{
	if (node->key_end == 0)
		return node->span;
	return (struct span){ node->span.file, node->key_start, node->span.end };
}

struct node *node_child(const struct node *map, struct view key)
{
	for (struct node *child = map->first; child; child = child->next)
		if (view_eq(child->key, key))
			return child;
	return NULL;
}

bool node_is_plain_word(struct view key)
{
	for (size_t i = 0; i < key.len; i++)
		if (!byte_is_alpha(key.data[i]) && !byte_is_digit(key.data[i]) &&
				key.data[i] != '_')
			return false;
	return key.len > 0;
}

static uint32_t number_in_list(const struct node *item)
{
	uint32_t number = 0;

	for (const struct node *other = item->parent->first; other != item;
			other = other->next)
		number++;
	return number;
}

struct view node_path(struct arena *arena, const struct node *node)
{
	CLEANUP(buf_free) struct buf path = BUF_NULL(64 * 1024);
	const struct node *way[NODE_DEPTH_MAX + 2];
	size_t count = 0;

	for (; node && node->parent && count < ARRAY_LEN(way); node = node->parent)
		way[count++] = node;
	buf_add_byte(&path, '$');
	while (count) {
		const struct node *step = way[--count];

		if (step->parent->kind == NODE_LIST)
			buf_addf(&path, "[%u]", number_in_list(step));
		else if (node_is_plain_word(step->key))
			buf_addf(&path, ".%.*s", VIEW_ARG(step->key));
		else
			buf_addf(&path, "[%.*s]", VIEW_ARG(view_sub(step->key, 0, 200)));
	}
	return arena_copy(arena, buf_view(&path));
}

/* -- duplicates -- */

static void report_duplicate(struct diagnostics *d, const struct node *first,
		const struct node *second)
{
	struct diagnostic *item;

	item = diagnostics_add(d, DUPLICATE_KEY,
			diagnostics_full(d) ? VIEW("$") : node_path(d->arena, second),
			node_key_span(second), "this key stands here a second time");
	diagnostic_frame(d, item, node_key_span(first), "first declared here");
	diagnostic_help(d, item, "keep one of them, with what both say");
}

static struct node *earlier_twin(const struct node *map, const struct node *child)
{
	for (struct node *other = map->first; other != child; other = other->next)
		if (view_eq(other->key, child->key))
			return other;
	return NULL;
}

void node_drop_duplicates(struct node *map, struct diagnostics *d)
{
	CLEANUP(map_free) struct map seen = MAP_NULL;
	bool few = map->count <= FEW_KEYS;
	struct node *kept = NULL, *next;

	for (struct node *child = map->first; child; child = next) {
		struct node *first = few ? earlier_twin(map, child)
					 : map_get(&seen, child->key);

		next = child->next;
		if (first) {
			report_duplicate(d, first, child);
			kept->next = next;
			map->count--;
			continue;
		}
		if (!few)
			map_set(&seen, child->key, child);
		kept = child;
	}
	map->last = kept;
}

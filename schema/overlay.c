/* Objects as they were applied, put where the files' own would be read. */
#include "schema/check.h"

#include "schema/overlay.h"

#include <jansson.h>

/* -- JSON to nodes -- */

static struct node *node_new(struct check *c, const struct node *at, enum node_kind kind)
{
	struct node *node = ARENA_NEW(c->tree, struct node);

	*node = (struct node){
		.kind = kind,
		.style = STYLE_QUOTED,
		.span = at ? node_key_span(at) : (struct span){ 0 },
	};
	node->key_start = node->span.start;
	node->key_end = node->span.end;
	return node;
}

static void add_child(struct node *parent, struct node *child, struct view key)
{
	child->parent = parent;
	child->key = key;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

static struct view scalar_text(struct check *c, const json_t *json)
{
	if (json_is_boolean(json))
		return json_is_true(json) ? VIEW("true") : VIEW("false");
	if (json_is_integer(json))
		return arena_printf(
				c->arena, "%lld", (long long)json_integer_value(json));
	return arena_copy(c->arena,
			view_of(json_string_value(json), json_string_length(json)));
}

/* Canonical forms are ours: they nest as deep as the tables do. */
static struct node *node_of(struct check *c, const struct node *at, json_t *json)
{
	struct node *node;
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_object(json)) {
		node = node_new(c, at, NODE_MAP);
		json_object_foreach (json, key, member)
			add_child(node, node_of(c, at, member),
					arena_copy(c->arena, view_z(key)));
	} else if (json_is_array(json)) {
		node = node_new(c, at, NODE_LIST);
		json_array_foreach (json, i, member)
			add_child(node, node_of(c, at, member), VIEW_NULL);
	} else {
		node = node_new(c, at, NODE_SCALAR);
		node->text = scalar_text(c, json);
	}
	return node;
}

/* A secret is known by its digest alone. */
static void drop_secrets(enum kind kind, json_t *root)
{
	const struct table *table = table_of_kind(kind);

	for (size_t i = 0; i < table->count; i++)
		if (table_is_secret(&table->fields[i]))
			json_object_del(root, table->fields[i].name);
}

static struct node *node_of_entry(
		struct check *c, const struct node *at, const struct overlay_entry *entry)
{
	json_t *root = json_loadb(entry->spec.data, entry->spec.len, 0, NULL);
	struct node *node, *id;

	drop_secrets(entry->kind, root);
	node = node_of(c, at, root);
	json_decref(root);
	if (entry->id.len) {
		id = node_new(c, at, NODE_SCALAR);
		id->text = entry->id;
		add_child(node, id, VIEW("id"));
	}
	return node;
}

/* -- finding -- */

static struct view span_view(const struct span *span)
{
	return view_of(span, sizeof(*span));
}

void overlay_index(struct check *c)
{
	const struct overlay *overlay = c->options->overlay;

	for (size_t i = 0; overlay && i < overlay->count; i++)
		if (overlay->entries[i].way != OVERLAY_ADD)
			map_set(&c->overlaid, span_view(&overlay->entries[i].key_span),
					(void *)&overlay->entries[i]);
}

const struct overlay_entry *overlay_kept(const struct check *c, const struct node *node)
{
	return c->options->overlay ? map_get(&c->kept, view_of(&node, sizeof(node)))
				   : NULL;
}

const struct overlay_entry *overlay_at(const struct check *c, const struct node *node)
{
	const struct span span = node_key_span(node);
	const struct overlay_entry *kept = overlay_kept(c, node);

	if (kept || !c->options->overlay)
		return kept;
	return map_get(&c->overlaid, span_view(&span));
}

/* -- putting in place -- */

struct node *overlay_node(
		struct check *c, const struct node *at, const struct overlay_entry *entry)
{
	struct node *node = node_of_entry(c, at, entry);
	const struct node **key = ARENA_NEW(c->arena, const struct node *);

	*key = node;
	node->parent = at ? at->parent : NULL;
	node->key = entry->key;
	map_set(&c->kept, view_of(key, sizeof(*key)), (void *)entry);
	return node;
}

static void add_to_section(
		struct check *c, struct node *root, const struct overlay_entry *entry)
{
	const struct field *field = table_section(entry->kind);
	struct node *section = field ? node_child(root, view_z(field->name)) : NULL;
	struct node *node;

	if (field && field->type->kind == TYPE_RECORD && !section)
		add_child(root, overlay_node(c, NULL, entry), view_z(field->name));
	if (!field || field->type->kind == TYPE_RECORD)
		return;
	if (!section) {
		section = node_new(c, NULL, NODE_MAP);
		add_child(root, section, view_z(field->name));
	}
	if (section->kind != NODE_MAP)
		return;
	node = overlay_node(c, section, entry);
	add_child(section, node, entry->key);
}

void overlay_add(struct check *c, struct node *root)
{
	const struct overlay *overlay = c->options->overlay;

	for (size_t i = 0; overlay && i < overlay->count; i++)
		if (overlay->entries[i].way == OVERLAY_ADD)
			add_to_section(c, root, &overlay->entries[i]);
}

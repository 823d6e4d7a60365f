/* Nodes to values: each node against the type that its place wants.
 *
 * Recursion follows the tables, which are finite and ours; the tree was limited in depth
 * by its reader. */
#include "schema/check.h"

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
		value = ARENA_NEW(c->tree, struct value);
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
		value = ARENA_NEW(c->tree, struct value);
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
	const struct overlay_entry *entry = overlay_at(c, node);
	bool partial = entry || table->kind == KIND_GROUP;
	struct value *value = NULL;
	bool good;

	if (entry && entry->way == OVERLAY_DROP)
		return;
	object->kind = table->kind;
	object->span = node_whole_span(node);
	object->key_span = node_key_span(node);
	if (entry && entry->way == OVERLAY_KEEP)
		node = overlay_node(c, node, entry);
	object->node = node;
	if (entry)
		object->key = entry->key;
	good = entry || shape_key(c, section, node, &object->key);
	c->partial += partial;
	if (good || node->kind == NODE_MAP)
		value = shape_value(c, section->item, NULL, node);
	c->partial -= partial;
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

/* The policy is an object, too, and who is told. */
static struct value *shape_part(
		struct check *c, const struct field *field, struct node *node)
{
	const struct overlay_entry *entry = overlay_at(c, node);

	if (entry && entry->way == OVERLAY_DROP)
		return NULL;
	if (entry && entry->way == OVERLAY_KEEP)
		node = overlay_node(c, node, entry);
	return shape_field(c, field, node);
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
			value = shape_part(c, field, child);
			if (!value)
				continue;
			*end = value;
			end = &value->next;
		}
	}
	if (!c->incomplete)
		check_required(c, c->root_table, root);
}

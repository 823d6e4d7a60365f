/* Objects that changed their identity, and those whose data is destroyed: what a state says
 * of its past. */
#include "schema/check.h"

#include "schema/name.h"

enum {
	UID_DIGITS = 32
};

/* -- taking -- */

static size_t count_of(const struct value *list)
{
	size_t count = 0;

	for (const struct value *item = list ? list->first : NULL; item;
			item = item->next)
		count++;
	return count;
}

/* A member's text; of a word, the word. Empty where an error left it out. */
static struct view text_at(const struct value *record, const char *name)
{
	const struct value *value = value_at(record->first, name);

	if (!value)
		return VIEW_NULL;
	return value->type->kind == TYPE_WORD ? view_z(value->type->words[value->number])
					      : value->text;
}

/* The kind that a word names; KIND_NONE where an error left it out. */
static enum kind kind_at(const struct value *record)
{
	return kind_of(text_at(record, "kind"));
}

/* It is read as it was before it moved. */
static bool is_kept(const struct check *c, const struct value *record, const char *name)
{
	const struct desired_object *object =
			object_named(c, kind_at(record), text_at(record, name));

	return object && overlay_kept(c, object->node);
}

void moved_take(struct check *c, struct desired *desired)
{
	const struct value *list = value_at(c->root, "moved");

	desired->moved = arena_array(c->arena, count_of(list), sizeof(*desired->moved));
	for (const struct value *item = list ? list->first : NULL; item;
			item = item->next) {
		if (is_kept(c, item, "from"))
			continue;
		desired->moved[desired->moved_count++] = (struct desired_moved){
			.kind = text_at(item, "kind"),
			.from = text_at(item, "from"),
			.to = text_at(item, "to"),
			.span = item->node->span,
		};
	}
}

void purge_take(struct check *c, struct desired *desired)
{
	const struct value *list = value_at(c->root, "purge");

	desired->purges = arena_array(c->arena, count_of(list), sizeof(*desired->purges));
	for (const struct value *item = list ? list->first : NULL; item;
			item = item->next)
		desired->purges[desired->purge_count++] = (struct desired_purge){
			.kind = text_at(item, "kind"),
			.id = text_at(item, "id"),
			.uid = text_at(item, "uid"),
			.span = item->node->span,
		};
}

/* -- checking -- */

static void check_moved(struct check *c, const struct value *moved)
{
	const struct value *from = value_at(moved->first, "from");
	const struct value *to = value_at(moved->first, "to");
	enum kind kind = kind_at(moved);
	struct diagnostic *item;

	if (kind == KIND_NONE || !from || !to || is_kept(c, moved, "from"))
		return;
	if (object_named(c, kind, from->text)) {
		item = complain(c, EXCLUDES, from->node,
				"the state still has this one, so nothing has moved from "
				"it");
		help(c, item, "remove the entry, or the object");
	}
	if (!object_named(c, kind, to->text) && !map_get(&c->lost, to->text)) {
		item = complain(c, UNKNOWN_REFERENCE, to->node,
				"the state has no %s `%.*s`", kind_name(kind),
				VIEW_ARG(to->text));
		help(c, item, "name the object as it is called now, by its id or key");
	}
}

static bool is_uid(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_digit(text.data[i]) &&
				(text.data[i] < 'a' || text.data[i] > 'f'))
			return false;
	return text.len == UID_DIGITS;
}

static void check_purge(struct check *c, const struct value *purge)
{
	const struct value *id = value_at(purge->first, "id");
	const struct value *uid = value_at(purge->first, "uid");
	enum kind kind = kind_at(purge);
	struct diagnostic *item;

	if (uid && !is_uid(uid->text)) {
		item = complain(c, BAD_ID, uid->node, "not a uid");
		help(c, item,
				"`posthus get KIND/ID` shows it: 32 digits of 0-9 and "
				"a-f");
	}
	if (kind != KIND_NONE && id && object_named(c, kind, id->text) &&
			!is_kept(c, purge, "id")) {
		item = complain(c, EXCLUDES, id->node,
				"the state still has this one: it cannot go");
		help(c, item,
				"let it leave the state first; its data is kept for "
				"`policy.retain`");
	}
}

void moved_check(struct check *c)
{
	const struct value *moved = value_at(c->root, "moved");
	const struct value *purge = value_at(c->root, "purge");

	for (const struct value *item = moved ? moved->first : NULL; item;
			item = item->next)
		check_moved(c, item);
	for (const struct value *item = purge ? purge->first : NULL; item;
			item = item->next)
		check_purge(c, item);
}

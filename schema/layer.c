/* schema < defaults < groups < object. The nearest value wins; records join field by
 * field; a set that several groups give is their union, any other value that they give
 * must be the same. */
#include "schema/check.h"

/* The groups that one user is in, in the order of the files. */
struct membership {
	const struct desired_object *group;
	struct membership *next;
};

static size_t index_of(const struct objects *objects, const void *object)
{
	return (size_t)((const char *)object - objects->items) / objects->size;
}

/* Of one user: the first, and where the next one goes. */
struct memberships {
	struct membership *first, **end;
};

static void join_group(struct check *c, struct memberships *all,
		const struct desired_object *group)
{
	const struct value *members = value_at(group->values, "members");

	for (const struct value *m = members ? members->first : NULL; m; m = m->next) {
		struct membership *membership;
		struct memberships *of;
		struct desired_target target;

		if (!reference_target(c, m, &target) || target.kind != TARGET_USER)
			continue;
		membership = ARENA_NEW(c->scratch, struct membership);
		membership->group = group;
		of = &all[index_of(&c->kinds[KIND_USER], target.user)];
		*(of->end ? of->end : &of->first) = membership;
		of->end = &membership->next;
	}
}

static bool same_value(struct check *c, const struct value *a, const struct value *b)
{
	const struct canonical_options options = { 0 };
	CLEANUP(buf_free) struct buf x = BUF_NULL(1 << 20);
	CLEANUP(buf_free) struct buf y = BUF_NULL(1 << 20);

	canonical_value(a, &options, c->scratch, &x);
	canonical_value(b, &options, c->scratch, &y);
	return view_eq(buf_view(&x), buf_view(&y));
}

static struct value *copy_alone(struct check *c, const struct value *value)
{
	struct value *copy = ARENA_NEW(c->tree, struct value);

	*copy = *value;
	copy->next = NULL;
	return copy;
}

static void unite(struct check *c, struct value *list, const struct value *more)
{
	for (const struct value *item = more->first; item; item = item->next) {
		struct value *copy;
		bool there = false;

		for (const struct value *have = list->first; have && !there;
				have = have->next)
			there = same_value(c, have, item);
		if (there)
			continue;
		copy = copy_alone(c, item);
		copy->next = list->first;
		list->first = copy;
	}
}

static void say_groups_disagree(struct check *c, const struct desired_object *user,
		const struct value *one, const struct value *other)
{
	struct diagnostic *item = complain_key(c, GROUPS_DISAGREE, user->node,
			"two groups of this user give two values of `%s`",
			one->field->name);

	diagnostic_frame(c->d, item, one->node->span, "one");
	diagnostic_frame(c->d, item, other->node->span, "the other");
	help(c, item, "say `%s` of the user, or leave one of the groups",
			one->field->name);
}

static void add_group_value(struct check *c, const struct desired_object *user,
		struct value **together, const struct value *value)
{
	struct value *before = value_field(*together, value->field);

	if (!(value->field->flags & FIELD_GROUP) ||
			value_field(user->values, value->field))
		return;
	if (!before) {
		before = copy_alone(c, value);
		before->next = *together;
		*together = before;
		if (before->type->kind == TYPE_LIST) {
			before->first = NULL;
			unite(c, before, value);
		}
	} else if (before->type->kind == TYPE_LIST) {
		unite(c, before, value);
	} else if (!same_value(c, before, value)) {
		say_groups_disagree(c, user, before, value);
	}
}

static struct value *values_of_groups(struct check *c, const struct desired_object *user,
		const struct membership *membership)
{
	struct value *together = NULL;

	for (; membership; membership = membership->next)
		for (const struct value *value = membership->group->values; value;
				value = value->next)
			add_group_value(c, user, &together, value);
	return together;
}

/* All layers are in it already. */
static bool is_whole(const struct check *c, const struct desired_object *object)
{
	return overlay_kept(c, object->node);
}

static void layer_users(struct check *c)
{
	struct objects *users = &c->kinds[KIND_USER], *groups = &c->kinds[KIND_GROUP];
	struct memberships *memberships =
			arena_array(c->scratch, users->count, sizeof(*memberships));

	for (size_t i = 0; i < groups->count; i++)
		join_group(c, memberships, object_at(groups, i));
	for (size_t i = 0; i < users->count; i++) {
		struct desired_object *user = object_at(users, i);
		struct value *low;

		if (is_whole(c, user))
			continue;
		low = values_of_groups(c, user, memberships[i].first);
		user->values = value_layer(c->tree, user->values, low, ORIGIN_GROUP);
	}
}

/* A twin has its own DNS and takes the rest from its domain, so defaults would say
 * nothing of it. */
static bool takes_defaults(const struct desired_object *object)
{
	const struct desired_domain *domain =
			(const struct desired_domain *)(const void *)object;

	return object->kind != KIND_DOMAIN || !domain->same_as;
}

void layer_objects(struct check *c)
{
	layer_users(c);
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		for (size_t i = 0; c->defaults[kind] && i < c->kinds[kind].count; i++) {
			struct desired_object *object = object_at(&c->kinds[kind], i);

			if (takes_defaults(object) && !is_whole(c, object))
				object->values = value_layer(c->tree, object->values,
						c->defaults[kind], ORIGIN_DEFAULTS);
		}
}

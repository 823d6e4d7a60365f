/* References: a name or an address to the one object that it means.
 *
 * After the check a reference's text is KIND/IDENTITY, or a whole address where it does
 * not name an object, so that two ways to write one thing hash the same. */
#include "schema/check.h"

#include "schema/name.h"

enum {
	FEW = 6 /* names that are listed */
};

/* Why and where one is looked up. */
struct lookup {
	struct check *c;
	const struct type *type;
	const struct node *node;
	bool is_key;   /* it is the key of its node */
	bool remote;   /* may leave the state */
	bool template; /* of a pattern: `$1` may stand in it */
};

PRINTF_LIKE(3, 4)
static struct diagnostic *say(
		const struct lookup *l, enum diagnostic_name name, const char *label, ...)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(64 * 1024);
	va_list args;

	va_start(args, label);
	buf_vaddf(&text, label, args);
	va_end(args);
	return (l->is_key ? complain_key : complain)(
			l->c, name, l->node, "%.*s", VIEW_ARG(buf_view(&text)));
}

static bool takes(const struct lookup *l, enum kind kind)
{
	return l->type->kinds & REFERS(kind);
}

static struct view printed(struct check *c, const struct desired_object *object)
{
	return arena_printf(c->arena, "%s/%.*s", kind_name(object->kind),
			VIEW_ARG(desired_identity(object)));
}

/* -- what is near -- */

static void try_names(struct check *c, struct nearest *near, const struct map *names)
{
	struct view name;
	void *object;
	size_t at = 0;

	if (!may_guess(c, map_count(names)))
		return;
	while (map_next(names, &at, &name, &object))
		nearest_try(near, name);
}

/* The names to choose from where they are few, for the end of a help line. */
static struct view few_names(const struct lookup *l, unsigned kinds)
{
	CLEANUP(buf_free) struct buf list = BUF_NULL(4096);
	size_t count = 0;

	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		count += kinds & REFERS(kind) ? l->c->kinds[kind].count : 0;
	for (enum kind kind = KIND_NONE + 1; kind < KINDS && count <= FEW; kind++)
		for (size_t i = 0; kinds & REFERS(kind) && i < l->c->kinds[kind].count;
				i++) {
			const struct desired_object *object =
					object_at(&l->c->kinds[kind], i);

			buf_addf(&list, "%s`%.*s`", list.len ? ", " : ": here ",
					VIEW_ARG(l->type->kinds & ~REFERS(kind)
									? printed(l->c, object)
									: desired_identity(
											  object)));
		}
	return arena_copy(l->c->scratch, buf_view(&list));
}

/* Where the objects of the one kind in `kinds` stand. */
static const char *section_of(unsigned kinds)
{
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		if (kinds == REFERS(kind) && table_section(kind))
			return table_section(kind)->name;
	return "the state";
}

static void help_with_kinds(
		const struct lookup *l, struct diagnostic *item, unsigned kinds)
{
	struct view names = VIEW_NULL;

	if (!diagnostics_full(l->c->d))
		names = few_names(l, kinds);
	if (kinds != l->type->kinds && !names.len)
		help(l->c, item, "add it to `%s`, or write %.*s", section_of(kinds),
				VIEW_ARG(type_describe(l->c->scratch, l->type)));
	else
		help(l->c, item, "write %.*s%.*s",
				VIEW_ARG(type_describe(l->c->scratch, l->type)),
				VIEW_ARG(names));
}

/* Nothing in `kinds` has the name. */
static int unknown(const struct lookup *l, const char *what, struct view text,
		unsigned kinds)
{
	struct view name = view_from(text,
			view_find(text, '/') < text.len &&
							kind_of(view_sub(text, 0,
									view_find(text, '/')))
					? view_find(text, '/') + 1
					: 0);
	/* Two changes make any short name of any other. */
	struct nearest near = { .word = name, .most = name.len < 6 ? 1 : 0 };
	struct diagnostic *item;

	if (map_get(&l->c->lost, name))
		return UNKNOWN_REFERENCE;
	item = say(l, UNKNOWN_REFERENCE, "%s `%.*s`", what, VIEW_ARG(text));
	if (!diagnostics_full(l->c->d)) {
		for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
			if (!(kinds & REFERS(kind)))
				continue;
			try_names(l->c, &near, &l->c->kinds[kind].ids);
			try_names(l->c, &near, &l->c->kinds[kind].keys);
		}
		if (view_find(text, '@') < text.len && takes(l, KIND_USER))
			try_names(l->c, &near, &l->c->addresses);
	}
	if (near.best.data)
		help(l->c, item, "did you mean `%.*s%.*s`?",
				VIEW_ARG(view_sub(text, 0, text.len - name.len)),
				VIEW_ARG(near.best));
	else
		help_with_kinds(l, item, kinds);
	return UNKNOWN_REFERENCE;
}

/* -- the three ways to write one -- */

static int look_up_kind(const struct lookup *l, enum kind kind, struct view text,
		struct view *out)
{
	struct view name = text;
	struct desired_object *object;

	view_cut(&name, '/');

	if (!takes(l, kind)) {
		struct diagnostic *item = say(l, UNKNOWN_REFERENCE,
				"`%.*s` is of a kind that cannot stand here",
				VIEW_ARG(text));

		help_with_kinds(l, item, l->type->kinds);
		return UNKNOWN_REFERENCE;
	}
	object = object_named(l->c, kind, name);
	if (!object)
		return unknown(l, "the state has no", text, REFERS(kind));
	*out = printed(l->c, object);
	return 0;
}

/* The holder of an address as it is, or without the detail behind the separator. */
static const struct holder *holder_of(const struct check *c,
		const struct desired_domain *domain, struct view local)
{
	struct view name = domain->object.key, separator = domain->subaddress;
	const struct holder *holder;
	size_t at;

	holder = map_get(&c->addresses, arena_printf(c->scratch, "%.*s@%.*s",
							VIEW_ARG(local), VIEW_ARG(name)));
	if (holder || !separator.len)
		return holder;
	at = view_find(local, separator.data[0]);
	if (at == 0 || at == local.len)
		return NULL;
	return map_get(&c->addresses, arena_printf(c->scratch, "%.*s@%.*s",
						      VIEW_ARG(view_sub(local, 0, at)),
						      VIEW_ARG(name)));
}

/* Every domain has these (RFC 5321, 4.5.1; RFC 2142, 2), declared or not. */
static bool is_given_by_contact(struct view local)
{
	return view_eq(local, VIEW("postmaster")) || view_eq(local, VIEW("abuse"));
}

/* Who has exactly this address, and may stand here. */
static int look_up_holder(const struct lookup *l, struct view address, struct view *out)
{
	const struct holder *holder = map_get(&l->c->addresses, address);
	struct diagnostic *item;

	if (!holder)
		return unknown(l, "the state has no address", address, l->type->kinds);
	if (takes(l, holder->object->kind)) {
		*out = printed(l->c, holder->object);
		return 0;
	}
	item = say(l, UNKNOWN_REFERENCE, "this is the address of `%.*s`",
			VIEW_ARG(printed(l->c, holder->object)));
	diagnostic_frame(l->c->d, item, holder->object->key_span, "that object");
	help_with_kinds(l, item, l->type->kinds);
	return UNKNOWN_REFERENCE;
}

static int look_up_address(const struct lookup *l, struct view text, struct view *out)
{
	const struct desired_domain *domain;
	const struct holder *holder;
	struct diagnostic *item;
	struct view address, local, whole;
	const char *why;

	if (address_check(l->c->arena, text, &address, &why)) {
		item = (l->is_key ? complain_key : complain)(
				l->c, BAD_ADDRESS, l->node, "%s", why);
		help_with_kinds(l, item, l->type->kinds);
		return BAD_ADDRESS;
	}
	domain = domain_of_address(l->c, address);
	if (!domain && l->remote) {
		*out = address;
		return 0;
	}
	if (!domain)
		return unknown(l, "no domain of this state has", text, l->type->kinds);
	local = view_sub(address, 0, view_find_last(address, '@'));
	whole = arena_printf(l->c->arena, "%.*s@%.*s", VIEW_ARG(local),
			VIEW_ARG(domain->object.key));
	if (l->type->holders)
		return look_up_holder(l, whole, out);
	holder = holder_of(l->c, domain, local);
	if (!holder && is_given_by_contact(local)) {
		*out = address;
		return 0;
	}
	if (!holder)
		return unknown(l, "the state has no address", text, l->type->kinds);
	if (takes(l, holder->object->kind) && view_eq(holder->object->key, whole))
		*out = printed(l->c, holder->object);
	else
		*out = whole;
	return 0;
}

/* `eva+shop`: the id of a user, and a detail. */
static bool look_up_detail(const struct lookup *l, struct view text, struct view *out)
{
	size_t plus = view_find(text, '+');
	const struct desired_object *user;
	struct view domain, local;

	if (plus == 0 || plus == text.len || !takes(l, KIND_USER) || l->type->holders)
		return false;
	user = object_named(l->c, KIND_USER, view_sub(text, 0, plus));
	if (!user)
		return false;
	local = view_sub(user->key, 0, view_find_last(user->key, '@'));
	domain = view_from(user->key, local.len);
	*out = arena_printf(l->c->arena, "%.*s%.*s%.*s", VIEW_ARG(local),
			VIEW_ARG(view_from(text, plus)), VIEW_ARG(domain));
	return true;
}

static int look_up_name(const struct lookup *l, struct view text, struct view *out)
{
	struct desired_object *found = NULL;
	struct view domain;
	const char *why;

	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		struct desired_object *object =
				takes(l, kind) ? object_named(l->c, kind, text) : NULL;

		if (!object && kind == KIND_DOMAIN && takes(l, kind) &&
				domain_check(l->c->scratch, text, &domain, &why) == 0)
			object = object_named(l->c, kind, domain);
		if (object && found) {
			struct diagnostic *item = say(l, AMBIGUOUS_REFERENCE,
					"`%.*s` names two things", VIEW_ARG(text));

			diagnostic_frame(l->c->d, item, found->key_span, "this");
			diagnostic_frame(l->c->d, item, object->key_span, "and this");
			help(l->c, item, "write `%.*s` or `%.*s`",
					VIEW_ARG(printed(l->c, found)),
					VIEW_ARG(printed(l->c, object)));
			return AMBIGUOUS_REFERENCE;
		}
		if (object)
			found = object;
	}
	if (found) {
		*out = printed(l->c, found);
		return 0;
	}
	if (look_up_detail(l, text, out))
		return 0;
	return unknown(l, "the state has no", text, l->type->kinds);
}

static int look_up(const struct lookup *l, struct view text, struct view *out)
{
	struct view name = text, kind_text = view_cut(&name, '/');
	enum kind kind = name.data ? kind_of(kind_text) : KIND_NONE;

	if (l->template && view_find(text, '$') < text.len) {
		*out = text;
		return 0;
	}
	if (kind != KIND_NONE)
		return look_up_kind(l, kind, text, out);
	if (view_find(text, '@') < text.len)
		return look_up_address(l, text, out);
	return look_up_name(l, text, out);
}

/* -- the walk -- */

static void check_value(
		struct check *c, struct value *value, unsigned flags, bool template);

static void check_list(
		struct check *c, struct value *first, unsigned flags, bool template)
{
	for (struct value *value = first; value; value = value->next)
		check_value(c, value, value->field ? value->field->flags : flags,
				template);
}

/* Two ways to write one thing are one item. */
static void check_items_differ(struct check *c, const struct value *list)
{
	CLEANUP(map_free) struct map seen = MAP_NULL;

	for (struct value *item = list->first; item; item = item->next) {
		const struct value *before = map_get(&seen, item->text);
		struct diagnostic *twice;

		if (!before) {
			map_set(&seen, item->text, item);
			continue;
		}
		twice = complain(c, DUPLICATE_ITEM, item->node,
				"the list names this a second time");
		diagnostic_frame(c->d, twice, before->node->span, "first named here");
		help(c, twice, "name it once; an id and an address are one thing");
	}
}

/* Two ways to write one key are one key. */
static void check_keys(struct check *c, struct value *map)
{
	CLEANUP(map_free) struct map seen = MAP_NULL;

	for (struct value *entry = map->first; entry; entry = entry->next) {
		const struct lookup l = { .c = c,
			.type = map->type->key,
			.node = entry->node,
			.is_key = true };
		const struct value *before;
		struct diagnostic *twice;

		if (look_up(&l, entry->key, &entry->key))
			continue; /* said already */
		before = map_set(&seen, entry->key, entry);
		if (!before)
			continue;
		twice = complain_key(c, DUPLICATE_KEY, entry->node,
				"this is `%.*s` a second time", VIEW_ARG(entry->key));
		diagnostic_frame(c->d, twice, node_key_span(before->node),
				"first named here");
		help(c, twice, "name it once; an id and an address are one thing");
	}
}

static void check_value(
		struct check *c, struct value *value, unsigned flags, bool template)
{
	const struct lookup l = { .c = c,
		.type = value->type,
		.node = value->node,
		.remote = flags & FIELD_REMOTE,
		.template = template };
	int r;

	if (value->word)
		return;
	switch (value->type->kind) {
	case TYPE_REFERENCE:
		r = look_up(&l, value->text, &value->text);
		(void)r; /* said already */
		break;
	case TYPE_LIST:
		check_list(c, value->first, flags, template);
		if (value->type->item->kind == TYPE_REFERENCE)
			check_items_differ(c, value);
		break;
	case TYPE_MAP:
		if (value->type->key->kind == TYPE_REFERENCE)
			check_keys(c, value);
		check_list(c, value->first, flags, template);
		break;
	case TYPE_RECORD:
		check_list(c, value->first, flags, template);
		break;
	default:
		break;
	}
}

void reference_check(struct check *c)
{
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		check_list(c, c->defaults[kind], 0, false);
		for (size_t i = 0; i < c->kinds[kind].count; i++) {
			struct desired_object *object = object_at(&c->kinds[kind], i);

			check_list(c, object->values, 0,
					value_at(object->values, "match") != NULL);
		}
	}
	check_list(c, c->root, 0, false);
}

/* -- targets -- */

bool reference_target(const struct check *c, const struct value *value,
		struct desired_target *out)
{
	struct view name = value->text, kind_text = view_cut(&name, '/');
	enum kind kind = name.data ? kind_of(kind_text) : KIND_NONE;
	struct desired_object *object;

	*out = (struct desired_target){ .address = value->text };
	if (value->node) /* none where it is the schema's default */
		out->span = value->node->span;
	if (kind == KIND_NONE) {
		out->kind = domain_of_address(c, value->text) ? TARGET_ADDRESS
							      : TARGET_REMOTE;
		return true;
	}
	object = object_named(c, kind, name);
	if (!object)
		return false;
	out->address = object->key;
	out->kind = TARGET_OBJECT;
	if (kind == KIND_USER) {
		out->kind = TARGET_USER;
		out->user = (const struct desired_user *)(const void *)object;
	} else if (kind == KIND_GROUP) {
		out->kind = TARGET_GROUP;
		out->group = (const struct desired_group *)(const void *)object;
	} else if (kind == KIND_SHARED) {
		out->kind = TARGET_ADDRESS;
	}
	return true;
}

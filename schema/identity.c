/* Who is called what: keys and ids of every kind, and who has which address. */
#include "schema/check.h"

struct desired_object *object_at(const struct objects *objects, size_t i)
{
	return (struct desired_object *)(void *)(objects->items + i * objects->size);
}

struct desired_object *object_named(
		const struct check *c, enum kind kind, struct view name)
{
	struct desired_object *object = map_get(&c->kinds[kind].ids, name);

	return object ? object : map_get(&c->kinds[kind].keys, name);
}

static struct view domain_part(struct view address)
{
	return view_from(address, view_find_last(address, '@') + 1);
}

const struct desired_domain *domain_of_address(const struct check *c, struct view address)
{
	const struct desired_domain *domain =
			map_get(&c->kinds[KIND_DOMAIN].keys, domain_part(address));

	return domain && domain->same_as ? domain->same_as : domain;
}

/* -- keys and ids -- */

static void take_key(
		struct check *c, struct objects *objects, struct desired_object *object)
{
	const struct desired_object *before = map_get(&objects->keys, object->key);
	struct diagnostic *item;

	if (!before) {
		map_set(&objects->keys, object->key, object);
		return;
	}
	item = complain_key(c, DUPLICATE_KEY, object->node,
			"this is `%.*s` a second time", VIEW_ARG(object->key));
	diagnostic_frame(c->d, item, before->key_span, "first declared here");
	help(c, item, "keep one of them, with what both say");
}

static void take_id(
		struct check *c, struct objects *objects, struct desired_object *object)
{
	const struct value *id = value_at(object->values, "id");
	const struct desired_object *before;
	struct diagnostic *item;

	if (!id)
		return;
	object->id = id->text;
	before = map_get(&objects->ids, id->text);
	if (!before) {
		map_set(&objects->ids, id->text, object);
		return;
	}
	item = complain(c, DUPLICATE_ID, id->node, "two of one kind have this id");
	diagnostic_frame(c->d, item, value_at(before->values, "id")->node->span,
			"first given here");
	help(c, item, "give each an id of its own, or leave one out");
}

static void check_id_is_no_key(
		struct check *c, enum kind kind, const struct desired_object *object)
{
	static const enum kind beside[] = { KIND_USER, KIND_GROUP };
	const struct desired_object *other = map_get(&c->kinds[kind].keys, object->id);
	struct diagnostic *item;

	for (size_t i = 0; !other && i < ARRAY_LEN(beside); i++)
		other = map_get(&c->kinds[beside[i]].keys, object->id);
	if (!object->id.len || !other || other == object)
		return;
	item = complain(c, ID_IS_A_KEY, value_at(object->values, "id")->node,
			"another object has this as its key");
	diagnostic_frame(c->d, item, other->key_span, "that object");
	help(c, item, "choose another id");
}

/* -- twins -- */

/* `same_as` is read before references are resolved: it may carry its kind. */
static struct desired_domain *named_by(
		const struct check *c, const struct desired_domain *d)
{
	const struct value *same_as = value_at(d->object.values, "same_as");
	struct desired_object *target;
	struct view name, kind_text;

	if (!same_as)
		return NULL;
	name = same_as->text;
	kind_text = view_cut(&name, '/');
	if (!name.data || kind_of(kind_text) != KIND_DOMAIN)
		name = same_as->text;
	target = object_named(c, KIND_DOMAIN, name);
	return (struct desired_domain *)(void *)target;
}

static void check_twin(struct check *c, struct desired_domain *twin)
{
	struct desired_domain *domain = named_by(c, twin), *further;
	struct diagnostic *item;

	if (!domain)
		return;
	further = domain == twin ? NULL : named_by(c, domain);
	if (domain != twin && !further) {
		twin->same_as = domain;
		return;
	}
	item = complain(c, TWIN_LOOP, value_at(twin->object.values, "same_as")->node,
			domain == twin ? "a domain cannot be its own twin"
				       : "this domain is a twin itself");
	if (further)
		diagnostic_frame(c->d, item,
				value_at(domain->object.values, "same_as")->node->span,
				"it says so here");
	if (further && further != twin && !named_by(c, further))
		help(c, item, "write `same_as: %.*s`", VIEW_ARG(further->object.key));
	else
		help(c, item, "`same_as` names the domain that has the addresses");
}

/* Known before references are resolved, since they may carry a detail. */
static void take_subaddress(struct check *c, struct desired_domain *domain)
{
	const struct value *word = value_at(domain->object.values, "subaddress");
	const char *text = "+";

	if (!word)
		word = value_at(c->defaults[KIND_DOMAIN], "subaddress");
	if (word)
		text = word->type->words[word->number];
	domain->subaddress = text[1] ? VIEW_NULL : view_z(text); /* "none" */
}

/* -- addresses -- */

static const char *what_has(const struct holder *holder)
{
	return holder->first ? "it is the address of this one"
			     : "it is a further address of this one";
}

static void say_unknown_domain(
		struct check *c, const struct node *node, bool key, struct view address)
{
	struct nearest near = { .word = domain_part(address) };
	struct diagnostic *item;
	struct view name;
	void *domain;
	size_t at = 0;
	bool guess = may_guess(c, map_count(&c->kinds[KIND_DOMAIN].keys));

	item = (key ? complain_key : complain)(c, UNKNOWN_DOMAIN, node,
			"the state has no domain `%.*s`", VIEW_ARG(near.word));
	while (guess && map_next(&c->kinds[KIND_DOMAIN].keys, &at, &name, &domain))
		nearest_try(&near, name);
	if (near.best.data)
		help(c, item, "did you mean `%.*s`?", VIEW_ARG(near.best));
	else
		help(c, item, "add `%.*s: {}` to `domains`", VIEW_ARG(near.word));
}

static bool check_domain_of(
		struct check *c, const struct node *node, bool key, struct view address)
{
	const struct desired_domain *domain =
			map_get(&c->kinds[KIND_DOMAIN].keys, domain_part(address));
	struct diagnostic *item;

	if (!domain && (c->incomplete || map_get(&c->lost, domain_part(address))))
		return false;
	if (!domain) {
		say_unknown_domain(c, node, key, address);
		return false;
	}
	if (!domain->same_as)
		return true;
	item = (key ? complain_key : complain)(c, TWIN_HAS_SETTINGS, node,
			"`%.*s` is a twin and has no addresses of its own",
			VIEW_ARG(domain->object.key));
	diagnostic_frame(c->d, item, domain->object.key_span, "the twin");
	help(c, item, "write the address in `%.*s`: it exists in both",
			VIEW_ARG(domain->same_as->object.key));
	return false;
}

static void take_address(struct check *c, const struct desired_object *object,
		const struct node *node, bool first, struct view address)
{
	const struct holder *before = map_get(&c->addresses, address);
	struct holder *holder;
	struct diagnostic *item;

	if (!check_domain_of(c, node, first, address))
		return;
	if (!before) {
		holder = ARENA_NEW(c->scratch, struct holder);
		*holder = (struct holder){ object, node, first };
		map_set(&c->addresses, address, holder);
		return;
	}
	if (first && before->first && before->object->kind == object->kind)
		return; /* one key twice: said already */
	item = (first ? complain_key : complain)(c, ADDRESS_TAKEN, node,
			"`%.*s` has an owner already", VIEW_ARG(address));
	diagnostic_frame(c->d, item,
			before->first ? node_key_span(before->node) : before->node->span,
			"%s", what_has(before));
	help(c, item, "an address belongs to one object; an alias can lead to several");
}

static void take_addresses(struct check *c, const struct desired_object *object)
{
	const struct value *further = value_at(object->values, "addresses");

	take_address(c, object, object->node, true, object->key);
	if (!further)
		return;
	for (const struct value *item = further->first; item; item = item->next)
		take_address(c, object, item->node, false, item->text);
}

void identity_collect(struct check *c)
{
	static const enum kind with_addresses[] = { KIND_USER, KIND_SHARED, KIND_SERVICE,
		KIND_ALIAS };
	struct objects *domains = &c->kinds[KIND_DOMAIN];

	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		for (size_t i = 0; i < c->kinds[kind].count; i++) {
			struct desired_object *object = object_at(&c->kinds[kind], i);

			take_key(c, &c->kinds[kind], object);
			take_id(c, &c->kinds[kind], object);
		}
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		for (size_t i = 0; i < c->kinds[kind].count; i++)
			check_id_is_no_key(c, kind, object_at(&c->kinds[kind], i));
	for (size_t i = 0; i < domains->count; i++)
		take_subaddress(c,
				(struct desired_domain *)(void *)object_at(domains, i));
	for (size_t i = 0; i < domains->count; i++)
		check_twin(c, (struct desired_domain *)(void *)object_at(domains, i));
	for (size_t k = 0; k < ARRAY_LEN(with_addresses); k++) {
		struct objects *objects = &c->kinds[with_addresses[k]];

		for (size_t i = 0; i < objects->count; i++)
			take_addresses(c, object_at(objects, i));
	}
}

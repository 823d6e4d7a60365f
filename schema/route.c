/* Which local part of which domain leads where, and that no way is a circle.
 *
 * A domain's routes are the addresses of users and shared mailboxes, its aliases, and postmaster and abuse where
 * nothing else has them. Twins borrow the routes of their domain. */
#include "schema/check.h"

#include "runtime/base/error.h"

#include <stdlib.h>

/* The routes of one domain while they are gathered. */
struct gathering {
	struct desired_route *routes;
	size_t count;
	size_t capacity;
};

static struct view local_part(struct view address)
{
	return view_sub(address, 0, view_find_last(address, '@'));
}

static void add_route(
		struct gathering *g, struct view address, struct desired_route route)
{
	route.local_part = local_part(address);
	array_grow(&g->routes, &g->capacity, g->count + 1, sizeof(*g->routes));
	g->routes[g->count++] = route;
}

static struct gathering *gathering_of(
		struct check *c, struct gathering *all, struct view address)
{
	const struct objects *domains = &c->kinds[KIND_DOMAIN];
	const struct desired_domain *domain = domain_of_address(c, address);

	if (!domain)
		return NULL;
	return &all[(size_t)((const char *)domain - domains->items) / domains->size];
}

/* All addresses of an object. */
static void route_holder(struct check *c, struct gathering *all,
		const struct desired_object *object, struct desired_route route)
{
	const struct value *further = value_at(object->values, "addresses");
	struct gathering *g = gathering_of(c, all, object->key);

	route.span = object->key_span;
	if (g)
		add_route(g, object->key, route);
	for (const struct value *item = further ? further->first : NULL; item;
			item = item->next) {
		route.span = item->node->span;
		g = gathering_of(c, all, item->text);
		if (g)
			add_route(g, item->text, route);
	}
}

static void route_user(
		struct check *c, struct gathering *all, const struct desired_user *user)
{
	route_holder(c, all, &user->object,
			(struct desired_route){ .kind = TO_USER, .user = user });
}

static void route_shared(struct check *c, struct gathering *all,
		const struct desired_shared *shared)
{
	route_holder(c, all, &shared->object,
			(struct desired_route){ .kind = TO_SHARED, .shared = shared });
}

static void route_service(struct check *c, struct gathering *all,
		const struct desired_service *service)
{
	route_holder(c, all, &service->object,
			(struct desired_route){ .kind = TO_SERVICE, .service = service });
}

static void route_alias(
		struct check *c, struct gathering *all, const struct desired_alias *alias)
{
	static const enum desired_route_kind kinds[] = { [ALIAS_TO] = TO_TARGETS,
		[ALIAS_REJECT] = TO_REJECTION,
		[ALIAS_DISCARD] = TO_NOTHING };
	struct gathering *g = gathering_of(c, all, alias->object.key);

	if (!g || value_at(alias->object.values, "match"))
		return;
	add_route(g, alias->object.key,
			(struct desired_route){
					.kind = kinds[alias->action],
					.alias = alias,
					.targets = alias->to,
					.text = alias->reject,
					.span = alias->object.key_span,
			});
}

static size_t count_admins(struct objects *users)
{
	size_t count = 0;

	for (size_t i = 0; i < users->count; i++) {
		void *user = object_at(users, i);

		count += (((const struct desired_user *)user)->roles & ROLE_ADMIN) != 0;
	}
	return count;
}

static int by_address(const void *left, const void *right)
{
	const struct desired_target *a = left, *b = right;

	return view_compare(a->address, b->address);
}

/* Everyone with the role admin stands in where a domain names no contact; in whichever order
 * they are declared, it is the same. */
static struct target_list admins(struct check *c)
{
	struct objects *users = &c->kinds[KIND_USER];
	struct target_list list = { 0 };

	list.items = arena_array(c->arena, count_admins(users), sizeof(*list.items));
	for (size_t i = 0; i < users->count; i++) {
		const struct desired_user *user =
				(const struct desired_user *)(void *)object_at(users, i);

		if (user->roles & ROLE_ADMIN)
			list.items[list.count++] = (struct desired_target){
				.kind = TARGET_USER,
				.user = user,
				.address = user->object.key,
				.span = user->object.key_span,
			};
	}
	if (list.count > 1)
		qsort(list.items, list.count, sizeof(*list.items), by_address);
	return list;
}

static int by_local_part(const void *left, const void *right)
{
	const struct desired_route *a = left, *b = right;

	return view_compare(a->local_part, b->local_part);
}

const struct desired_route *desired_route(
		const struct desired_domain *domain, struct view name)
{
	struct desired_route key = { .local_part = name };

	if (!domain->route_count)
		return NULL;
	return bsearch(&key, domain->routes, domain->route_count, sizeof(key),
			by_local_part);
}

static bool has_route(const struct gathering *g, const char *name)
{
	for (size_t i = 0; i < g->count; i++)
		if (view_eq(g->routes[i].local_part, view_z(name)))
			return true;
	return false;
}

static void route_contact(struct gathering *g, const struct desired_domain *domain,
		const struct target_list *stand_in)
{
	static const char *const names[] = { "postmaster", "abuse" };
	const struct target_list *to =
			domain->contact.count ? &domain->contact : stand_in;

	for (size_t i = 0; i < ARRAY_LEN(names) && to->count; i++)
		if (!has_route(g, names[i]))
			add_route(g, view_z(names[i]),
					(struct desired_route){
							.kind = TO_TARGETS,
							.targets = *to,
							.span = to->items[0].span,
					});
}

/* -- circles -- */

enum mark {
	NEW,
	OPEN,
	DONE
};

struct step {
	const struct desired_alias *alias;
	size_t next; /* of its targets */
};

struct search {
	struct check *c;
	unsigned char *marks; /* of each alias */
	struct step *way;
	size_t depth;
};

static size_t alias_index(struct check *c, const struct desired_alias *alias)
{
	const struct objects *aliases = &c->kinds[KIND_ALIAS];

	return (size_t)((const char *)alias - aliases->items) / aliases->size;
}

static const struct desired_alias *alias_at(
		struct check *c, const struct desired_target *target)
{
	const struct desired_domain *domain;
	const struct desired_route *route;
	struct view local, name;
	size_t at;

	if (target->kind != TARGET_ADDRESS)
		return NULL;
	domain = domain_of_address(c, target->address);
	if (!domain)
		return NULL;
	local = local_part(target->address);
	route = desired_route(domain, local);
	at = domain->subaddress.len ? view_find(local, domain->subaddress.data[0])
				    : local.len;
	name = view_sub(local, 0, at);
	if (!route && at && at < local.len)
		route = desired_route(domain, name);
	return route ? route->alias : NULL;
}

static void say_loop(struct search *s, const struct desired_alias *back_to)
{
	struct check *c = s->c;
	const struct step *last = &s->way[s->depth - 1];
	const struct desired_target *target = &last->alias->to.items[last->next - 1];
	struct diagnostic *item;
	size_t from = 0;

	while (s->way[from].alias != back_to)
		from++;
	item = diagnostics_add(c->d, ALIAS_LOOP,
			node_path(c->arena, last->alias->object.node), target->span,
			"this leads back to `%.*s`", VIEW_ARG(back_to->object.key));
	for (size_t i = from; i + 1 < s->depth; i++) {
		const struct step *step = &s->way[i];

		diagnostic_frame(c->d, item, step->alias->to.items[step->next - 1].span,
				"`%.*s` goes on here", VIEW_ARG(step->alias->object.key));
	}
	help(c, item, "let one of them end at a user");
}

static void push(struct search *s, const struct desired_alias *alias)
{
	s->marks[alias_index(s->c, alias)] = OPEN;
	s->way[s->depth++] = (struct step){ .alias = alias };
}

static void search_from(struct search *s, const struct desired_alias *start)
{
	push(s, start);
	while (s->depth) {
		struct step *step = &s->way[s->depth - 1];
		const struct desired_alias *next;

		if (step->next == step->alias->to.count) {
			s->marks[alias_index(s->c, step->alias)] = DONE;
			s->depth--;
			continue;
		}
		next = alias_at(s->c, &step->alias->to.items[step->next++]);
		if (!next)
			continue;
		if (s->marks[alias_index(s->c, next)] == OPEN)
			say_loop(s, next);
		else if (s->marks[alias_index(s->c, next)] == NEW)
			push(s, next);
	}
}

static void find_loops(struct check *c)
{
	struct objects *aliases = &c->kinds[KIND_ALIAS];
	struct search s = { .c = c };

	s.marks = arena_array(c->scratch, aliases->count, 1);
	s.way = arena_array(c->scratch, aliases->count, sizeof(*s.way));
	for (size_t i = 0; i < aliases->count; i++)
		if (s.marks[i] == NEW)
			search_from(&s, (const struct desired_alias *)(void *)object_at(
							aliases, i));
}

/* -- all of it -- */

static struct desired_domain *domain_at(struct check *c, size_t i)
{
	return (struct desired_domain *)(void *)object_at(&c->kinds[KIND_DOMAIN], i);
}

static void borrow(struct desired_domain *twin)
{
	const struct desired_domain *domain = twin->same_as;

	twin->contact = domain->contact;
	twin->catch_all = domain->catch_all;
	twin->subaddress = domain->subaddress;
	twin->routes = domain->routes;
	twin->route_count = domain->route_count;
}

static void close_domain(struct check *c, struct gathering *g,
		struct desired_domain *domain, const struct target_list *stand_in)
{
	struct desired_route *exact;

	route_contact(g, domain, stand_in);
	if (g->count)
		qsort(g->routes, g->count, sizeof(*g->routes), by_local_part);
	exact = arena_array(c->arena, g->count, sizeof(*exact));
	if (g->count)
		memcpy(exact, g->routes, g->count * sizeof(*exact));
	domain->routes = exact;
	domain->route_count = g->count;
}

void route_domains(struct check *c)
{
	struct objects *users = &c->kinds[KIND_USER], *aliases = &c->kinds[KIND_ALIAS];
	struct objects *shared = &c->kinds[KIND_SHARED];
	struct objects *services = &c->kinds[KIND_SERVICE];
	size_t count = c->kinds[KIND_DOMAIN].count;
	struct gathering *all = arena_array(c->scratch, count, sizeof(*all));
	struct target_list stand_in = admins(c);

	for (size_t i = 0; i < users->count; i++)
		route_user(c, all,
				(const struct desired_user *)(void *)object_at(users, i));
	for (size_t i = 0; i < shared->count; i++)
		route_shared(c, all,
				(const struct desired_shared *)(void *)object_at(
						shared, i));
	for (size_t i = 0; i < services->count; i++)
		route_service(c, all,
				(const struct desired_service *)(void *)object_at(
						services, i));
	for (size_t i = 0; i < aliases->count; i++)
		route_alias(c, all,
				(const struct desired_alias *)(void *)object_at(
						aliases, i));
	for (size_t i = 0; i < count; i++)
		if (!domain_at(c, i)->same_as)
			close_domain(c, &all[i], domain_at(c, i), &stand_in);
	for (size_t i = 0; i < count; i++) {
		if (domain_at(c, i)->same_as)
			borrow(domain_at(c, i));
		free(all[i].routes);
	}
	find_loops(c);
}

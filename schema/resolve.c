#include "schema/resolve.h"

#include "runtime/base/map.h"
#include "schema/name.h"

#include <stdlib.h>

struct pending {
	struct view address;
	unsigned depth;
};

struct walk {
	const struct desired *desired;
	struct arena *arena;
	struct resolution_path *out;
	struct map reached; /* mailboxes */
	struct pending stack[HOPS_MAX];
	size_t waiting;
};

const char *hop_name(enum hop_kind kind)
{
	/* clang-format off */
	static const char *const names[] = {
		[HOP_TWIN]       = "twin",
		[HOP_USER]       = "user",
		[HOP_SHARED]     = "shared",
		[HOP_SERVICE]    = "service",
		[HOP_ALIAS]      = "alias",
		[HOP_CONTACT]    = "contact",
		[HOP_SUBADDRESS] = "subaddress",
		[HOP_GROUP]      = "group",
		[HOP_CATCH_ALL]  = "catch-all",
		[HOP_REJECTED]   = "rejected",
		[HOP_DISCARDED]  = "discarded",
		[HOP_REMOTE]     = "remote",
		[HOP_UNKNOWN]    = "unknown",
		[HOP_AGAIN]      = "again",
	};
	/* clang-format on */

	return names[kind];
}

static void add_hop(struct walk *w, struct hop hop)
{
	if (w->out->count == HOPS_MAX)
		w->out->cut = true;
	else
		w->out->hops[w->out->count++] = hop;
}

static void push(struct walk *w, struct view address, unsigned depth)
{
	if (w->waiting == HOPS_MAX)
		w->out->cut = true;
	else
		w->stack[w->waiting++] = (struct pending){ address, depth };
}

static struct view local_part(struct view address)
{
	return view_sub(address, 0, view_find_last(address, '@'));
}

/* A user or a shared mailbox. */
static void reach(struct walk *w, const struct desired_object *object,
		struct view address, unsigned depth, struct span span)
{
	bool before = map_set(&w->reached, object->key, (void *)object) != NULL;

	add_hop(w, (struct hop){ .kind = before                        ? HOP_AGAIN
					 : object->kind == KIND_SHARED ? HOP_SHARED
								       : HOP_USER,
				   .depth = depth,
				   .address = address,
				   .text = desired_identity(object),
				   .placed = true,
				   .span = span });
}

/* The last target is pushed first, so that the first is followed first. Groups are shown
 * at once, their members wait. */
static void push_targets(
		struct walk *w, const struct target_list *targets, unsigned depth)
{
	for (size_t i = targets->count; i > 0; i--) {
		const struct desired_target *target = &targets->items[i - 1];
		const struct desired_group *group = target->group;

		if (target->kind != TARGET_GROUP) {
			push(w, target->address, depth);
			continue;
		}
		for (size_t m = group->member_count; m > 0; m--)
			push(w, group->members[m - 1]->object.key, depth + 1);
		push(w, arena_printf(w->arena, "group/%.*s", VIEW_ARG(group->object.key)),
				depth);
	}
}

static void follow_route(
		struct walk *w, const struct desired_route *route, struct pending at)
{
	struct hop hop = { .depth = at.depth,
		.address = at.address,
		.placed = true,
		.span = route->span };

	switch (route->kind) {
	case TO_USER:
		reach(w, &route->user->object, at.address, at.depth, route->span);
		return;
	case TO_SHARED:
		reach(w, &route->shared->object, at.address, at.depth, route->span);
		return;
	case TO_SERVICE:
		hop.kind = HOP_SERVICE;
		hop.text = desired_identity(&route->service->object);
		break;
	case TO_TARGETS:
		hop.kind = route->alias ? HOP_ALIAS : HOP_CONTACT;
		if (route->alias)
			hop.text = route->alias->object.key;
		add_hop(w, hop);
		push_targets(w, &route->targets, at.depth + 1);
		return;
	case TO_REJECTION:
		hop.kind = HOP_REJECTED;
		hop.text = route->text;
		break;
	case TO_NOTHING:
		hop.kind = HOP_DISCARDED;
		break;
	}
	add_hop(w, hop);
}

static const struct desired_route *find_detailed(
		struct walk *w, const struct desired_domain *domain, struct pending at)
{
	struct view local = local_part(at.address), base;
	const struct desired_route *route;
	size_t separator;

	if (!domain->subaddress.len)
		return NULL;
	separator = view_find(local, domain->subaddress.data[0]);
	if (separator == 0 || separator == local.len)
		return NULL;
	base = view_sub(local, 0, separator);
	route = desired_route(domain, base);
	if (route)
		add_hop(w, (struct hop){ .kind = HOP_SUBADDRESS,
					   .depth = at.depth,
					   .address = at.address,
					   .text = arena_printf(w->arena, "%.*s@%.*s",
							   VIEW_ARG(base),
							   VIEW_ARG(domain->object.key)) });
	return route;
}

static void follow_group(struct walk *w, struct view name, struct pending at)
{
	const struct desired_object *group = desired_find(w->desired, KIND_GROUP, name);

	add_hop(w, (struct hop){ .kind = HOP_GROUP,
				   .depth = at.depth,
				   .address = at.address,
				   .text = name,
				   .placed = group != NULL,
				   .span = group ? group->key_span
						 : (struct span){ 0 } });
}

static void follow_catch_all(
		struct walk *w, const struct desired_domain *domain, struct pending at)
{
	const struct desired_target *target = domain->catch_all.items;

	add_hop(w, (struct hop){ .kind = HOP_CATCH_ALL,
				   .depth = at.depth,
				   .address = at.address,
				   .text = target->address,
				   .placed = true,
				   .span = target->span });
	if (target->user)
		reach(w, &target->user->object, target->address, at.depth + 1,
				target->user->object.key_span);
	else
		push(w, target->address, at.depth + 1);
}

static void follow(struct walk *w, struct pending at)
{
	size_t sign = view_find_last(at.address, '@');
	const struct desired_domain *domain;
	const struct desired_route *route;

	if (sign == at.address.len) {
		follow_group(w, view_from(at.address, strlen("group/")), at);
		return;
	}
	domain = desired_domain_of(w->desired, view_from(at.address, sign + 1));
	if (domain && domain->same_as)
		add_hop(w, (struct hop){ .kind = HOP_TWIN,
					   .depth = at.depth,
					   .address = at.address,
					   .text = domain->same_as->object.key,
					   .placed = true,
					   .span = domain->object.key_span });
	if (!domain) {
		add_hop(w, (struct hop){ .kind = HOP_REMOTE,
					   .depth = at.depth,
					   .address = at.address });
		return;
	}
	route = desired_route(domain, local_part(at.address));
	if (!route)
		route = find_detailed(w, domain, at);
	if (route)
		follow_route(w, route, at);
	else if (domain->catch_all.count)
		follow_catch_all(w, domain, at);
	else
		add_hop(w, (struct hop){ .kind = HOP_UNKNOWN,
					   .depth = at.depth,
					   .address = at.address });
}

int resolve_address(const struct desired *desired, struct arena *arena,
		struct view address, struct resolution_path *out, const char **why_out)
{
	struct walk *w = ARENA_NEW(arena, struct walk);
	struct view normal;

	if (address_check(arena, address, &normal, why_out))
		return 1;
	*out = (struct resolution_path){ 0 };
	out->hops = arena_array(arena, HOPS_MAX, sizeof(*out->hops));
	w->desired = desired;
	w->arena = arena;
	w->out = out;
	push(w, normal, 0);
	while (w->waiting && !out->cut)
		follow(w, w->stack[--w->waiting]);
	map_free(&w->reached);
	return 0;
}

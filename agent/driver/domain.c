/* Domains. One that holds mailboxes is disabled when it leaves; an empty one goes. */
#include "agent/driver.h"

#include "agent/database/text.h"
#include "agent/plan/targets.h"

enum {
	LONGEST_SPEC = 1024 * 1024
};

/* Those that a contact gives: all others are somebody's, or an alias's. */
static void add_routes(struct buf *json, struct arena *arena,
		const struct desired_domain *domain)
{
	const char *between = "";

	buf_add_byte(json, '{');
	for (size_t i = 0; i < domain->route_count && !domain->same_as; i++) {
		const struct desired_route *route = &domain->routes[i];

		if (route->kind != TO_TARGETS || route->alias)
			continue;
		buf_add_z(json, between);
		text_add_json(json, route->local_part);
		buf_add_byte(json, ':');
		targets_add_json(json, arena, &route->targets);
		between = ",";
	}
	buf_add_byte(json, '}');
}

/* What its shard is made of when the state names it no more. */
static struct view applied(struct arena *arena, const struct desired_domain *domain)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"catch_all\":");
	targets_add_json(&json, arena, &domain->catch_all);
	buf_add_z(&json, ",\"routes\":");
	add_routes(&json, arena, domain);
	buf_add_z(&json, ",\"same_as\":");
	text_add_json(&json, domain->same_as ? domain->same_as->object.key : VIEW_NULL);
	buf_add_z(&json, ",\"send_via\":");
	text_add_json(&json, targets_relay(&domain->send_via));
	buf_add_z(&json, ",\"subaddress\":");
	text_add_json(&json, domain->subaddress);
	buf_add_byte(&json, '}');
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];
		struct wanted *wanted = wanted_add_object(out, driver, &domain->object);

		wanted->applied = applied(out->arena, domain);
	}
}

static bool is_in(struct view address, struct view domain)
{
	size_t at = view_find_last(address, '@');

	return at < address.len && view_eq(view_from(address, at + 1), domain);
}

static bool holds_mailboxes(const struct object *object, const struct object_set *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct object *other = &all->items[i];
		struct view key = other->wanted ? other->wanted->key : other->key;

		if (other->driver->has_postbox && is_in(key, object->key))
			return true;
	}
	return false;
}

const struct driver driver_domain = {
	.kind = "domain",
	.schema = KIND_DOMAIN,
	.absence = ABSENCE_DISABLES,
	.holds_data = holds_mailboxes,
	.risk = RISK_HARMLESS,
	.want = want,
};

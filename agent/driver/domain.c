/* Domains. One that holds mailboxes is disabled when it leaves; an empty one goes. */
#include "agent/apply/apply.h"
#include "agent/database/text.h"
#include "agent/plan/targets.h"
#include "agent/zone/sts_row.h"

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

/* -- how far its policy of DMARC has climbed -- */

/* Where the zone says one already, it climbs on from there: nothing is taken back for a ramp
 * that was written down later. */
static int since_of_zone(
		struct observation *o, const struct desired_domain *domain, walltime *out)
{
	const struct object *record = object_by_key(&o->objects, &driver_record,
			arena_printf(o->arena, "_dmarc.%.*s/TXT",
					VIEW_ARG(domain->object.key)));
	struct object_texts texts = { 0 };
	int r = record ? object_read_texts(o->db, record->uid, o->arena, &texts) : 0;
	struct view said = texts.last_applied;

	*out = 0;
	if (view_find_view(said, VIEW("p=reject")) < said.len)
		*out = 1;
	else if (view_find_view(said, VIEW("p=quarantine")) < said.len)
		*out = o->now - domain->dmarc_ramp / NS_PER_S;
	return r;
}

static int since_of(
		struct observation *o, const struct desired_domain *domain, walltime *out)
{
	int r = dmarc_since_read(o->db, domain->object.key, out);

	if (r == 0 && *out == 0)
		r = since_of_zone(o, domain, out);
	return r;
}

static int know_step(struct observation *o, const struct desired_domain *domain,
		enum desired_dmarc *out)
{
	walltime since = 0, changes_at;
	int r = domain->dmarc_ramp ? since_of(o, domain, &since) : 0;

	*out = dmarc_step((enum desired_dmarc)domain->dmarc_policy, domain->dmarc_ramp,
			since, o->now, &changes_at);
	if (changes_at && (o->rests_until == 0 || changes_at < o->rests_until))
		o->rests_until = changes_at;
	return r;
}

static int know(struct observation *o)
{
	const struct desired *desired = o->desired;
	enum desired_dmarc *steps;
	int r = 0;

	if (!desired)
		return 0;
	steps = arena_array(o->arena, desired->domain_count, sizeof(*steps));
	for (size_t i = 0; i < desired->domain_count && r == 0; i++)
		r = know_step(o, &desired->domains[i], &steps[i]);
	o->facts.dmarc = steps;
	o->facts.policies_of = desired;
	return r;
}

static int apply(struct application *a, const struct change *change)
{
	const struct desired_domain *domain = change->wanted->desired;
	struct database *db = application_db(a);
	walltime since;
	int r;

	if (domain->dmarc_ramp == 0)
		return dmarc_since_delete(db, change->key);
	r = since_of(a->o, domain, &since);
	return r ? r : dmarc_since_set(db, change->key, since ? since : a->o->now);
}

static int retire(struct application *a, const struct change *change)
{
	return dmarc_since_delete(application_db(a), change->key);
}

const struct driver driver_domain = {
	.kind = "domain",
	.schema = KIND_DOMAIN,
	.absence = ABSENCE_DISABLES,
	.holds_data = holds_mailboxes,
	.risk = RISK_HARMLESS,
	.know = know,
	.want = want,
	.apply = apply,
	.retire = retire,
};

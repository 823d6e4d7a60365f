#include "agent/zone/records_inside.h"

#include "runtime/dns/name.h"
#include "schema/value.h"

#include <stdlib.h>

enum {
	LONGEST_AUTHORITY = 4096,
};

/* -- what makers share -- */

const struct desired_domain *making_zone(const struct making *m, struct view name)
{
	const struct desired_domain *zone = NULL;

	for (size_t i = 0; i < m->desired->domain_count; i++) {
		const struct desired_domain *domain = &m->desired->domains[i];

		if (!view_eq(name, domain->object.key) &&
				!name_is_under(name, domain->object.key))
			continue;
		if (!zone || zone->object.key.len < domain->object.key.len)
			zone = domain;
	}
	return zone;
}

struct span making_said(const struct desired_object *object, const char *path)
{
	const struct value *value = value_at(object->values, path);

	return value && value->node ? value->node->span : object->key_span;
}

struct view making_below(
		struct making *m, const char *name, const struct desired_domain *domain)
{
	return arena_printf(m->arena, "%s.%.*s", name, VIEW_ARG(domain->object.key));
}

struct view making_host(struct making *m, const struct desired_host *host)
{
	return arena_printf(m->arena, "host %.*s", VIEW_ARG(host->object.key));
}

static struct zone_record *making_room(struct making *m)
{
	if (m->count == m->capacity) {
		struct zone_record *before = m->items;

		m->capacity = m->capacity ? 2 * m->capacity : 32;
		m->items = arena_array(m->arena, m->capacity, sizeof(*m->items));
		if (m->count)
			memcpy(m->items, before, m->count * sizeof(*before));
	}
	return &m->items[m->count];
}

static void add_to(struct making *m, const struct desired_domain *zone,
		const struct made *made, bool declared)
{
	bool text = view_eq(view_z(made->type), VIEW("TXT"));

	*making_room(m) = (struct zone_record){
		.zone = zone,
		.part = made->part,
		.declared = declared,
		.name = made->name,
		.type = made->type,
		.ttl = made->ttl ? made->ttl : zone_ttl(m->desired, zone),
		.value = text ? zone_text(m->arena, made->value) : made->value,
		.text = text ? made->value : VIEW_NULL,
		.maker = made->maker,
		.pending = made->pending,
		.why = made->why,
		.span = made->span,
		.order = m->count,
	};
	m->count++;
}

void making_add(struct making *m, const struct made *made)
{
	const struct desired_domain *zone = making_zone(m, made->name);

	if (zone && (m->whole || (zone_keeping(zone) != ZONE_LEFT &&
						 !(zone->dns_except &
								 UINT64_C(1) << made->part))))
		add_to(m, zone, made, false);
}

void making_add_declared(struct making *m, const struct made *made)
{
	const struct desired_domain *zone = making_zone(m, made->name);

	if (zone && (m->whole || zone_keeping(zone) != ZONE_LEFT))
		add_to(m, zone, made, true);
}

/* -- hosts -- */

static void make_addresses(struct making *m, const struct desired_host *host)
{
	for (size_t i = 0; i < host->addresses.count; i++) {
		struct view address = host->addresses.items[i];

		making_add(m, &(struct made){ DNS_PART_A, host->name,
					      view_find(address, ':') < address.len
							      ? "AAAA"
							      : "A",
					      address,
					      arena_printf(m->arena,
							      "where %.*s is found",
							      VIEW_ARG(making_host(
									      m, host))),
					      making_said(&host->object, "addresses") });
	}
}

static struct view authority_value(
		struct arena *arena, const struct zone_authority *authority)
{
	CLEANUP(buf_free) struct buf value = BUF_NULL(LONGEST_AUTHORITY);

	buf_addf(&value, "0 issue \"%.*s", VIEW_ARG(authority->name));
	if (authority->account.len)
		buf_addf(&value, "; accounturi=%.*s", VIEW_ARG(authority->account));
	if (authority->method.len)
		buf_addf(&value, "; validationmethods=%.*s", VIEW_ARG(authority->method));
	buf_add_byte(&value, '"');
	return arena_copy(arena, buf_view(&value));
}

/* Of the host's own name alone: who else may issue for the domain is not ours to say. */
static void make_authorities(struct making *m, const struct desired_host *host)
{
	const struct zone_facts *facts = m->facts;

	for (size_t i = 0; i < facts->authority_count; i++)
		making_add(m, &(struct made){ DNS_PART_CAA, host->name, "CAA",
					      authority_value(m->arena,
							      &facts->authorities[i]),
					      arena_printf(m->arena,
							      "who alone may issue "
							      "certificates for %.*s",
							      VIEW_ARG(making_host(
									      m, host))),
					      host->object.key_span });
}

/* RFC 7672, 3.1.1. In a zone that is not signed nobody heeds it, and none is put there
 * (agent/driver/record_effects.c). */
static void make_tls_keys(struct making *m, const struct desired_host *host)
{
	const struct zone_facts *facts = m->facts;

	for (size_t i = 0; i < facts->tls_key_count; i++)
		if (view_eq(facts->tls_keys[i].host, host->name))
			making_add(m, &(struct made){ DNS_PART_TLSA,
						      arena_printf(m->arena,
								      "_25._tcp.%.*s",
								      VIEW_ARG(host->name)),
						      "TLSA", facts->tls_keys[i].value,
						      arena_printf(m->arena,
								      "whose key %.*s "
								      "shows to senders",
								      VIEW_ARG(making_host(
										      m,
										      host))),
						      host->object.key_span });
}

static void make_host_sender(struct making *m, const struct desired_host *host)
{
	for (size_t i = 0; i < m->desired->domain_count; i++)
		if (view_eq(m->desired->domains[i].object.key, host->name))
			return; /* the domain's own says it */
	making_add(m, &(struct made){ DNS_PART_SPF, host->name, "TXT",
				      VIEW("v=spf1 a -all"),
				      arena_printf(m->arena,
						      "%.*s may send under its own name, "
						      "as it "
						      "does reports of failed mail",
						      VIEW_ARG(making_host(m, host))),
				      making_said(&host->object, "name") });
}

/* -- all of it -- */

/* clang-format off */
static void (*const of_hosts[])(struct making *, const struct desired_host *) = {
	make_addresses,
	make_host_sender,
	make_authorities,
	make_tls_keys,
};

static void (*const of_domains[])(struct making *, const struct desired_domain *) = {
	make_exchangers,
	make_senders,
	make_keys,
	make_policy,
	make_tls_reports,
	make_services,
	make_web,
	make_declared,
};
/* clang-format on */

static int by_zone(const void *left, const void *right)
{
	const struct zone_record *a = left, *b = right;

	if (a->zone != b->zone)
		return a->zone < b->zone ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void list_pointers(const struct desired *desired, struct arena *arena,
		struct zone_records *out)
{
	size_t count = 0;

	for (size_t i = 0; i < desired->host_count; i++)
		count += desired->hosts[i].addresses.count;
	out->pointers = arena_array(arena, count, sizeof(*out->pointers));
	out->pointer_count = 0;
	for (size_t i = 0; i < desired->host_count; i++)
		for (size_t j = 0; j < desired->hosts[i].addresses.count; j++)
			out->pointers[out->pointer_count++] = (struct zone_pointer){
				.host = &desired->hosts[i],
				.address = desired->hosts[i].addresses.items[j],
				.span = making_said(
						&desired->hosts[i].object, "addresses"),
			};
}

static void make_all(const struct desired *desired, const struct zone_facts *facts,
		bool whole, struct arena *arena, struct zone_records *out)
{
	static const struct zone_facts nothing;
	struct making m = {
		.desired = desired,
		.facts = facts ? facts : &nothing,
		.whole = whole,
		.arena = arena,
	};

	for (size_t i = 0; i < desired->host_count; i++)
		for (size_t j = 0; j < ARRAY_LEN(of_hosts); j++)
			of_hosts[j](&m, &desired->hosts[i]);
	for (size_t i = 0; i < desired->domain_count; i++)
		for (size_t j = 0; j < ARRAY_LEN(of_domains); j++)
			of_domains[j](&m, &desired->domains[i]);
	if (m.count)
		qsort(m.items, m.count, sizeof(*m.items), by_zone);
	out->items = m.items;
	out->count = m.count;
	list_pointers(desired, arena, out);
}

void zone_records(const struct desired *desired, const struct zone_facts *facts,
		struct arena *arena, struct zone_records *out)
{
	make_all(desired, facts, false, arena, out);
}

void zone_records_whole(const struct desired *desired, const struct zone_facts *facts,
		struct arena *arena, struct zone_records *out)
{
	make_all(desired, facts, true, arena, out);
}

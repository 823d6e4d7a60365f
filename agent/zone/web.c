#include "agent/zone/web.h"

#include "schema/value.h"

static const struct {
	const char *label;
	enum dns_part part;
} names[WEB_NAMES] = {
	[WEB_MTA_STS] = { "mta-sts", DNS_PART_MTA_STS },
	[WEB_AUTOCONFIG] = { "autoconfig", DNS_PART_AUTOCONFIG },
	[WEB_AUTODISCOVER] = { "autodiscover", DNS_PART_AUTOCONFIG },
};

struct view web_name_of(struct arena *arena, const struct desired_domain *domain,
		enum web_name name)
{
	return arena_printf(arena, "%s.%.*s", names[name].label,
			VIEW_ARG(domain->object.key));
}

enum dns_part web_name_part(enum web_name name)
{
	return names[name].part;
}

const struct desired_certificate *web_certificate(const struct desired *desired)
{
	for (size_t i = 0; i < desired->certificate_count; i++)
		if (desired->certificates[i].issuer_count)
			return &desired->certificates[i];
	return NULL;
}

struct view web_certificate_key(struct arena *arena, const struct desired_domain *domain)
{
	return arena_printf(arena, "web/%.*s", VIEW_ARG(domain->object.key));
}

/* Somebody has it for something else: a host of ours, or a record of the state. */
static bool is_taken(const struct desired *desired, const struct desired_domain *domain,
		enum web_name name)
{
	struct view label = view_z(names[name].label), rest = domain->object.key;

	for (size_t i = 0; i < domain->record_count; i++)
		if (view_starts(domain->records[i].name, label) &&
				view_eq(view_from(domain->records[i].name, label.len + 1),
						rest))
			return true;
	for (size_t i = 0; i < desired->host_count; i++)
		if (view_starts(desired->hosts[i].name, label) &&
				view_eq(view_from(desired->hosts[i].name, label.len + 1),
						rest))
			return true;
	return false;
}

static bool is_wanted(const struct desired *desired, const struct zone_facts *facts,
		const struct desired_domain *domain, enum web_name name)
{
	const struct zone_sts *sts;

	if (domain->dns_except & UINT64_C(1) << names[name].part ||
			is_taken(desired, domain, name))
		return false;
	if (name != WEB_MTA_STS)
		return true;
	sts = zone_sts_of(facts, desired, domain);
	if (sts)
		return sts->served;
	return domain->has_sts && domain->sts_mode != DESIRED_STS_NONE;
}

unsigned web_names(const struct desired *desired, const struct zone_facts *facts,
		const struct desired_domain *domain)
{
	const struct desired_certificate *certificate = web_certificate(desired);
	enum zone_keeping keeping = zone_keeping(domain);
	unsigned set = 0;

	if (!desired->host || !certificate || keeping < ZONE_WATCHED ||
			(certificate->challenge == CHALLENGE_DNS &&
					keeping != ZONE_MANAGED) ||
			!desired_listen_of(desired, desired->host, LISTEN_HTTPS).open)
		return 0;
	for (unsigned name = 0; name < WEB_NAMES; name++)
		if (is_wanted(desired, facts, domain, (enum web_name)name))
			set |= 1u << name;
	return set;
}

/* Where programs find what a domain says to them under https. */
#include "agent/zone/records_inside.h"
#include "agent/zone/web.h"

static void make_alias(
		struct making *m, const struct desired_domain *domain, enum web_name name)
{
	static const char *const why[WEB_NAMES] = {
		[WEB_MTA_STS] = "where senders read that mail to it goes by TLS",
		[WEB_AUTOCONFIG] = "where Thunderbird reads how it is set up",
		[WEB_AUTODISCOVER] = "where Outlook reads how it is set up",
	};

	making_add(m, &(struct made){ web_name_part(name),
				      web_name_of(m->arena, domain, name), "CNAME",
				      arena_printf(m->arena, "%.*s.",
						      VIEW_ARG(m->desired->host->name)),
				      view_z(why[name]),
				      name == WEB_MTA_STS ? making_said(&domain->object,
									    "mta_sts")
							  : domain->object.key_span });
}

/* RFC 8461, 3.1. The id is the policy's own: it changes when the policy does. */
static void make_sts(struct making *m, const struct desired_domain *domain)
{
	const struct zone_sts *sts = zone_sts_of(m->facts, m->desired, domain);

	if (!sts)
		return;
	making_add(m, &(struct made){ DNS_PART_MTA_STS,
				      making_below(m, "_mta-sts", domain), "TXT",
				      arena_printf(m->arena, "v=STSv1; id=%.*s;",
						      VIEW_ARG(sts->id)),
				      VIEW("which policy of TLS is served for it"),
				      making_said(&domain->object, "mta_sts") });
}

void make_web(struct making *m, const struct desired_domain *domain)
{
	unsigned set = web_names(m->desired, m->facts, domain);

	for (unsigned name = 0; name < WEB_NAMES; name++)
		if (set & 1u << name)
			make_alias(m, domain, (enum web_name)name);
	if (set & 1u << WEB_MTA_STS)
		make_sts(m, domain);
}

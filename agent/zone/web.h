/* The names below a domain at which this host has a web server, for programs that look there:
 * senders for the policy of MTA-STS (RFC 8461), mail programs for how they are set up. A
 * function of its arguments.
 *
 * Each name is an alias of the host's. None is served without an issuer, whose certificate
 * has them, and without somebody who puts the alias into the zone. */
#ifndef AGENT_ZONE_WEB_H
#define AGENT_ZONE_WEB_H

#include "agent/zone/records.h"

enum web_name {
	WEB_MTA_STS,
	WEB_AUTOCONFIG,   /* Thunderbird */
	WEB_AUTODISCOVER, /* Outlook */
	WEB_NAMES,
};

/* "mta-sts.a.example" */
struct view web_name_of(struct arena *arena, const struct desired_domain *domain,
		enum web_name name);
enum dns_part web_name_part(enum web_name name);

/* Those of this domain that are served: a set. `facts` may be NULL: what is known of the
 * state alone. */
unsigned web_names(const struct desired *desired, const struct zone_facts *facts,
		const struct desired_domain *domain);
/* The certificate whose issuer signs for such names, too; NULL: there is none. */
const struct desired_certificate *web_certificate(const struct desired *desired);
/* The object of kind certificate that has a domain's. */
struct view web_certificate_key(struct arena *arena, const struct desired_domain *domain);

#endif

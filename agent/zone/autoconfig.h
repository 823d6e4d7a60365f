/* What programs read to set themselves up for an address of a domain: XML that is the same for
 * everybody, and says nothing of who asks or whether there is such an address. Functions of the
 * state. Only what is open to the world is named, TLS from the first byte before STARTTLS. */
#ifndef AGENT_ZONE_AUTOCONFIG_H
#define AGENT_ZONE_AUTOCONFIG_H

#include "schema/desired.h"

/* Thunderbird's, `clientConfig` 1.1. */
struct view autoconfig_text(struct arena *arena, const struct desired *desired,
		const struct desired_domain *domain);
/* Outlook's, an answer to its POST. */
struct view autodiscover_text(struct arena *arena, const struct desired *desired);

#endif

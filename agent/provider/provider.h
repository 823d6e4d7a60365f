/* Who holds a zone, and how an RRset of it is read and changed there: one row a type.
 *
 * For the courier's threads: a call blocks, for a minute or so at most, and comes back within
 * a second or so when the agent stops. A secret that it needs is read then and there. Where
 * it connects to is judged (reach.h).
 *
 *   read ──► before ──► after, made by the caller ──► change: only if it still is `before`
 *
 * A set is changed as one: what others have in it stays only because the caller puts it into
 * `after`. All calls return EFFECT_DONE, or EFFECT_E_FAILED with a reason: ZoneGone where the
 * provider does not have the zone any more (nothing is ever made in its place), AuthFailed,
 * AnswerMalformed where what it says is not about this zone or cannot be understood. */
#ifndef AGENT_PROVIDER_PROVIDER_H
#define AGENT_PROVIDER_PROVIDER_H

#include "agent/effect/effect.h"
#include "agent/provider/rrset.h"

struct desired_dns_provider; /* schema/desired.h */

struct provider_call {
	struct view spec;    /* as dns_provider_spec() makes it */
	struct view zone;    /* "a.example" */
	struct arena *arena; /* owns what comes back */
	const struct agent_file *file;
	const atomic_bool *stopping;
};

struct dns_provider {
	const char *type; /* the word of the schema */
	/* What it holds; fails where it cannot be listed: never "nothing" by mistake. */
	int (*read)(const struct provider_call *call, struct view name, struct view type,
			struct rrset *out, struct effect_answer *answer);
	/* Makes `before` into `after`, of the same name and type; either may be empty. Where
	 * it is not `before` any more: ChangedMeanwhile, and nothing is touched. */
	int (*change)(const struct provider_call *call, const struct rrset *before,
			const struct rrset *after, struct effect_answer *answer);
	/* Whether it takes us, and has the zone. */
	int (*probe)(const struct provider_call *call, struct effect_answer *answer);
};

/* By the word; NULL where there is none. */
const struct dns_provider *dns_provider_of(struct view type);
/* By the spec that a call carries; NULL where it is none. */
const struct dns_provider *dns_provider_of_spec(struct view spec);

/* All that a call needs to know of a provider, as JSON, sorted and compact; of secrets the
 * names. */
struct view dns_provider_spec(
		struct arena *arena, const struct desired_dns_provider *provider);

/* What a provider says where `before` does not live any more. */
int provider_changed_meanwhile(const struct rrset *before, struct effect_answer *answer);

extern const struct dns_provider dns_powerdns, dns_rfc2136, dns_zonefile;

#endif

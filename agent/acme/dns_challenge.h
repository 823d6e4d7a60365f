/* The TXT record of a dns-01 challenge (RFC 8555, 8.4), at the provider of its zone: a value
 * among those that others may have there. For the courier's threads. */
#ifndef AGENT_ACME_DNS_CHALLENGE_H
#define AGENT_ACME_DNS_CHALLENGE_H

#include "agent/effect/effect.h"

struct dns_challenge {
	struct view zone;
	struct view provider; /* its spec */
	struct view name;     /* that is shown to be ours */
	struct view text;     /* the key authorization */
};

/* EFFECT_DONE: every server of the zone shows it. EFFECT_E_FAILED, InProgress: it is written,
 * and not all do yet. */
MUST_USE int dns_challenge_show(const struct dns_challenge *challenge,
		const struct effect *effect, struct arena *arena,
		struct effect_answer *answer);
/* Takes it back; what is not there is fine. */
MUST_USE int dns_challenge_hide(const struct dns_challenge *challenge,
		const struct effect *effect, struct arena *arena,
		struct effect_answer *answer);

#endif

/* The conversations with an issuer over HTTP, for a courier's thread. */
#ifndef AGENT_ACME_EXCHANGE_H
#define AGENT_ACME_EXCHANGE_H

#include "agent/acme/acme.h"
#include "agent/effect/effect.h"
#include "agent/effect/web.h"

/* Carries one step to its end, which is none of ACME_SEND. EFFECT_E_FAILED: there was no
 * reply to be had; the answer says why. */
MUST_USE int exchange_step(struct acme *acme, const struct effect *effect,
		struct effect_answer *answer, enum acme_outcome *out);
/* One GET of at most ACME_BODY bytes. */
MUST_USE int exchange_get(const struct effect *effect, struct view url,
		struct web_reply *out, struct effect_answer *answer);

#endif

/* What the files of an issued certificate share: certificate_issue.c has the steps,
 * certificate_desk.c the agent's side of them, certificate_renewal.c the question when to begin
 * anew. */
#ifndef AGENT_DRIVER_CERTIFICATE_ISSUE_INSIDE_H
#define AGENT_DRIVER_CERTIFICATE_ISSUE_INSIDE_H

#include "agent/acme/order.h"
#include "agent/effect/effect.h"

#include <jansson.h>

/* A brief is JSON, NUL, the account's key, NUL, the certificate's where it is to stay. Takes
 * the reference. */
void certificate_write_brief(json_t *root, const struct secret *key,
		const struct secret *kept, struct buf *out);
/* The step that comes next, with an account that is known already; empty: it is not. */
void certificate_use_account(struct acme_order *order, struct view url);

/* As struct effects has them. */
MUST_USE int certificate_brief(const struct effect_desk *desk,
		const struct effect *effect, struct buf *out);
MUST_USE int certificate_keep(const struct effect_desk *desk, const struct effect *effect,
		int outcome, const struct effect_answer *answer, bool *serves_out);
MUST_USE int certificate_look(const struct effect *effect, struct effect_answer *out);
/* Of a look. */
MUST_USE int certificate_brief_look(const struct effect_desk *desk,
		const struct effect *effect, struct buf *out);
MUST_USE int certificate_keep_renewal(const struct effect_desk *desk,
		const struct effect *effect, const struct effect_answer *answer);

#endif

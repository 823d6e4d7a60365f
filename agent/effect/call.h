/* A call to a program elsewhere that is told something: a webhook, a heartbeat. For a
 * courier's thread. */
#ifndef AGENT_CALL_H
#define AGENT_CALL_H

#include "agent/effect/effect.h"

#include <jansson.h>

/* The effect's text: a POST of JSON, or a GET where there is no body. `secret` (a form of
 * secret_form.h, or NULL) signs the body:
 *
 *   Posthus-Signature: sha256=<HMAC-SHA256 of the body, in hexadecimal>
 */
struct view call_text(struct arena *arena, struct view url, struct view body,
		const json_t *secret);

extern const struct effects call_effects;

#endif

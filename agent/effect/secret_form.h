/* A secret that a state names and a machine has: `{credential: NAME}`, `{host_file: PATH}`;
 * or that it holds itself: `{sealed: …}`, to this machine among others.
 *
 * What is planned, kept and shown carries the name alone, or what is sealed. An effect reads the secret on the
 * spot, each time anew, so that a file that somebody changed is the new one at once; and it
 * wipes it after. The machine has to allow it when it is read, too: agent.yaml may say
 * something else by then. */
#ifndef AGENT_SECRET_FORM_H
#define AGENT_SECRET_FORM_H

#include "agent/effect/effect.h"
#include "runtime/base/secret.h"
#include "schema/desired.h"

#include <jansson.h>

enum {
	SECRET_BYTES = 16 * 1024, /* the longest that is read */
};

/* `{"host_file":"/etc/keys/dns"}`; null where it has no form. */
void secret_form_add(struct buf *json, const struct desired_secret *secret);

/* `form` is what was added, parsed. One line end behind the secret is no part of it.
 * EFFECT_E_FAILED, untouched: SecretMissing, NotAllowed, ResealNeeded. Never a byte of it in the answer. */
MUST_USE int secret_form_read(const json_t *form, const struct agent_file *file,
		struct secret *out, struct effect_answer *answer);

/* The same for a secret that agent.yaml itself names: it allows what it says. */
MUST_USE int secret_form_read_own(const struct desired_secret *secret, struct secret *out,
		struct effect_answer *answer);

#endif

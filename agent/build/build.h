/* The running configuration, from what was applied: the state says it of what it names,
 * the objects' rows of what has left it (disabled users, what a gate holds). */
#ifndef AGENT_BUILD_H
#define AGENT_BUILD_H

#include "agent/plan/observe.h"
#include "runtime/configuration.h"

struct key;

/* Builds it after apply_write, within its transaction or later. Domains that are as in
 * `previous` (or NULL) share its shards. */
MUST_USE int build_configuration(struct observation *o, const struct key *tls_key,
		const struct configuration *previous, struct configuration **out);

#endif

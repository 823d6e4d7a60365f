/* What the keys that sign say of themselves, beside their objects. */
#ifndef AGENT_DRIVER_DKIM_KEY_H
#define AGENT_DRIVER_DKIM_KEY_H

#include "runtime/base/attr.h"
#include "runtime/base/clock.h"

#include <jansson.h>

struct database;

/* [{"active_at", "algorithm", "domain", "made_at", "record", "retired_at", "selector", "state",
 * "text"}, …], for the status: by domain and selector, but for those that are published no
 * more. `state` is "waiting", "signing" or "leaving"; `record` and `text` are what has to be
 * published. */
MUST_USE int dkim_keys_list(struct database *db, walltime now, json_t **out);

#endif

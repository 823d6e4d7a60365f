/* How things stand: a line a kind while all is well, then the unhappy objects by name. */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent/agent.h"
#include "agent/database/confirmation.h"
#include "agent/database/generation.h"
#include "agent/database/recovery_kit.h"
#include "agent/database/suspension.h"
#include "agent/plan/observe.h"
#include "runtime/runtime.h"

#include <jansson.h>

struct kind_count {
	const char *kind;
	size_t total;
	size_t ready;
	size_t disabled;
};

struct object_status {
	struct view name; /* user/anna */
	struct view key;
	bool ready;
	bool drifted; /* somebody changed it past the state, and it is let be */
	struct view reason;
	struct view message;
	walltime since; /* 0: seen just now */
	uint64_t generation, observed_generation;
	struct view conditions; /* all of them, as in its row */
	struct declaration declared;
};

struct status {
	struct arena *arena;
	struct generation generation; /* number 0: nothing was applied yet */
	uint64_t serial;
	struct suspension suspension;
	struct confirmation confirmation;
	walltime now;
	struct kind_count *kinds;
	size_t kind_count;
	struct object_status
			*objects; /* malloc'd: the unhappy ones, or the one asked for */
	size_t object_count, object_capacity;
	size_t unready;
	bool single; /* one object was asked for */
	bool has_runtime;
	struct runtime_observed live;
	const char *sandbox,
			*sandbox_without; /* literals; NULL: unknown, lacks nothing */
	struct agent_keys keys;
	struct recovery_kit kit; /* made_at 0: there is none */
	json_t *certificates;
	json_t *dkim_keys; /* as dkim_keys_list() makes it */
	/* of the last apply or reconcile of this process; ran_at 0: none yet */
	walltime ran_at;
	nstime ran_for;
	const char *reason; /* NULL: it went well */
	struct view message;
	size_t held;
	bool approvable;
	unsigned char held_digest[DIGEST_SIZE];
	struct waiting_status {
		struct view name; /* user/anna */
		const char *held; /* ApprovalsMissing … */
		struct view text; /* " · 1 of 2 people (anna)" */
		nstime left;      /* to wait; 0: it does not wait for time */
	} * waiting;
	size_t waiting_count;
};

/* NULL is fine. */
void status_free(struct status *status);
void status_freep(struct status **status);
void status_print(const struct status *status, struct buf *out);
/* A new reference. */
MUST_USE json_t *status_json(const struct status *status);

/* True where every object is Ready and nothing is held or failed. */
bool status_is_well(const struct status *status);

#endif

/* Where an alias, a contact or a catch-all sends: whole addresses, groups written out. */
#ifndef AGENT_TARGETS_H
#define AGENT_TARGETS_H

#include "schema/desired.h"

struct buf;

/* Each address once, in the order of the list; they borrow the state's arena. */
struct view_list targets_addresses(
		const struct target_list *targets, struct arena *arena);

/* The users among them, groups written out, each once; in the arena. */
const struct desired_user **targets_users(const struct target_list *targets,
		struct arena *arena, size_t *count_out);

/* As a row keeps them: `["a@b.example",…]`. */
void targets_add_json(
		struct buf *json, struct arena *arena, const struct target_list *targets);
void targets_add_list(struct buf *json, const struct view_list *texts);

/* What a `send_via` says: the name of a relay, `direct`, or nothing. */
struct view targets_relay(const struct target_list *send_via);

#endif

/* What of a plan is held: by gates, by protection, for people, for time. */
#ifndef AGENT_HOLDING_H
#define AGENT_HOLDING_H

#include "agent/plan/authority.h"

struct agent_result; /* agent/agent.h */

/* Marks the changes. Where `who->approve` is the digest of what an approval may let go, that
 * is let go, or its approver counted. Reads the database, no more. */
MUST_USE int holding_mark(const struct observation *o, const struct rules *rules,
		const struct authority *who, struct plan *plan);

/* Says why the gravest of it is held, and what lets it go. `planned`: nothing was done. */
void holding_say(const struct plan *plan, const struct authority *who, bool planned,
		struct agent_result *result);

/* " · 1 of 2 people (anna)", " · 1h59m left": behind the word of what is held. */
void holding_print_change(const struct change *change, struct buf *out);

#endif

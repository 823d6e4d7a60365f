/* Which of the objects each is that a state wants. An object is the one whose id is given, else
 * the one that has the key; `moved` says it where neither does. */
#ifndef AGENT_MATCH_H
#define AGENT_MATCH_H

#include "agent/plan/observe.h"

/* Fills in `wanted->object` and `object->wanted`. What would give people's data to somebody
 * else by a slip is a problem of the plan. */
void match(struct observation *o, struct plan *plan);

#endif

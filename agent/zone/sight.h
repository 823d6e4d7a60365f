/* What all servers of a zone say of a record of ours. */
#ifndef AGENT_ZONE_SIGHT_H
#define AGENT_ZONE_SIGHT_H

#include "agent/effect/effect.h"
#include "agent/provider/ask.h"
#include "agent/zone/owned.h"

struct zone_sight {
	struct ask_servers servers;
	struct view live; /* of ours, the same on all of them; empty: nothing */
	struct rrset set; /* the whole set, as the first of them has it */
};

/* The servers of the zone that a domain's records lie in: its own, or where it has none the
 * one around it, as far up as the name is its owner's. For the courier's threads. */
MUST_USE int zone_find(const struct effect *effect, struct view domain,
		struct arena *arena, struct zone_sight *out,
		struct effect_answer *answer);

/* Asks each of those servers. EFFECT_E_FAILED: NotVisible where they do not say the same
 * yet, naming one that does not and how many do; Timeout where none says anything. */
MUST_USE int zone_look(const struct effect *effect, const struct owned *owned,
		struct arena *arena, struct zone_sight *sight,
		struct effect_answer *answer);

#endif

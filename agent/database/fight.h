/* Fights: a field that somebody else changes as often as it is set right.
 *
 * After FIGHT_CORRECTIONS within FIGHT_SECONDS the field is let be for five minutes; fought
 * for again after that, twice as long, up to an hour. A new generation, and `posthus
 * resume`, end all fights. The wall clock is believed no further than that hour. */
#ifndef AGENT_FIGHT_H
#define AGENT_FIGHT_H

#include "agent/database/object.h"

enum {
	FIGHT_CORRECTIONS = 3,
	FIGHT_SECONDS = 10 * 60,
	FIGHT_FIRST_REST = 5 * 60,
	FIGHT_LONGEST_REST = 60 * 60,
};

/* Until when the field is let be; 0: it is not fought for. */
MUST_USE int fight_rests(struct database *db, const unsigned char uid[UID_SIZE],
		struct view field, walltime now, walltime *until_out);
/* It was set right once more. */
MUST_USE int fight_count(struct database *db, const unsigned char uid[UID_SIZE],
		struct view field, walltime now);
MUST_USE int fight_end_all(struct database *db);

#endif

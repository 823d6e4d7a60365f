/* Tells of alerts whom `alerts` of the state names, and writes the letters that wait.
 *
 *   alarms_look ─► alerts ─► news ─► a letter, at most one a minute
 *   (every ten          │      └───► a call of the webhook, tried until it is taken
 *    seconds)           └ nothing is wrong ─► a heartbeat, once an interval
 *
 * It is beside the outbox: nothing of it belongs to an object, nobody can look whether an
 * alert was told, and it has to go out just when the outbox does not (docs/decisions/0007).
 * Calls go by a courier of its own; nothing here waits but for the database, and for the log
 * that takes a letter. */
#ifndef AGENT_TELLING_H
#define AGENT_TELLING_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

struct agent;
struct telling;

enum {
	TELLING_LOOK = 10,   /* seconds between two looks, where somebody is told */
	TELLING_LETTER = 60, /* seconds between two letters */
};

MUST_USE int telling_new(struct telling **out);
/* Waits for calls that are out, as soon as they can come back. NULL is fine. */
void telling_free(struct telling *telling);
/* Something may have changed: a look is due. NULL is fine. */
void telling_stale(struct telling *telling);
/* That account may send no more until then. */
void telling_freeze(
		struct telling *telling, const unsigned char account[16], walltime until);

#endif

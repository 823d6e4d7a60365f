/* Alarms: what is wrong now and somebody should hear of. A look at what is there that keeps
 * nothing; alert.h keeps, and telling.h tells. */
#ifndef AGENT_ALARM_H
#define AGENT_ALARM_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"

#include <stdbool.h>

struct agent;
struct runtime_observed; /* runtime/runtime.h */

enum {
	ALARM_QUEUE_AGE = 4 * 60 * 60, /* seconds that mail may wait for another host */
	ALARM_DISK_PERCENT = 5,        /* of room or of files: fewer are free */
};

struct alarm {
	struct view object; /* user/anna; empty: the server as a whole */
	const char *reason; /* a word of reason.c */
	struct view message;
	int64_t patience; /* seconds that it may last before anybody is told */
};

struct alarms {
	struct arena *arena;
	struct alarm *items; /* malloc'd; no two with one object and reason */
	size_t count, capacity;
};

/* An account that wants to send more than it may, until its time is over. */
struct alarm_frozen {
	unsigned char account[16];
	walltime until;
};

/* Looks at objects, certificates, the last run, the runtime, its queue and the disk. Cheap:
 * kinds whose objects are Ready once they are written are not read. */
MUST_USE int alarms_look(struct agent *agent, const struct alarm_frozen *frozen,
		size_t frozen_count, struct alarms *out);
void alarms_deinit(struct alarms *alarms);

#endif

/* How fast a backup goes: bytes a second that leave, and how much of a processor its threads
 * take, all together. Any thread may ask; it comes back when it may go on. */
#ifndef AGENT_BACKUP_PACE_H
#define AGENT_BACKUP_PACE_H

#include "runtime/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct pace {
	uint64_t bytes_per_second;   /* 0: as many as go */
	unsigned cpu_percent;        /* 0: as much as it takes */
	const atomic_bool *stopping; /* or NULL */
	pthread_mutex_t mutex;
	nstime began;
	nstime free; /* when the next bytes may leave */
	nstime cpu;  /* that was taken since */
};

void pace_init(struct pace *pace, uint64_t bytes_per_second, unsigned cpu_percent,
		const atomic_bool *stopping);
void pace_deinit(struct pace *pace);
/* Before so many bytes leave. */
void pace_bytes(struct pace *pace, uint64_t bytes);
/* Now and then; *last is the caller's, 0 in the beginning of its thread. */
void pace_cpu(struct pace *pace, nstime *last);

#endif

/* When what could not be delivered is tried again, and when it is given up (RFC 5321,
 * 4.5.4.1): soon at first, since many hosts turn the first attempt of a stranger away, then
 * more and more seldom, for five days. Functions of their arguments. */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include "runtime/base/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	RETRY_EXPIRES_S = 5 * 86400, /* after its acceptance a message is given up … */
	RETRY_ATTEMPTS = 5, /* … but never after fewer attempts: of a server that was down
			       for a week, and of a clock that jumped */
	RETRY_WARNS_S = 4 * 3600, /* its sender hears that it waits */
	RETRY_LONGEST_S = 4 * 3600,
};

/* How long to wait after so many attempts (1: the first has failed): a quarter more or
 * less than the table says, by `random`, so that what failed together does not come back
 * together. */
nstime retry_delay(unsigned attempts, uint32_t random);

/* Whether what has just failed for now is given up. `age` is the time since its
 * acceptance, by a clock that may have jumped. */
bool retry_is_over(unsigned attempts, walltime age);

/* The time to wait for something whose next attempt was noted as a date: by a clock that
 * jumped it is never longer than the longest delay. */
nstime retry_left(walltime due, walltime now);

#endif

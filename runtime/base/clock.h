/* Time. An nstime counts nanoseconds on the monotonic clock and is an argument wherever
 * time matters; a walltime counts seconds since 1970 and is for dates that people read.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef int64_t nstime;
typedef int64_t walltime;

#define NS_PER_MS    ((nstime)1000000)
#define NS_PER_S     ((nstime)1000000000)
#define NSTIME_NEVER INT64_MAX

static inline nstime nstime_seconds(int64_t seconds)
{
	return seconds * NS_PER_S;
}

/* The earlier of the two. */
static inline nstime nstime_min(nstime a, nstime b)
{
	return a < b ? a : b;
}

/* For the floors that own a clock: net, service, agent. Engines and formats are told the
 * time. */
nstime clock_now(void);
walltime clock_wall(void);

#endif

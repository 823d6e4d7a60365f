#include "runtime/base/clock.h"

#include <time.h>

nstime clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nstime)t.tv_sec * NS_PER_S + t.tv_nsec;
}

walltime clock_wall(void)
{
	return (walltime)time(NULL);
}

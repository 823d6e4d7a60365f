#include "agent/backup/pace.h"

#include <stdbool.h>
#include <time.h>

enum {
	SLICE_MS = 50,
};

void pace_init(struct pace *pace, uint64_t bytes_per_second, unsigned cpu_percent,
		const atomic_bool *stopping)
{
	*pace = (struct pace){
		.bytes_per_second = bytes_per_second,
		.cpu_percent = cpu_percent,
		.stopping = stopping,
		.began = clock_now(),
	};
	pthread_mutex_init(&pace->mutex, NULL);
}

void pace_deinit(struct pace *pace)
{
	pthread_mutex_destroy(&pace->mutex);
}

static void wait_until(const struct pace *pace, nstime until)
{
	struct timespec slice = { 0, SLICE_MS * NS_PER_MS };

	while (clock_now() < until && !(pace->stopping && atomic_load(pace->stopping)))
		nanosleep(&slice, NULL);
}

void pace_bytes(struct pace *pace, uint64_t bytes)
{
	nstime now = clock_now(), until;

	if (!pace->bytes_per_second)
		return;
	pthread_mutex_lock(&pace->mutex);
	if (pace->free < now)
		pace->free = now;
	pace->free += (nstime)((double)bytes / (double)pace->bytes_per_second *
			       (double)NS_PER_S);
	until = pace->free;
	pthread_mutex_unlock(&pace->mutex);
	wait_until(pace, until);
}

static nstime thread_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return nstime_seconds(t.tv_sec) + t.tv_nsec;
}

void pace_cpu(struct pace *pace, nstime *last)
{
	nstime now, until;

	if (!pace->cpu_percent)
		return;
	now = thread_cpu();
	pthread_mutex_lock(&pace->mutex);
	pace->cpu += now - *last;
	until = pace->began + pace->cpu * 100 / pace->cpu_percent;
	pthread_mutex_unlock(&pace->mutex);
	*last = now;
	wait_until(pace, until);
}

#include "target_faults.h"

#include "agent/backup/target.h"

#include <pthread.h>

int __real_target_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble);
int __real_target_remove(
		struct target *target, struct view name, struct target_trouble *trouble);
int __real_target_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble);
int __wrap_target_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble);
int __wrap_target_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble);
int __wrap_target_remove(
		struct target *target, struct view name, struct target_trouble *trouble);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t calls, ends_at, fails_at;
static int refuses;
static uint64_t indexes_fetched, packs_fetched;

static void set(uint64_t end, uint64_t failure)
{
	pthread_mutex_lock(&mutex);
	calls = 0;
	ends_at = end;
	fails_at = failure;
	pthread_mutex_unlock(&mutex);
}

void faults_end_at(uint64_t n)
{
	set(n, 0);
}

void faults_fail_at(uint64_t n)
{
	set(0, n);
}

void faults_refuse_removal(int refuse)
{
	refuses = refuse;
}

uint64_t faults_calls(void)
{
	return calls;
}

static bool fails(void)
{
	bool r;

	pthread_mutex_lock(&mutex);
	calls++;
	r = (ends_at && calls >= ends_at) || calls == fails_at;
	pthread_mutex_unlock(&mutex);
	return r;
}

int __wrap_target_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble)
{
	if (fails())
		return target_failed(trouble, "ConnectionLost", "a fault was put here");
	return __real_target_put(target, name, bytes, trouble);
}

int __wrap_target_remove(
		struct target *target, struct view name, struct target_trouble *trouble)
{
	if (fails())
		return target_failed(trouble, "ConnectionLost", "a fault was put here");
	if (refuses)
		return TARGET_E_REFUSED;
	return __real_target_remove(target, name, trouble);
}

uint64_t faults_fetched(const char *folder)
{
	return *folder == 'i' ? indexes_fetched : packs_fetched;
}

int __wrap_target_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble)
{
	indexes_fetched += view_starts(name, VIEW("index/"));
	packs_fetched += view_starts(name, VIEW("packs/"));
	return __real_target_get(target, name, at, len, out, trouble);
}

#include "runtime/net/worker.h"

#include "runtime/base/error.h"
#include "runtime/base/metric.h"
#include "runtime/net/thread.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FEWEST_WORKERS = 2,
	MOST_WORKERS = 64
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct job_queue jobs;
	unsigned count;
	unsigned busy; /* those within a job, which may submit more */
	bool stopping;
	pthread_t threads[];
};

void job_queue_push(struct job_queue *queue, struct job *job)
{
	job->next = NULL;
	if (queue->last)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
}

struct job *job_queue_pop(struct job_queue *queue)
{
	struct job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->last = NULL;
	job->next = NULL;
	return job;
}

/* The next job; NULL once the pool stops and nobody can submit more. Locked. */
static struct job *await_job(struct workers *w)
{
	struct job *job;

	while (!(job = job_queue_pop(&w->jobs))) {
		if (w->stopping && w->busy == 0)
			return NULL;
		pthread_cond_wait(&w->change, &w->lock);
	}
	return job;
}

static void *work(void *arg)
{
	struct workers *w = arg;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while ((job = await_job(w))) {
		w->busy++;
		metric_add(METRIC_JOBS_WAITING, 0, 0, -1);
		metric_add(METRIC_JOBS_RUNNING, 0, 0, 1);
		pthread_mutex_unlock(&w->lock);
		job->run(job);
		pthread_mutex_lock(&w->lock);
		w->busy--;
		metric_add(METRIC_JOBS_RUNNING, 0, 0, -1);
		if (w->stopping && w->busy == 0)
			pthread_cond_broadcast(&w->change);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static unsigned choose_count(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = cores > 0 ? 2 * (unsigned)cores : FEWEST_WORKERS;

	if (count < FEWEST_WORKERS)
		return FEWEST_WORKERS;
	return count < MOST_WORKERS ? count : MOST_WORKERS;
}

struct workers *workers_new(unsigned count)
{
	struct workers *w;

	if (!count)
		count = choose_count();
	w = xcalloc(1, sizeof(*w) + count * sizeof(w->threads[0]));
	w->count = count;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->change, NULL);
	for (unsigned i = 0; i < count; i++)
		w->threads[i] = thread_start("worker", work, w);
	return w;
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->change);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->count; i++)
		pthread_join(w->threads[i], NULL);
	assert(!w->jobs.first);
	pthread_cond_destroy(&w->change);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

unsigned workers_count(const struct workers *w)
{
	return w->count;
}

void worker_submit(struct workers *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	metric_add(METRIC_JOBS_WAITING, 0, 0, 1);
	job_queue_push(&w->jobs, job);
	pthread_cond_signal(&w->change);
	pthread_mutex_unlock(&w->lock);
}

static void run_one(struct job *job)
{
	struct serial *s = CONTAINER_OF(job, struct serial, job);
	struct job *next;

	pthread_mutex_lock(&s->lock);
	next = job_queue_pop(&s->jobs);
	pthread_mutex_unlock(&s->lock);
	assert(next);
	next->run(next);

	/* The submission stays within the lock: once it is left with nothing scheduled,
	 * the queue may be gone. */
	pthread_mutex_lock(&s->lock);
	if (s->jobs.first) {
		worker_submit(s->workers, &s->job);
	} else {
		s->scheduled = false;
		pthread_cond_broadcast(&s->idle);
	}
	pthread_mutex_unlock(&s->lock);
}

void serial_init(struct serial *s, struct workers *workers)
{
	*s = (struct serial){ .job.run = run_one, .workers = workers };
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->idle, NULL);
}

void serial_deinit(struct serial *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->scheduled)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
}

void serial_submit(struct serial *s, struct job *job)
{
	pthread_mutex_lock(&s->lock);
	job_queue_push(&s->jobs, job);
	if (!s->scheduled) {
		s->scheduled = true;
		worker_submit(s->workers, &s->job);
	}
	pthread_mutex_unlock(&s->lock);
}

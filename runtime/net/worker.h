/* The workers: a bounded pool of threads for whatever blocks (a disk, a password hash),
 * and serial queues over it.
 *
 * A job is embedded in what it works on and belongs to its submitter; once run() was
 * called neither pool nor queue touches it again, so that run() may free it or submit it
 * anew. */
#ifndef NET_WORKER_H
#define NET_WORKER_H

#include "runtime/base/attr.h"

#include <pthread.h>
#include <stdbool.h>

struct job {
	struct job *next; /* the queue's */
	void (*run)(struct job *job);
};

/* Jobs in the order in which they came. Not locked. */
struct job_queue {
	struct job *first, *last;
};

void job_queue_push(struct job_queue *queue, struct job *job);
/* NULL where it is empty. */
struct job *job_queue_pop(struct job_queue *queue);

struct workers;

/* Starts `count` threads; 0: chosen from the cores. */
MUST_USE struct workers *workers_new(unsigned count);
/* Runs what is queued, and what that submits, then ends the threads. NULL is fine. */
void workers_free(struct workers *workers);
unsigned workers_count(const struct workers *workers);

/* From any thread. Runs in the order of submission, as workers become free. */
void worker_submit(struct workers *workers, struct job *job);

/* A serial queue: its jobs run one at a time and in order, on any worker. After each job
 * it goes to the end of the pool's queue, so that a busy account does not hold a worker.
 * A long job does a part and submits itself again. */
struct serial {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct job_queue jobs;
	bool scheduled; /* in the pool's queue, or running */
	struct job job; /* what the pool sees */
	struct workers *workers;
};

void serial_init(struct serial *serial, struct workers *workers);
/* Waits until nothing is queued or running. Not from one of its own jobs. */
void serial_deinit(struct serial *serial);
/* From any thread. */
void serial_submit(struct serial *serial, struct job *job);

#endif

#include "runtime/net/worker.h"

#include "tests/lib/test.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	QUEUES = 16,
	JOBS = 500
};

struct account {
	struct serial serial;
	atomic_int running;
	int seen; /* the job that came last; only jobs of this account touch it */
	bool broken;
};

struct numbered {
	struct job job;
	struct account *account;
	int number;
};

static void run_numbered(struct job *job)
{
	struct numbered *n = CONTAINER_OF(job, struct numbered, job);
	struct account *a = n->account;

	if (atomic_fetch_add(&a->running, 1) != 0 || a->seen != n->number - 1)
		a->broken = true;
	a->seen = n->number;
	atomic_fetch_sub(&a->running, 1);
	free(n);
}

static void jobs_of_one_account_run_one_at_a_time_and_in_order(void **state)
{
	struct workers *workers = workers_new(4);
	struct account *accounts = calloc(QUEUES, sizeof(*accounts));

	(void)state;
	for (int q = 0; q < QUEUES; q++)
		serial_init(&accounts[q].serial, workers);
	for (int i = 1; i <= JOBS; i++)
		for (int q = 0; q < QUEUES; q++) {
			struct numbered *n = calloc(1, sizeof(*n));

			n->job.run = run_numbered;
			n->account = &accounts[q];
			n->number = i;
			serial_submit(&accounts[q].serial, &n->job);
		}
	for (int q = 0; q < QUEUES; q++) {
		serial_deinit(&accounts[q].serial);
		assert_int_equal(accounts[q].seen, JOBS);
		assert_false(accounts[q].broken);
	}
	workers_free(workers);
	free(accounts);
}

struct turn {
	struct job job;
	struct serial *serial;
	struct turns *turns;
	char name;
};

struct turns {
	char order[64];
	size_t count;
};

static void run_turn(struct job *job)
{
	struct turn *t = CONTAINER_OF(job, struct turn, job);

	t->turns->order[t->turns->count++] = t->name;
}

struct barrier {
	struct job job;
	pthread_barrier_t barrier;
};

static void run_barrier(struct job *job)
{
	struct barrier *b = CONTAINER_OF(job, struct barrier, job);

	pthread_barrier_wait(&b->barrier);
}

static void a_busy_account_goes_to_the_end_of_the_line(void **state)
{
	struct workers *workers = workers_new(1);
	struct turns turns = { 0 };
	struct barrier gate = { .job.run = run_barrier };
	struct serial a, b;
	struct turn jobs[6];

	(void)state;
	serial_init(&a, workers);
	serial_init(&b, workers);
	pthread_barrier_init(&gate.barrier, NULL, 2);
	worker_submit(workers, &gate.job);
	for (int i = 0; i < 6; i++) {
		struct serial *s = i < 4 ? &a : &b;

		jobs[i] = (struct turn){ { NULL, run_turn }, s, &turns,
			i < 4 ? 'a' : 'b' };
		serial_submit(s, &jobs[i].job);
	}
	pthread_barrier_wait(&gate.barrier);
	serial_deinit(&a);
	serial_deinit(&b);
	workers_free(workers);
	pthread_barrier_destroy(&gate.barrier);
	assert_string_equal(turns.order, "ababaa");
}

struct chain {
	struct job job;
	struct workers *workers;
	atomic_int left;
};

static void run_chain(struct job *job)
{
	struct chain *c = CONTAINER_OF(job, struct chain, job);

	if (atomic_fetch_sub(&c->left, 1) > 1)
		worker_submit(c->workers, job);
}

static void an_ending_pool_runs_what_its_jobs_submit(void **state)
{
	struct chain chain = { .job.run = run_chain, .left = 1000 };

	(void)state;
	chain.workers = workers_new(3);
	worker_submit(chain.workers, &chain.job);
	workers_free(chain.workers);
	assert_int_equal(chain.left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_of_one_account_run_one_at_a_time_and_in_order),
		cmocka_unit_test(a_busy_account_goes_to_the_end_of_the_line),
		cmocka_unit_test(an_ending_pool_runs_what_its_jobs_submit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The machine is touched by one thread at a time, under a lock: by the session's, as the
 * message comes, and by the workers, as answers do. */
#include "runtime/service/checking.h"

#include "runtime/base/error.h"
#include "runtime/base/list.h"
#include "runtime/net/resolver.h"
#include "runtime/net/worker.h"
#include "runtime/service/service.h"

#include <stdlib.h>

struct question {
	struct list link; /* checking->out */
	struct checking *checking;
	struct resolver_question question;
	uint64_t number;
	struct job job;
};

struct checking {
	struct service *service;
	pthread_mutex_t lock; /* for what follows */
	struct mail_check *check;
	struct list out;         /* questions under way */
	nstime deadline;         /* NSTIME_NEVER until the message has ended */
	bool given_up;           /* it goes with the last answer */
	void (*done)(void *arg); /* NULL: the message has not ended, or it was called */
	void *arg;
};

static void free_now(struct checking *c)
{
	mail_check_free(c->check);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* -- questions -- */

static void answered(struct resolver_question *question)
{
	struct question *q = CONTAINER_OF(question, struct question, question);

	worker_submit(service_workers(q->checking->service), &q->job);
}

static void take_answer(struct job *job);

/* Locked. */
static void ask(struct checking *c, struct op *op, nstime time_limit)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->checking = c;
	q->question = (struct resolver_question){ .lookup = dns_lookup_of(op),
		.time_limit = time_limit,
		.answered = answered };
	q->job.run = take_answer;
	list_push(&c->out, &q->link);
	q->number = resolver_ask(service_resolver(c->service), &q->question);
}

/* Locked: hands out all that the machine wants to know. A question that is asked before the
 * message's end has as much time as there is after it. */
static void ask_all(struct checking *c)
{
	struct op *op;

	while ((op = mail_check_next_op(c->check))) {
		nstime now = clock_now(), left = nstime_seconds(CHECKING_SECONDS);

		if (c->deadline != NSTIME_NEVER)
			left = nstime_min(left, c->deadline - now);
		if (left > 0)
			ask(c, op, left);
		else
			mail_check_answer(c->check, op, now); /* by DNS_FAILED */
	}
}

/* Locked: whom to call, once the verdict is there. */
static void (*due(struct checking *c))(void *)
{
	return mail_check_verdict(c->check) ? TAKE(c->done) : NULL;
}

static void take_answer(struct job *job)
{
	struct question *q = CONTAINER_OF(job, struct question, job);
	struct checking *c = q->checking;
	void (*done)(void *) = NULL;
	void *arg = NULL;
	bool last;

	pthread_mutex_lock(&c->lock);
	list_remove(&q->link);
	mail_check_answer(c->check, &q->question.lookup->op, clock_now());
	if (!c->given_up) {
		ask_all(c);
		done = due(c);
		arg = c->arg;
	}
	last = c->given_up && list_empty(&c->out);
	pthread_mutex_unlock(&c->lock);
	free(q);
	if (done)
		done(arg);
	if (last)
		free_now(c);
}

/* -- the message -- */

struct checking *checking_new(struct service *s, const struct mail_check_request *request)
{
	struct checking *c = xcalloc(1, sizeof(*c));

	c->service = s;
	c->deadline = NSTIME_NEVER;
	c->check = mail_check_new(request, clock_now());
	list_init(&c->out);
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_lock(&c->lock);
	ask_all(c);
	pthread_mutex_unlock(&c->lock);
	return c;
}

void checking_feed(struct checking *c, struct view bytes)
{
	pthread_mutex_lock(&c->lock);
	mail_check_feed(c->check, bytes);
	ask_all(c);
	pthread_mutex_unlock(&c->lock);
}

void checking_finish(struct checking *c, void (*done)(void *arg), void *arg)
{
	pthread_mutex_lock(&c->lock);
	c->deadline = clock_now() + nstime_seconds(CHECKING_SECONDS);
	c->done = done;
	c->arg = arg;
	mail_check_finish(c->check);
	ask_all(c);
	done = due(c);
	pthread_mutex_unlock(&c->lock);
	if (done)
		done(arg);
}

const struct verdict *checking_verdict(const struct checking *c)
{
	return mail_check_verdict(c->check);
}

void checking_free(struct checking *c)
{
	bool none;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	none = list_empty(&c->out);
	c->given_up = true;
	LIST_EACH (link, &c->out)
		resolver_cancel(service_resolver(c->service),
				LIST_ITEM(link, struct question, link)->number);
	pthread_mutex_unlock(&c->lock);
	if (none)
		free_now(c);
}

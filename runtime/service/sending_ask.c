/* What the operator asks and changes. The question is a job of the sending thread; who asks
 * waits for it. */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/service/service.h"

#include <stdlib.h>

struct asking {
	struct job job;
	struct sending *sending;
	int (*answer)(struct asking *asking);
	int outcome;
	bool done;
	/* A list: */
	uint64_t after;
	size_t most;
	struct arena *arena;
	struct queue_message *messages;
	size_t count;
	/* A change: */
	enum sending_change change;
	uint64_t message;
};

static void run(struct job *job)
{
	struct asking *a = CONTAINER_OF(job, struct asking, job);
	struct sending *s = a->sending;

	a->outcome = a->answer(a);
	pthread_mutex_lock(&s->lock);
	a->done = true;
	pthread_cond_broadcast(&s->answered);
	pthread_mutex_unlock(&s->lock);
}

static int ask(struct asking *a)
{
	struct sending *s = a->sending;

	a->job.run = run;
	sending_post(s, &a->job);
	pthread_mutex_lock(&s->lock);
	while (!a->done)
		pthread_cond_wait(&s->answered, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return a->outcome;
}

static int answer_list(struct asking *a)
{
	struct queue *queue = a->sending->queue;
	uint64_t id = a->after;
	int r = queue_next(queue, id, &id);

	a->messages = arena_array(a->arena, a->most, sizeof(*a->messages));
	while (!r && id && a->count < a->most) {
		r = queue_load(queue, id, a->arena, &a->messages[a->count]);
		a->count += r == 0;
		if (!r)
			r = queue_next(queue, id, &id);
	}
	return r;
}

int sending_list(struct sending *s, uint64_t after, size_t most, struct arena *arena,
		struct queue_message **out, size_t *count_out)
{
	struct asking asking = { .sending = s,
		.answer = answer_list,
		.after = after,
		.most = most,
		.arena = arena };
	int r = ask(&asking);

	*out = asking.messages;
	*count_out = asking.count;
	return r;
}

/* What waits of a message may go at once, and so may all that is held back with it. */
static int put_in_order(struct sending *s, uint64_t message)
{
	uint64_t id = message;
	int r = 0;

	if (message)
		return attempts_schedule(s, message);
	do {
		r = queue_next(s->queue, id, &id);
		if (!r && id)
			r = attempts_schedule(s, id);
	} while (!r && id);
	return r;
}

static int retry(struct asking *a)
{
	struct sending *s = a->sending;
	const struct os *os = service_os(s->service);
	int r = queue_hurry(s->queue, a->message, os->wall(os->state));

	schedule_release(s->schedule);
	return r ? r : put_in_order(s, a->message);
}

static int answer_change(struct asking *a)
{
	struct sending *s = a->sending;
	int r = 0;

	switch (a->change) {
	case SENDING_RETRY:
		return retry(a);
	case SENDING_HOLD:
		return queue_hold(s->queue, a->message, true);
	case SENDING_RELEASE:
		r = queue_hold(s->queue, a->message, false);
		return r ? r : put_in_order(s, a->message);
	case SENDING_DROP:
	case SENDING_BOUNCE:
		r = queue_cancel(s->queue, a->message, a->change == SENDING_BOUNCE);
		s->reports_due = 0;
		break;
	}
	return r;
}

int sending_change(struct sending *s, enum sending_change change, uint64_t message)
{
	struct asking asking = { .sending = s,
		.answer = answer_change,
		.change = change,
		.message = message };

	return ask(&asking);
}

static int answer_freeze(struct asking *a)
{
	return queue_freeze(a->sending->queue);
}

static int answer_thaw(struct asking *a)
{
	queue_thaw(a->sending->queue);
	return 0;
}

int sending_freeze(struct sending *s)
{
	struct asking asking = { .sending = s, .answer = answer_freeze };

	return ask(&asking);
}

void sending_thaw(struct sending *s)
{
	struct asking asking = { .sending = s, .answer = answer_thaw };

	ask(&asking);
}

/* A loop: an event base on a thread of its own, and a locked queue of posted jobs that an
 * eventfd announces. libevent's own locking stays off: nobody but the thread touches its
 * base. */
#include "runtime/net/loop.h"

#include "runtime/base/error.h"
#include "runtime/net/thread.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct loop {
	struct event_base *base;
	struct event *wake;
	int wake_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	struct job_queue jobs;
	struct job stop;
};

static void run_posted(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct job_queue jobs;
	struct job *job;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		die("a loop cannot read its eventfd");
	pthread_mutex_lock(&loop->lock);
	jobs = loop->jobs;
	loop->jobs = (struct job_queue){ 0 };
	pthread_mutex_unlock(&loop->lock);
	while ((job = job_queue_pop(&jobs)))
		job->run(job);
}

static void *run_loop(void *arg)
{
	struct loop *loop = arg;

	if (event_base_dispatch(loop->base) < 0)
		die("an event loop failed");
	return NULL;
}

static void stop_loop(struct job *job)
{
	struct loop *loop = CONTAINER_OF(job, struct loop, stop);

	event_base_loopbreak(loop->base);
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		die("out of memory");
	/* One thread a base: no locks within. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base)
		die("cannot make an event loop: raise the limit of open files");
	return base;
}

struct loop *loop_new(const char *name)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	pthread_mutex_init(&loop->lock, NULL);
	loop->base = new_base();
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		die("cannot make an eventfd: raise the limit of open files");
	loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST,
			run_posted, loop);
	if (!loop->wake || event_add(loop->wake, NULL))
		die("out of memory");
	loop->thread = thread_start(name, run_loop, loop);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop->stop.run = stop_loop;
	loop_post(loop, &loop->stop);
	pthread_join(loop->thread, NULL);
	assert(!loop->jobs.first);
	event_free(loop->wake);
	event_base_free(loop->base);
	close(loop->wake_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

void loop_post(struct loop *loop, struct job *job)
{
	const uint64_t one = 1;
	bool wake;

	pthread_mutex_lock(&loop->lock);
	wake = !loop->jobs.first;
	job_queue_push(&loop->jobs, job);
	/* Within the lock: once the stop job has run, the loop may be gone. */
	if (wake && write(loop->wake_fd, &one, sizeof(one)) < 0)
		die("a loop cannot be woken");
	pthread_mutex_unlock(&loop->lock);
}

struct call {
	struct job job;
	void (*run)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool done;
};

static void run_call(struct job *job)
{
	struct call *call = CONTAINER_OF(job, struct call, job);

	call->run(call->arg);
	pthread_mutex_lock(&call->lock);
	call->done = true;
	pthread_cond_signal(&call->change);
	pthread_mutex_unlock(&call->lock);
}

void loop_call(struct loop *loop, void (*run)(void *arg), void *arg)
{
	struct call call = { .job.run = run_call, .run = run, .arg = arg };

	assert(!loop_is_current(loop));
	pthread_mutex_init(&call.lock, NULL);
	pthread_cond_init(&call.change, NULL);
	loop_post(loop, &call.job);
	pthread_mutex_lock(&call.lock);
	while (!call.done)
		pthread_cond_wait(&call.change, &call.lock);
	pthread_mutex_unlock(&call.lock);
	pthread_cond_destroy(&call.change);
	pthread_mutex_destroy(&call.lock);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

bool loop_is_current(const struct loop *loop)
{
	return pthread_equal(pthread_self(), loop->thread);
}

static void arm(struct timer *timer, nstime when)
{
	nstime left = when - clock_now();
	struct timeval wait;

	if (left < 0)
		left = 0;
	left = (left + 999) / 1000; /* not a moment too early */
	wait.tv_sec = left / 1000000;
	wait.tv_usec = left % 1000000;
	if (event_add(timer->event, &wait))
		die("out of memory");
	timer->armed = when;
}

static void timer_came(evutil_socket_t fd, short what, void *arg)
{
	struct timer *timer = arg;
	nstime now = clock_now();

	(void)fd;
	(void)what;
	timer->armed = NSTIME_NEVER;
	if (now < timer->due) {
		if (timer->due != NSTIME_NEVER)
			arm(timer, timer->due);
		return;
	}
	timer->due = NSTIME_NEVER;
	timer->fired(timer, now);
}

void timer_init(struct timer *timer, struct loop *loop,
		void (*fired)(struct timer *timer, nstime now))
{
	timer->fired = fired;
	timer->due = timer->armed = NSTIME_NEVER;
	timer->event = event_new(loop->base, -1, 0, timer_came, timer);
	if (!timer->event)
		die("out of memory");
}

void timer_deinit(struct timer *timer)
{
	if (timer->event)
		event_free(timer->event);
	timer->event = NULL;
}

/* Most deadlines move on with every command and never come: what is armed stays, and
 * looks again when it fires. */
void timer_set(struct timer *timer, nstime due)
{
	timer->due = due;
	if (due < timer->armed)
		arm(timer, due);
}

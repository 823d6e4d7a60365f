/* The sending thread: it runs what was posted, writes down what came together, starts what
 * is due, and sleeps until the next of these.
 *
 *   jobs ──► takings, outcomes ──one commit──► the filer and the connections go on
 *     ▲                                         │
 *     └──────────── connections, resolver ◄─────┴── schedule_next
 */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metric.h"
#include "runtime/crypto/random.h"
#include "runtime/net/net.h"
#include "runtime/net/thread.h"
#include "runtime/service/service.h"
#include "runtime/store/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	AT_ONCE = 200,        /* connections, in all … */
	AT_ONCE_IN_LANE = 10, /* … and to one destination */
	FETCHERS = 4,         /* policies at once */
	FULL_S = 10,          /* until a commit that found the disk full is tried again */
};

void sending_post(struct sending *s, struct job *job)
{
	pthread_mutex_lock(&s->lock);
	job_queue_push(&s->jobs, job);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

bool sending_goes_on(struct sending *s)
{
	bool goes_on;

	pthread_mutex_lock(&s->lock);
	goes_on = !s->draining && !s->observed.broken;
	pthread_mutex_unlock(&s->lock);
	return goes_on;
}

walltime sending_wall(const struct sending *s)
{
	const struct os *os = service_os(s->service);

	return os->wall(os->state);
}

void sending_break_off(struct sending *s, int r)
{
	pthread_mutex_lock(&s->lock);
	s->observed.broken = true;
	pthread_mutex_unlock(&s->lock);
	service_set_sends(s->service, false);
	log_event(LOG_ERROR, "queue.fault",
			log_text("reason", r < 0 ? strerror(-r) : "damaged"),
			log_text("next",
					"nothing is sent before a restart, and what was "
					"just sent may be sent again; look at the disk"));
}

/* -- what comes -- */

static void taking_arrives(struct job *job)
{
	struct taking *t = CONTAINER_OF(job, struct taking, job);

	list_push(&t->sending->takings, &t->link);
}

static void post_taking(
		struct sending *s, struct intake_message *message, enum taking_kind kind)
{
	struct taking *t = xcalloc(1, sizeof(*t));

	t->sending = s;
	t->message = message;
	t->kind = kind;
	t->job.run = taking_arrives;
	sending_post(s, &t->job);
}

void sending_take(struct sending *s, struct intake_message *message)
{
	post_taking(s, message, TAKING_OUT);
}

void sending_tell(struct sending *s, struct intake_message *message)
{
	post_taking(s, message, TAKING_TELLS);
}

void sending_settle(struct sending *s, struct intake_message *message)
{
	post_taking(s, message, TAKING_SETTLES);
}

/* -- writing it down -- */

static int write_taking(struct sending *s, struct taking *t)
{
	struct intake *intake = service_intake(s->service);

	switch (t->kind) {
	case TAKING_OUT:
		break;
	case TAKING_TELLS:
		return queue_tell(s->queue, t->message, intake_floor(intake),
				sending_wall(s));
	case TAKING_SETTLES:
		return queue_settle(
				s->queue, intake_message_envelope(t->message)->origin);
	}
	return queue_take(s->queue, &t->message, 1, intake_floor(intake), sending_wall(s),
			&t->id);
}

static int write_takings(struct sending *s)
{
	int r = 0;

	LIST_EACH (link, &s->takings) {
		struct taking *t = LIST_ITEM(link, struct taking, link);

		if (r)
			break;
		r = write_taking(s, t);
	}
	return r;
}

static int write_outcomes(struct sending *s)
{
	const struct os *os = service_os(s->service);
	int r = 0;

	LIST_EACH (link, &s->outcomes) {
		struct attempt *a = LIST_ITEM(link, struct attempt, link);

		if (!r)
			r = queue_record(s->queue, a->message.id, a->results, a->count,
					os->wall(os->state), &a->reports);
	}
	return r;
}

static void end_takings(struct sending *s)
{
	struct list *link;

	while ((link = list_pop(&s->takings))) {
		struct taking *t = LIST_ITEM(link, struct taking, link);

		if (t->kind == TAKING_TELLS)
			s->reports_due = 0;
		if (t->kind == TAKING_SETTLES) {
			report_arrived(s, intake_message_envelope(t->message)->origin);
			s->settled(s->state, t->message);
		} else {
			if (t->id)
				attempts_put_in_order(s, t->id);
			s->taken(s->state, t->message);
		}
		free(t);
	}
}

static void end_outcomes(struct sending *s, bool written)
{
	struct list *link;

	while ((link = list_pop(&s->outcomes))) {
		struct attempt *a = LIST_ITEM(link, struct attempt, link);
		struct channel *channel = a->channel;

		if (a->reports)
			s->reports_due = 0;
		if (channel && written)
			channel_follow(channel);
		if (written)
			attempt_end(a);
		else
			attempt_drop(a);
		if (channel)
			channel_written(channel);
	}
}

static int write_all(struct sending *s)
{
	int r = queue_begin(s->queue);

	if (!r)
		r = write_takings(s);
	if (!r)
		r = write_outcomes(s);
	if (!r)
		r = queue_commit(s->queue);
	if (r)
		queue_abort(s->queue);
	return r;
}

/* Writes down what has come since the last time, in one transaction. What is full is tried
 * again; connections wait for it. */
static void commit(struct sending *s, nstime now)
{
	int r;

	if (list_empty(&s->takings) && list_empty(&s->outcomes))
		return;
	if (!s->observed.broken) {
		if (now < s->again)
			return;
		r = write_all(s);
		if (!r) {
			end_outcomes(s, true);
			end_takings(s);
			return;
		}
		if ((r == DATABASE_E_FULL || r == DATABASE_E_BUSY) &&
				sending_goes_on(s)) {
			s->again = now + nstime_seconds(FULL_S);
			log_event(LOG_WARN, "queue.deferred",
					log_text("reason", "disk-full"),
					log_number("next_s", FULL_S));
			return;
		}
		sending_break_off(s, r);
	}
	end_outcomes(s, false);
}

/* -- the thread -- */

static void start_errands(struct sending *s, nstime now)
{
	struct errand *errand;

	while (sending_goes_on(s) && (errand = schedule_next(s->schedule, now)))
		attempt_begin(s, errand);
}

static void note_counts(struct sending *s)
{
	size_t out = schedule_out(s->schedule);
	size_t waiting = schedule_count(s->schedule) - out;

	metric_set(METRIC_QUEUE, 0, 0, (int64_t)waiting);
	metric_set(METRIC_QUEUE, 1, 0, (int64_t)out);
	pthread_mutex_lock(&s->lock);
	s->observed.waiting = waiting;
	s->observed.out = out;
	pthread_mutex_unlock(&s->lock);
}

/* One round; when the next is due. */
static nstime turn(struct sending *s)
{
	nstime now = clock_now(), next = NSTIME_NEVER;

	commit(s, now);
	start_errands(s, now);
	if (sending_goes_on(s) && s->reports_due <= now)
		reports_make(s, now);
	note_counts(s);
	if (sending_goes_on(s))
		next = nstime_min(schedule_deadline(s->schedule), s->reports_due);
	/* an errand that was begun may have brought its outcome at once */
	if (!list_empty(&s->takings) || !list_empty(&s->outcomes))
		next = nstime_min(next, s->observed.broken ? 0 : s->again);
	return next;
}

/* Locked. */
static bool is_over(const struct sending *s)
{
	return s->stopping && !s->jobs.first && !s->attempts && !s->channels;
}

/* Locked: waits for a job, or until then. */
static void await_job(struct sending *s, nstime until)
{
	struct timespec at = { .tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S };

	if (s->jobs.first || is_over(s))
		return;
	if (until == NSTIME_NEVER)
		pthread_cond_wait(&s->wake, &s->lock);
	else
		pthread_cond_timedwait(&s->wake, &s->lock, &at);
}

/* What an earlier run left. */
static int load_queue(struct sending *s)
{
	uint64_t id = 0;
	int r = queue_next(s->queue, 0, &id);

	while (!r && id) {
		r = attempts_schedule(s, id);
		if (!r)
			r = queue_next(s->queue, id, &id);
	}
	if (!r && schedule_count(s->schedule))
		log_event(LOG_INFO, "queue.recovered",
				log_number("errands",
						(int64_t)schedule_count(s->schedule)));
	return r;
}

static void *run(void *arg)
{
	struct sending *s = arg;
	int r = load_queue(s);

	if (r)
		sending_break_off(s, r);
	pthread_mutex_lock(&s->lock);
	while (!is_over(s)) {
		struct job *job;
		nstime next;

		while ((job = job_queue_pop(&s->jobs))) {
			pthread_mutex_unlock(&s->lock);
			job->run(job);
			pthread_mutex_lock(&s->lock);
		}
		pthread_mutex_unlock(&s->lock);
		next = turn(s);
		pthread_mutex_lock(&s->lock);
		await_job(s, next);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* -- the whole -- */

static int open_queue(struct sending *s, const struct key *key)
{
	CLEANUP(freep) char *path = NULL;
	struct queue_options options = { .key = key };

	if (asprintf(&path, "%s/queue.db", service_data(s->service)) < 0)
		die("out of memory");
	options.path = path;
	return queue_open(&options, &s->queue);
}

int sending_new(const struct sending_options *options, struct sending **out)
{
	struct sending *s = xcalloc(1, sizeof(*s));
	pthread_condattr_t monotonic;
	int r;

	s->service = options->service;
	r = open_queue(s, options->key);
	if (r) {
		free(s);
		return r;
	}
	s->taken = options->taken;
	s->settled = options->settled;
	s->state = options->state;
	s->schedule = schedule_new((struct schedule_bounds){
			.in_lane = AT_ONCE_IN_LANE, .in_all = AT_ONCE });
	s->resolver = service_resolver(options->service);
	s->trust = tls_trust_new();
	r = tls_trust_add_file(s->trust, tls_trust_roots());
	if (r)
		log_event(LOG_WARN, "sending.roots.missing",
				log_text("file", tls_trust_roots()), log_fault(r),
				log_text("next", "install ca-certificates"));
	s->port = (struct port){
		.class = &sending_port_class, .context = s, .name = "sending"
	};
	s->fetchers = workers_new(FETCHERS);
	s->tls_port = s->port;
	s->tls_port.implicit_tls = true;
	list_init(&s->takings);
	list_init(&s->outcomes);
	list_init(&s->reports);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&s->answered, NULL);
	*out = s;
	return 0;
}

void sending_start(struct sending *s)
{
	s->started = true;
	s->thread = thread_start("sending", run, s);
}

void sending_drain(struct sending *s)
{
	pthread_mutex_lock(&s->lock);
	s->draining = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void sending_stop(struct sending *s)
{
	if (!s->started)
		return;
	pthread_mutex_lock(&s->lock);
	s->draining = s->stopping = true;
	atomic_store(&s->abandons, true);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->started = false;
}

void sending_free(struct sending *s)
{
	struct list *link;
	struct job *job;

	if (!s)
		return;
	/* what was posted since the stop: messages, and reports that are done */
	while ((job = job_queue_pop(&s->jobs)))
		job->run(job);
	while ((link = list_pop(&s->takings)))
		free(LIST_ITEM(link, struct taking, link));
	workers_free(s->fetchers);
	reports_forget(s);
	queue_close(s->queue);
	schedule_free(s->schedule);
	tls_trust_unref(s->trust);
	pthread_cond_destroy(&s->answered);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct sending_observed sending_observe(struct sending *s)
{
	struct sending_observed out;

	pthread_mutex_lock(&s->lock);
	out = s->observed;
	pthread_mutex_unlock(&s->lock);
	return out;
}

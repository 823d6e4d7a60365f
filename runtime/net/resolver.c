/* libunbound works in a thread of its own and writes to a pipe when it has an answer; the
 * resolver's loop reads that pipe, and all that is ours is touched there. */
#include "runtime/net/resolver.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/map.h"
#include "runtime/base/os.h"
#include "runtime/dns/name.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unbound.h>

enum {
	CACHE = 32 * 1024 * 1024,
	LARGEST_FILE = 1024 * 1024 /* of anchors */
};

static const char stops[] = "this server stops";

struct resolver {
	struct loop *loop;
	struct ub_ctx *unbound;
	struct event *readable;
	struct map under_way; /* by number → struct resolver_question */
	bool stopped;
	_Atomic uint64_t numbers;
};

/* -- answers -- */

static void forget(struct resolver *r, struct resolver_question *q)
{
	map_remove(&r->under_way, view_of(&q->number, sizeof(q->number)));
	timer_deinit(&q->timer);
}

/* The last that is done with it. */
static void answer(struct resolver_question *q)
{
	q->answered(q);
}

static void fail(struct resolver_question *q, const char *reason)
{
	dns_answer_set(&q->lookup->answer, DNS_FAILED, false, 0);
	snprintf(q->reason, sizeof(q->reason), "%s", reason);
	answer(q);
}

/* It is under way, and the answer of libunbound is not wanted any more. */
static void give_up(struct resolver_question *q, const char *reason)
{
	ub_cancel(q->resolver->unbound, q->id);
	forget(q->resolver, q);
	fail(q, reason);
}

static const char *rcode_words(int rcode)
{
	switch (rcode) {
	case 2:
		return "SERVFAIL: its name servers do not answer, or not well";
	case 5:
		return "REFUSED";
	default:
		return "an error of its name servers";
	}
}

static enum dns_status status_of(const struct ub_result *result)
{
	if (result->bogus)
		return DNS_BOGUS;
	if (result->nxdomain)
		return DNS_NXDOMAIN;
	if (result->rcode != 0)
		return DNS_FAILED;
	return result->havedata ? DNS_ANSWERED : DNS_NODATA;
}

static void fill(struct resolver_question *q, const struct ub_result *result)
{
	struct dns_answer *out = &q->lookup->answer;
	enum dns_status status = status_of(result);

	dns_answer_set(out, status, result->secure,
			result->ttl > 0 ? (uint32_t)result->ttl : 0);
	if (status == DNS_BOGUS)
		snprintf(q->reason, sizeof(q->reason), "%s",
				result->why_bogus ? result->why_bogus : "bogus");
	if (status == DNS_FAILED)
		snprintf(q->reason, sizeof(q->reason), "%s", rcode_words(result->rcode));
	if (status != DNS_ANSWERED)
		return;
	for (int i = 0; result->data[i]; i++)
		dns_answer_add(out, q->lookup->type,
				view_of(result->data[i], (size_t)result->len[i]));
	if (dns_answer_failed(out))
		snprintf(q->reason, sizeof(q->reason),
				"the answer is malformed, or too large");
}

static void answer_came(void *arg, int error, struct ub_result *result)
{
	struct resolver_question *q = arg;

	forget(q->resolver, q);
	if (error) {
		fail(q, ub_strerror(error));
	} else {
		fill(q, result);
		answer(q);
	}
	ub_resolve_free(result);
}

static void pipe_readable(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	(void)fd;
	(void)what;
	ub_process(r->unbound);
}

/* -- questions -- */

static void time_is_up(struct timer *timer, nstime now)
{
	(void)now;
	give_up(CONTAINER_OF(timer, struct resolver_question, timer),
			"there was no answer in time");
}

static void run_ask(struct job *job)
{
	struct resolver_question *q = CONTAINER_OF(job, struct resolver_question, job);
	struct resolver *r = q->resolver;
	char name[NAME_MAX + 1];
	int error;

	if (r->stopped) {
		fail(q, stops);
		return;
	}
	if (!dns_name_fits(buf_view(&q->lookup->name))) {
		fail(q, "this is no name that can be asked for");
		return;
	}
	if (map_count(&r->under_way) >= limit_value(LIMIT_DNS_QUESTIONS)) {
		fail(q, limit_reply(LIMIT_DNS_QUESTIONS));
		return;
	}
	snprintf(name, sizeof(name), "%.*s", VIEW_ARG(buf_view(&q->lookup->name)));
	error = ub_resolve_async(r->unbound, name, (int)q->lookup->type, 1, q,
			answer_came, &q->id);
	if (error) {
		fail(q, ub_strerror(error));
		return;
	}
	map_set(&r->under_way, view_of(&q->number, sizeof(q->number)), q);
	timer_init(&q->timer, r->loop, time_is_up);
	timer_set(&q->timer, clock_now() + q->time_limit);
}

uint64_t resolver_ask(struct resolver *r, struct resolver_question *q)
{
	uint64_t number = 1 + atomic_fetch_add(&r->numbers, 1);

	assert(q->answered && q->lookup);
	q->resolver = r;
	q->number = number;
	q->reason[0] = '\0';
	if (q->time_limit == 0)
		q->time_limit = nstime_seconds(RESOLVER_SECONDS);
	q->job.run = run_ask;
	loop_post(r->loop, &q->job);
	return number;
}

struct cancellation {
	struct job job;
	struct resolver *resolver;
	uint64_t number;
};

static void run_cancel(struct job *job)
{
	struct cancellation *c = CONTAINER_OF(job, struct cancellation, job);
	struct resolver_question *q = map_get(
			&c->resolver->under_way, view_of(&c->number, sizeof(c->number)));

	if (q)
		give_up(q, "nobody waits for it any more");
	free(c);
}

void resolver_cancel(struct resolver *r, uint64_t number)
{
	struct cancellation *c = xmalloc(sizeof(*c));

	*c = (struct cancellation){ { NULL, run_cancel }, r, number };
	loop_post(r->loop, &c->job);
}

/* -- life -- */

static void set(struct ub_ctx *unbound, const char *name, const char *value)
{
	if (ub_ctx_set_option(unbound, name, value))
		die("this libunbound does not know %s", name);
}

static void set_bytes(struct ub_ctx *unbound, const char *name, size_t bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", bytes);
	set(unbound, name, text);
}

/* Anchors as strings: so nothing is opened behind our back, nor later. */
static int add_anchors(struct ub_ctx *unbound, const char *path)
{
	CLEANUP(freep) char *text = NULL;
	struct view rest;
	size_t len, count = 0;
	int r = os_read_file(os_real(), path, LARGEST_FILE, &text, &len);

	if (r)
		return fault(r);
	rest = view_of(text, len);
	while (rest.len) {
		struct view line = view_cut(&rest, '\n');
		struct view record = view_trim(view_cut(&line, ';'));
		char *anchor;

		if (record.len == 0)
			continue;
		anchor = xstrndup(record.data, record.len);
		if (ub_ctx_add_ta(unbound, anchor) == 0)
			count++;
		free(anchor);
	}
	return count ? 0 : RESOLVER_E_ANCHORS;
}

static int configure(struct ub_ctx *unbound, const struct resolver_options *options)
{
	size_t cache = options->cache ? options->cache : CACHE;

	ub_ctx_debugout(unbound, NULL); /* what matters comes back with an answer */
	ub_ctx_async(unbound, 1);       /* a thread, no process */
	set_bytes(unbound, "msg-cache-size:", cache / 4);
	set_bytes(unbound, "rrset-cache-size:", cache / 2);
	set_bytes(unbound, "key-cache-size:", cache / 8);
	set_bytes(unbound, "neg-cache-size:", cache / 8);
	set(unbound, "qname-minimisation:", "yes");
	set(unbound, "aggressive-nsec:", "yes");
	if (options->on_loopback)
		set(unbound, "do-not-query-localhost:", "no");
	for (size_t i = 0; i < options->forwarder_count; i++)
		if (ub_ctx_set_fwd(unbound, options->forwarders[i]))
			return RESOLVER_E_ADDRESS;
	for (size_t i = 0; i < options->stub_count; i++)
		if (ub_ctx_set_stub(unbound, options->stubs[i].zone,
				    options->stubs[i].address, 0))
			return RESOLVER_E_ADDRESS;
	return add_anchors(
			unbound, options->anchors ? options->anchors : RESOLVER_ANCHORS);
}

static void start(void *arg)
{
	struct resolver *r = arg;

	r->readable = event_new(loop_base(r->loop), ub_fd(r->unbound),
			EV_READ | EV_PERSIST, pipe_readable, r);
	if (!r->readable || event_add(r->readable, NULL))
		die("out of memory");
}

static void stop(void *arg)
{
	struct resolver *r = arg;
	struct view number;
	size_t at = 0;
	void *q;

	r->stopped = true;
	for (; map_next(&r->under_way, &at, &number, &q); at = 0)
		give_up(q, stops);
}

static void end(void *arg)
{
	struct resolver *r = arg;

	stop(r);
	if (r->readable)
		event_free(r->readable);
}

/* -- that it works: the first question makes libunbound read what it was given -- */

struct first_question {
	struct resolver_question question;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool done;
};

static void first_answered(struct resolver_question *q)
{
	struct first_question *first = CONTAINER_OF(q, struct first_question, question);

	pthread_mutex_lock(&first->lock);
	first->done = true;
	pthread_cond_signal(&first->change);
	pthread_mutex_unlock(&first->lock);
}

static bool works(struct resolver *r)
{
	struct first_question first = {
		.question = { .lookup = dns_lookup_new(DNS_A, VIEW("localhost")),
				.answered = first_answered },
	};
	bool works;

	pthread_mutex_init(&first.lock, NULL);
	pthread_cond_init(&first.change, NULL);
	resolver_ask(r, &first.question);
	pthread_mutex_lock(&first.lock);
	while (!first.done)
		pthread_cond_wait(&first.change, &first.lock);
	pthread_mutex_unlock(&first.lock);
	works = first.question.lookup->answer.status == DNS_ANSWERED;
	pthread_cond_destroy(&first.change);
	pthread_mutex_destroy(&first.lock);
	op_free(&first.question.lookup->op);
	return works;
}

int resolver_new(const struct resolver_options *options, struct resolver **out)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	int result;

	r->unbound = ub_ctx_create();
	if (!r->unbound)
		die("libunbound gives no context: raise the limit of open files");
	result = configure(r->unbound, options);
	if (result) {
		ub_ctx_delete(r->unbound);
		free(r);
		return result;
	}
	r->loop = loop_new("resolver");
	loop_call(r->loop, start, r);
	if (!works(r)) {
		resolver_free(r);
		return RESOLVER_E_ANCHORS;
	}
	*out = r;
	return 0;
}

void resolver_stop(struct resolver *r)
{
	if (r)
		loop_call(r->loop, stop, r);
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	loop_call(r->loop, end, r);
	ub_ctx_delete(r->unbound);
	loop_free(r->loop);
	map_free(&r->under_way);
	free(r);
}

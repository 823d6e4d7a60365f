/* The loops: threads that carry connections, one event base each, usually one a core.
 *
 * What lives on a loop is touched on its thread alone. Everything else reaches it by
 * loop_post() or by its answers queue. Nothing that blocks runs here. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "runtime/base/clock.h"
#include "runtime/net/worker.h"

struct event_base; /* libevent's */
struct event;
struct loop;

/* Starts a thread; `name` (at most 15 bytes) is what the system's tools show. */
MUST_USE struct loop *loop_new(const char *name);
/* Runs what was posted, then ends the thread and frees the loop. Not from a loop. */
void loop_free(struct loop *loop);

/* From any thread, the loop's own included: runs the job on the loop, always later. */
void loop_post(struct loop *loop, struct job *job);
/* Posts the job and waits until it has run. Not from a loop. */
void loop_call(struct loop *loop, void (*run)(void *arg), void *arg);

struct event_base *loop_base(struct loop *loop);
/* True on the loop's own thread. */
bool loop_is_current(const struct loop *loop);

/* A timer of one loop, for use on its thread. */
struct timer {
	void (*fired)(struct timer *timer, nstime now);
	struct event *event;
	nstime due;   /* what was asked for */
	nstime armed; /* what the event waits for: never later than due */
};

void timer_init(struct timer *timer, struct loop *loop,
		void (*fired)(struct timer *timer, nstime now));
void timer_deinit(struct timer *timer);
/* Fires once at `due` or a little later, in place of what was set before; NSTIME_NEVER
 * clears it. */
void timer_set(struct timer *timer, nstime due);

#endif

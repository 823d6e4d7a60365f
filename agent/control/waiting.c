#include "agent/control/waiting.h"

#include "agent/control/call.h"
#include "agent/control/records_text.h"
#include "agent/text.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/runtime.h"

#include <stdlib.h>

enum {
	MOST_WAITING = 64,
	MOST_EVENTS = 1000,
};

struct waiter {
	struct list link;
	struct runtime_request *request;
	struct buf name; /* what stood in the target, and no longer than that */
	struct buf type;
	nstime deadline;
	bool events;    /* it waits for an event that is newer than … */
	uint64_t after; /* … this revision */
};

/* Answers in the form of every route: exit and text, beside what `answer` has. */
static void send(struct waiting *waiting, struct waiter *waiter, enum exit_code code,
		struct view text, json_t *answer)
{
	CLEANUP(freep) char *body = NULL;

	json_object_set_new(answer, "exit", json_integer(code));
	json_object_set_new(answer, "text", json_view(text));
	body = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	runtime_answer(waiting->runtime, waiter->request, 200, VIEW("application/json"),
			view_z(body));
	list_remove(&waiter->link);
	waiting->count--;
	buf_free(&waiter->name);
	buf_free(&waiter->type);
	free(waiter);
}

static void end_wait(struct waiting *waiting, struct waiter *waiter, enum exit_code code,
		const char *outcome)
{
	CLEANUP(buf_free)
	struct buf text = BUF_NULL(2 * limit_value(LIMIT_HTTP_TARGET));

	if (!waiter->events)
		buf_addf(&text, "%.*s: %.*s %s\n", VIEW_ARG(buf_view(&waiter->name)),
				VIEW_ARG(buf_view(&waiter->type)), outcome);
	send(waiting, waiter, code, buf_view(&text), json_object());
}

void waiting_init(struct waiting *waiting, struct agent *agent, struct runtime *runtime)
{
	*waiting = (struct waiting){ .agent = agent, .runtime = runtime };
	list_init(&waiting->waiters);
}

void waiting_deinit(struct waiting *waiting)
{
	LIST_EACH (link, &waiting->waiters)
		end_wait(waiting, LIST_ITEM(link, struct waiter, link), EXIT_ERROR,
				"is no longer waited for: the agent stops");
}

static struct waiter *add(
		struct waiting *waiting, struct runtime_request *request, nstime deadline)
{
	struct waiter *waiter;

	if (waiting->count == MOST_WAITING)
		return NULL;
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->request = request;
	waiter->deadline = deadline;
	list_push(&waiting->waiters, &waiter->link);
	waiting->count++;
	return waiter;
}

int waiting_add_events(struct waiting *waiting, struct runtime_request *request,
		uint64_t after, nstime deadline)
{
	struct waiter *waiter = add(waiting, request, deadline);

	if (!waiter)
		return WAITING_E_FULL;
	waiter->events = true;
	waiter->after = after;
	return 0;
}

int waiting_add(struct waiting *waiting, struct runtime_request *request,
		struct view name, struct view type, nstime deadline)
{
	struct waiter *waiter = add(waiting, request, deadline);

	if (!waiter)
		return WAITING_E_FULL;
	waiter->name = BUF_NULL(name.len);
	waiter->type = BUF_NULL(type.len);
	buf_add(&waiter->name, name);
	buf_add(&waiter->type, type);
	return 0;
}

/* With no event by the deadline the answer has none: it is asked again. */
static void look_for_events(struct waiting *waiting, struct waiter *waiter, nstime now)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	json_t *events = NULL;
	int r = agent_events(waiting->agent, waiter->after, MOST_EVENTS, &events);

	if (r)
		log_event(LOG_ERROR, "control.wait.fault", log_text("object", "events"),
				log_fault(r));
	if (r == 0 && (now >= waiter->deadline || json_array_size(json_object_get(
								  events, "items")))) {
		events_print(events, &text);
		send(waiting, waiter, EXIT_FINE, buf_view(&text), events);
		return;
	}
	json_decref(events);
	if (r || !runtime_request_alive(waiting->runtime, waiter->request))
		end_wait(waiting, waiter, EXIT_ERROR, "is no longer waited for");
}

static void look_at(struct waiting *waiting, struct waiter *waiter, nstime now)
{
	bool holds = false;
	int r;

	if (waiter->events) {
		look_for_events(waiting, waiter, now);
		return;
	}
	r = agent_condition(waiting->agent, buf_view(&waiter->name),
			buf_view(&waiter->type), &holds);

	if (r < 0)
		log_event(LOG_ERROR, "control.wait.fault",
				log_view("object", buf_view(&waiter->name)),
				log_fault(r));
	if (r == 0 && holds)
		end_wait(waiting, waiter, EXIT_FINE, "holds");
	else if (now >= waiter->deadline)
		end_wait(waiting, waiter, EXIT_TIMEOUT,
				r == AGENT_E_ABSENT ? "does not exist" : "does not hold");
	else if (!runtime_request_alive(waiting->runtime, waiter->request))
		end_wait(waiting, waiter, EXIT_ERROR, "is no longer waited for");
}

void waiting_look(struct waiting *waiting, nstime now)
{
	LIST_EACH (link, &waiting->waiters)
		look_at(waiting, LIST_ITEM(link, struct waiter, link), now);
}

nstime waiting_deadline(const struct waiting *waiting)
{
	nstime earliest = NSTIME_NEVER;

	for (const struct list *link = waiting->waiters.next; link != &waiting->waiters;
			link = link->next)
		earliest = nstime_min(earliest,
				LIST_ITEM((struct list *)link, struct waiter, link)
						->deadline);
	return earliest;
}

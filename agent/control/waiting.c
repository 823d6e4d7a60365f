#include "agent/control/waiting.h"

#include "agent/control/call.h"
#include "agent/control/records_text.h"
#include "agent/database/text.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/base/log_kept.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	MOST_WAITING = 64,
	MOST_EVENTS = 1000,
};

enum waited_for {
	WAIT_CONDITION,
	WAIT_EVENT,
	WAIT_LINE,
};

struct waiter {
	struct list link;
	struct runtime_request *request;
	enum waited_for what;
	/* What stood in the target, and no longer than that: an object and a condition, or a
	 * field of the log and its value. */
	struct buf name;
	struct buf type;
	size_t most;    /* lines */
	uint64_t after; /* this revision, or number of a line */
	nstime deadline;
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

	if (waiter->what == WAIT_CONDITION)
		buf_addf(&text, "%.*s: %.*s %s\n", VIEW_ARG(buf_view(&waiter->name)),
				VIEW_ARG(buf_view(&waiter->type)), outcome);
	send(waiting, waiter, code, buf_view(&text), json_object());
}

void waiting_init(struct waiting *waiting, struct agent *agent, struct runtime *runtime)
{
	*waiting = (struct waiting){ .agent = agent, .runtime = runtime };
	list_init(&waiting->waiters);
	waiting->line_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (waiting->line_fd < 0)
		die("cannot make an eventfd: raise the limit of open files");
}

void waiting_deinit(struct waiting *waiting)
{
	LIST_EACH (link, &waiting->waiters)
		end_wait(waiting, LIST_ITEM(link, struct waiter, link), EXIT_ERROR,
				"is no longer waited for: the agent stops");
	log_kept_await(-1);
	close(waiting->line_fd);
}

static struct waiter *add(struct waiting *waiting, struct runtime_request *request,
		enum waited_for what, nstime deadline)
{
	struct waiter *waiter;

	if (waiting->count == MOST_WAITING)
		return NULL;
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->request = request;
	waiter->what = what;
	waiter->deadline = deadline;
	list_push(&waiting->waiters, &waiter->link);
	waiting->count++;
	return waiter;
}

int waiting_add_events(struct waiting *waiting, struct runtime_request *request,
		uint64_t after, nstime deadline)
{
	struct waiter *waiter = add(waiting, request, WAIT_EVENT, deadline);

	if (!waiter)
		return WAITING_E_FULL;
	waiter->after = after;
	return 0;
}

static void keep_words(struct waiter *waiter, struct view name, struct view type)
{
	waiter->name = BUF_NULL(name.len);
	waiter->type = BUF_NULL(type.len);
	buf_add(&waiter->name, name);
	buf_add(&waiter->type, type);
}

int waiting_add_log(struct waiting *waiting, struct runtime_request *request,
		const struct log_wish *wish, nstime deadline)
{
	struct waiter *waiter = add(waiting, request, WAIT_LINE, deadline);

	if (!waiter)
		return WAITING_E_FULL;
	waiter->after = wish->after;
	waiter->most = wish->most;
	keep_words(waiter, wish->field, wish->value);
	return 0;
}

int waiting_add(struct waiting *waiting, struct runtime_request *request,
		struct view name, struct view type, nstime deadline)
{
	struct waiter *waiter = add(waiting, request, WAIT_CONDITION, deadline);

	if (!waiter)
		return WAITING_E_FULL;
	keep_words(waiter, name, type);
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

/* The same with lines; those that it did not wish for are not looked at twice. */
static void look_for_lines(struct waiting *waiting, struct waiter *waiter, nstime now)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct log_wish wish = { .after = waiter->after,
		.most = waiter->most,
		.field = buf_view(&waiter->name),
		.value = buf_view(&waiter->type) };
	json_t *lines = log_read(&wish, &text);

	if (now >= waiter->deadline || json_array_size(json_object_get(lines, "items"))) {
		send(waiting, waiter, EXIT_FINE, buf_view(&text), lines);
		return;
	}
	waiter->after = (uint64_t)json_integer_value(json_object_get(lines, "last"));
	json_decref(lines);
	if (!runtime_request_alive(waiting->runtime, waiter->request))
		end_wait(waiting, waiter, EXIT_ERROR, "is no longer waited for");
}

static void look_for_condition(struct waiting *waiting, struct waiter *waiter, nstime now)
{
	bool holds = false;
	int r = agent_condition(waiting->agent, buf_view(&waiter->name),
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

/* Before the lines are looked at: one that comes meanwhile is announced too. */
static void await_lines(struct waiting *waiting)
{
	uint64_t count;
	bool wanted = false;

	LIST_EACH (link, &waiting->waiters)
		wanted |= LIST_ITEM(link, struct waiter, link)->what == WAIT_LINE;
	log_kept_await(wanted ? waiting->line_fd : -1);
	if (read(waiting->line_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		die("an eventfd cannot be read");
}

void waiting_look(struct waiting *waiting, nstime now)
{
	static void (*const look[])(struct waiting *, struct waiter *, nstime) = {
		[WAIT_CONDITION] = look_for_condition,
		[WAIT_EVENT] = look_for_events,
		[WAIT_LINE] = look_for_lines,
	};

	await_lines(waiting);
	LIST_EACH (link, &waiting->waiters) {
		struct waiter *waiter = LIST_ITEM(link, struct waiter, link);

		look[waiter->what](waiting, waiter, now);
	}
}

int waiting_fd(const struct waiting *waiting)
{
	return waiting->line_fd;
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

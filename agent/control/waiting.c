#include "agent/control/waiting.h"

#include "agent/text.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"
#include "runtime/runtime.h"

#include <stdlib.h>

enum {
	MOST_WAITING = 64
};

struct waiter {
	struct list link;
	struct runtime_request *request;
	struct buf name; /* what stood in the target, and no longer than that */
	struct buf type;
	nstime deadline;
};

/* Answers in the form of every route: exit and text. */
static void end_wait(struct waiting *waiting, struct waiter *waiter, enum exit_code code,
		const char *outcome)
{
	CLEANUP(buf_free)
	struct buf text = BUF_NULL(2 * limit_value(LIMIT_HTTP_TARGET));
	CLEANUP(freep) char *body = NULL;
	json_t *answer;

	buf_addf(&text, "%.*s: %.*s %s\n", VIEW_ARG(buf_view(&waiter->name)),
			VIEW_ARG(buf_view(&waiter->type)), outcome);
	answer = json_pack("{s:i, s:o}", "exit", (int)code, "text",
			json_view(buf_view(&text)));
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

int waiting_add(struct waiting *waiting, struct runtime_request *request,
		struct view name, struct view type, nstime deadline)
{
	struct waiter *waiter;

	if (waiting->count == MOST_WAITING)
		return WAITING_E_FULL;
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->request = request;
	waiter->name = BUF_NULL(name.len);
	waiter->type = BUF_NULL(type.len);
	buf_add(&waiter->name, name);
	buf_add(&waiter->type, type);
	waiter->deadline = deadline;
	list_push(&waiting->waiters, &waiter->link);
	waiting->count++;
	return 0;
}

static void look_at(struct waiting *waiting, struct waiter *waiter, nstime now)
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

/* Requests that stay open until a condition of an object holds, an event comes or a line of the
 * log. They are looked at whenever something has changed, never by polling. */
#ifndef AGENT_CONTROL_WAITING_H
#define AGENT_CONTROL_WAITING_H

#include "agent/agent.h"
#include "agent/control/log_text.h"
#include "runtime/base/list.h"

struct runtime_request;

struct waiting {
	struct agent *agent;
	struct runtime *runtime;
	struct list waiters;
	size_t count;
	int line_fd; /* an eventfd that the log tells of the next line */
};

void waiting_init(struct waiting *waiting, struct agent *agent, struct runtime *runtime);
/* Answers all that is left: the agent stops. */
void waiting_deinit(struct waiting *waiting);

enum {
	WAITING_E_FULL = 1, /* too many wait already */
};

/* Keeps the request open until `type` of `name` (KIND/ID) is True or the deadline. */
MUST_USE int waiting_add(struct waiting *waiting, struct runtime_request *request,
		struct view name, struct view type, nstime deadline);
/* Keeps it open until there is an event newer than revision `after`. */
MUST_USE int waiting_add_events(struct waiting *waiting, struct runtime_request *request,
		uint64_t after, nstime deadline);
/* Keeps it open until the log has a line that `wish` asks for. */
MUST_USE int waiting_add_log(struct waiting *waiting, struct runtime_request *request,
		const struct log_wish *wish, nstime deadline);
/* Readable once the log has a line that a request waits for; waiting_look is next. */
int waiting_fd(const struct waiting *waiting);
/* Answers those that hold, those whose time is up, and forgets those whose client has gone. */
void waiting_look(struct waiting *waiting, nstime now);
/* When the next one runs out of time; NSTIME_NEVER where none waits. */
nstime waiting_deadline(const struct waiting *waiting);

#endif

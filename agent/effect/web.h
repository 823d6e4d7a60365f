/* One HTTP request of a driver's effect, and the reasons for which requests fail.
 *
 * For the courier's threads: it blocks, for `patience` at most, and comes back within a
 * second or so when the agent stops. https is verified against the system's authorities and
 * those of agent.yaml, redirections are not followed, no proxy of the environment is used. Each address that the
 * URL's name leads to is judged before it is connected to (reach.h). */
#ifndef AGENT_WEB_H
#define AGENT_WEB_H

#include "agent/effect/effect.h"

enum {
	WEB_BODY = 1024 * 1024,
	WEB_HEADERS = 8,
	WEB_HEAD = 16 * 1024,
};

/* A connection that is kept for the next request: for many of them to one place. One thread at a
 * time has it. */
struct web_line;

struct web_line *web_line_new(void);
/* NULL is fine. */
void web_line_free(struct web_line *line);

struct web_request {
	const char *method;
	struct view url;
	struct view headers
			[WEB_HEADERS]; /* "Name: value"; those that are empty are not sent */
	struct view body;
	size_t most; /* bytes of the reply's body; 0: WEB_BODY */
	nstime patience;
	bool moves; /* patience is for each pause: what is large takes its time */
	struct web_line *line;         /* NULL: a connection of its own */
	const struct agent_file *file; /* of the effect: where it may connect to */
	const atomic_bool *stopping;   /* of the effect */
};

struct web_reply {
	int status;
	struct buf head; /* its lines */
	struct buf body;
	nstime retry_after; /* 0: not said */
};

#define WEB_REPLY_NULL                                                                   \
	((struct web_reply){ .head = BUF_NULL(WEB_HEAD), .body = BUF_NULL(WEB_BODY) })

void web_reply_deinit(struct web_reply *reply);
/* The value of the first header of that name; empty: there is none. */
struct view web_reply_header(const struct web_reply *reply, struct view name);

/* EFFECT_DONE where there is a reply, whatever its status; else the answer says why there is
 * none, and is `untouched` where the request cannot have arrived. */
MUST_USE int web_call(const struct web_request *request, struct web_reply *out,
		struct effect_answer *answer);
/* EFFECT_DONE for 2xx; else the reason that the status stands for. */
MUST_USE int web_judge(const struct web_reply *reply, struct effect_answer *answer);

#endif

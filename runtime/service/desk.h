/* HTTP requests that wait for the agent, which pulls them: those of the control socket, and
 * those that strangers make at https for what the agent alone can answer.
 *
 * Each says by which door it came; a stranger's never looks like an operator's. Of strangers'
 * DESK_HELD are held at a time and DESK_HELD_BY_ONE of one address (an IPv4 address, an IPv6
 * /64), which may also make only so many in a time (visits.h). Routes are the agent's. */
#ifndef SERVICE_DESK_H
#define SERVICE_DESK_H

#include "runtime/base/view.h"

#include <sys/types.h>

struct connection; /* net/connection.h */
struct desk;
struct http_request; /* http/http_server.h */
struct service;

enum {
	DESK_HELD = 64,
	DESK_HELD_BY_ONE = 4,
};

enum desk_door {
	DESK_CONTROL, /* the peer was let in by what the kernel says of it */
	DESK_PUBLIC,  /* anybody, over TLS */
};

/* Its views and numbers stay until the answer. */
struct desk_request {
	enum desk_door door;
	struct view method, target, content_type, body;
	struct view fields; /* of the head: for http_field() */
	const char *peer;   /* "192.0.2.1"; "unix" */
	uid_t uid;          /* DESK_CONTROL: of the peer; else (uid_t)-1 */
	pid_t pid;
};

MUST_USE struct desk *desk_new(struct service *s);
/* What was not answered is answered 503; no request is touched from then on. Connections end
 * with the net: desk_free() after that. NULL is fine. */
void desk_close(struct desk *desk);
/* NULL is fine. */
void desk_free(struct desk *desk);

/* -- for ports, on the connection's loop -- */

/* Makes the connection one whose requests can be put here; desk_left() once its socket is gone,
 * and desk_forget() when it closes. */
void desk_expect(struct connection *c);
void desk_left(struct desk *desk, struct connection *c);
void desk_forget(struct connection *c);

/* Puts a request there, or answers it: 503 while posthus stops or DESK_HELD are held, 429 where
 * its address has too many. */
void desk_put(struct desk *desk, struct connection *c, struct http_request *http,
		enum desk_door door);

/* -- the agent's side -- */

/* The oldest that waits, or NULL; several may be open at once. */
MUST_USE struct desk_request *desk_next(struct desk *desk);
bool desk_has_request(struct desk *desk);
/* Sends the answer and frees the request. */
void desk_answer(struct desk *desk, struct desk_request *request, int status,
		struct view content_type, struct view body);
/* Gives the bytes of the body back, once they were read. */
void desk_forget_body(struct desk_request *request);
/* False once its client has gone. */
bool desk_alive(struct desk *desk, const struct desk_request *request);

#endif

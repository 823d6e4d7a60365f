/* What strangers may ask at our https port, and what is answered: the table of public routes.
 *
 * Nothing here has the rights of the control socket: a route knows what the request says, over
 * TLS, and decides by that alone (a one-time token, a signature). How many are held, how large
 * their bodies are at most and how often one address may ask is limited before a request comes
 * here (runtime/service/desk.h); a route has a limit of its own besides. Answers have the fields
 * that keep a page to itself: HSTS, a CSP without scripts, `Cache-Control: no-store`.
 *
 * A route that changes something by a form has `from_form`: what a browser sends from another
 * site's page gets 403 (Sec-Fetch-Site, and Origin beside Host). */
#ifndef AGENT_CONTROL_PUBLIC_H
#define AGENT_CONTROL_PUBLIC_H

#include "agent/agent.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct follow; /* agent/git/follow.h */
struct runtime;
struct runtime_request;

struct public
{
	struct agent *agent;
	struct runtime *runtime;
	struct follow *follow; /* NULL: the state comes from no repository */
};

/* One request on its way through a route. */
struct public_call {
	const struct public *at;
	/* Method, body, who asks; runtime_request_field() has the fields of its head. */
	struct runtime_request *request;
	struct arena *arena;
	struct view rest; /* of the path, behind the route's; without the query */
	nstime now;
	/* the answer */
	const char *type; /* Content-Type; "text/plain; charset=utf-8" unless said otherwise */
	struct buf body;
};

/* Answers it. */
void public_serve(const struct public *at, struct runtime_request *request, nstime now);

/* route_invite.c: the page of an invitation's link. */
int serve_invite(struct public_call *call);
int serve_invite_taking(struct public_call *call);

/* Writes a line for people; returns the status. */
int public_say(struct public_call *call, int status, const char *text);

/* route_hook.c: a forge says that there is something new. */
int serve_hook(struct public_call *call);

#endif

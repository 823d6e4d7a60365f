/* The control socket: HTTP requests that wait for the agent, which pulls them.
 *
 * Only root, the user of this process and its operators are let in, by what the kernel says of
 * the peer; others get 403. Routes, and who may which, are the agent's. */
#ifndef SERVICE_ADMIN_H
#define SERVICE_ADMIN_H

#include "runtime/base/view.h"

#include <sys/types.h>

struct admin;
struct service;

/* Its views and numbers stay until the answer. */
struct admin_request {
	struct view method, target, content_type, body;
	uid_t uid; /* of the peer */
	pid_t pid;
};

/* Users who are let in besides. */
struct admin_operators {
	const uint32_t *uids; /* copied */
	size_t count;
};

/* Opens the socket and serves it. Requests raise the service's event. -EADDRINUSE where
 * another process answers there. */
MUST_USE int admin_open(struct service *s, const char *path,
		const struct admin_operators *operators, struct admin **out);
/* Closes the socket. What was not answered is answered 503; no request is touched from
 * then on. Connections end with the net: admin_free() after that. NULL is fine. */
void admin_close(struct admin *admin);
/* NULL is fine. */
void admin_free(struct admin *admin);

/* The oldest that waits, or NULL; several may be open at once. */
MUST_USE struct admin_request *admin_next(struct admin *admin);
bool admin_has_request(struct admin *admin);
/* Sends the answer and frees the request. */
void admin_answer(struct admin *admin, struct admin_request *request, int status,
		struct view content_type, struct view body);
/* Gives the bytes of the body back, once they were read. */
void admin_forget_body(struct admin_request *request);
/* False once its client has gone. */
bool admin_alive(struct admin *admin, const struct admin_request *request);

#endif

/* The control socket: HTTP requests that go to the desk, where the agent pulls them.
 *
 * Only root, the user of this process and its operators are let in, by what the kernel says of
 * the peer; others get 403. Routes, and who may which, are the agent's. */
#ifndef SERVICE_ADMIN_H
#define SERVICE_ADMIN_H

#include "runtime/base/view.h"

struct admin;
struct service;

/* Users who are let in besides. */
struct admin_operators {
	const uint32_t *uids; /* copied */
	size_t count;
};

/* Opens the socket and serves it; the service has its desk. -EADDRINUSE where another process
 * answers there. */
MUST_USE int admin_open(struct service *s, const char *path,
		const struct admin_operators *operators, struct admin **out);
/* Closes the socket. Connections end with the net: admin_free() after that. NULL is fine. */
void admin_close(struct admin *admin);
/* NULL is fine. */
void admin_free(struct admin *admin);

#endif

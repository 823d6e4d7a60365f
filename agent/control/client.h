/* The command line's way to the agent: HTTP/1.1 and JSON over its UNIX socket, by libcurl.
 * The same routes serve other programs (`curl --unix-socket`). */
#ifndef AGENT_CONTROL_CLIENT_H
#define AGENT_CONTROL_CLIENT_H

#include "runtime/base/attr.h"

#include <jansson.h>

struct control_reply {
	int status;   /* of HTTP */
	json_t *body; /* the caller's; an object with an exit of enum exit_code */
};

enum {
	CONTROL_E_ABSENT = 1, /* nobody listens at the socket */
	CONTROL_E_DENIED,     /* this user may not speak to that agent */
	CONTROL_E_BROKEN,     /* the connection ended, or what came back is no answer */
};

/* One request and its answer; it waits as long as the agent takes. `body` may be NULL and
 * stays the caller's. */
MUST_USE int control_call(const char *socket, const char *method, const char *target,
		const json_t *body, struct control_reply *out);

#endif

/* The far side of the control socket, scripted: requests are laid on the desk, control_serve()
 * takes them, and their answers are kept to be looked at. Linked in the place of the
 * runtime's own queue. */
#ifndef TESTS_AGENT_CONTROL_DESK_H
#define TESTS_AGENT_CONTROL_DESK_H

#include "runtime/base/list.h"
#include "tests/agent/fake_runtime.h"

#include <jansson.h>

struct desk {
	struct runtime runtime; /* for control_new() */
	struct list untaken;
	struct list taken;
};

/* One request and what came of it. */
struct letter {
	struct list link;
	struct runtime_request request; /* its bytes are freed once it is answered */
	bool gone;                      /* its client has hung up */
	int status;                     /* of HTTP; 0: not answered yet */
	json_t *answer;
};

void desk_init(struct desk *desk);
/* Fails the test where a request was taken and never answered. */
void desk_deinit(struct desk *desk);

/* The letter lives as long as the desk. */
struct letter *desk_lay(struct desk *desk, const char *method, const char *target,
		const char *body);

#endif

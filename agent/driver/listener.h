/* A listener's spec as the runtime takes it. */
#ifndef AGENT_DRIVER_LISTENER_H
#define AGENT_DRIVER_LISTENER_H

#include "runtime/base/arena.h"
#include "runtime/configuration.h"

/* False where there is no such service. Views live in the arena. */
bool listener_read(struct view service, struct view spec, struct arena *arena,
		struct listener_spec *out);
/* "submissions" */
const char *listener_name(enum listener_kind kind);

#endif

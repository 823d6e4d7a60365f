/* The query of a request's target: `object=user%2Fanna&for=Ready`. */
#ifndef AGENT_CONTROL_QUERY_H
#define AGENT_CONTROL_QUERY_H

#include "runtime/base/arena.h"

/* The first value of that name, %XX decoded; empty where it is not there or has none. A % that
 * no two hexadecimal digits follow stands for itself. Any byte may come out, NUL as well. The
 * view lives in `arena`. */
MUST_USE struct view query_value(
		struct arena *arena, struct view query, const char *name);

#endif

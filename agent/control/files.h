/* A state's files on their way from the command line to the agent:
 *   {"files": [{"path": "users/a.yaml", "text": "…"}], "origin": "/etc/posthus/state"}
 * A file that is not UTF-8 travels as "base64", so that the agent can say what is wrong
 * with it and where. */
#ifndef AGENT_CONTROL_FILES_H
#define AGENT_CONTROL_FILES_H

#include "agent/agent.h"
#include "runtime/base/arena.h"

#include <jansson.h>

struct source_file; /* schema/source.h */

/* A new object with "files" and "origin"; the caller adds what else it has to say. Names that
 * are no UTF-8 are repaired: they are for people. */
MUST_USE json_t *files_pack(
		const struct source_file *files, size_t count, struct view origin);

/* "unowned": what becomes of account files that no object owns; left out where nobody said. */
void files_say_unowned(json_t *body, enum unowned_way way);

enum {
	FILES_E_SHAPE = 1, /* the object is not what files_pack makes */
};

/* The views live in `arena` and in `body`. */
MUST_USE int files_unpack(
		struct arena *arena, const json_t *body, struct agent_source *out);

#endif

/* A plan in a file: the state's bytes and the digest of what applying them would do. Applied
 * later, it is refused where that has become something else. */
#ifndef AGENT_COMMAND_PLAN_FILE_H
#define AGENT_COMMAND_PLAN_FILE_H

#include "agent/exit.h"
#include "runtime/base/attr.h"

#include <jansson.h>

/* Writes it, 0600, since a state holds password hashes; a file that is there is replaced.
 * `body` is what was asked (files_pack), `answer` what the agent said. EXIT_FINE, or what is
 * wrong was printed. */
MUST_USE enum exit_code plan_file_write(
		const char *path, const json_t *body, const json_t *answer);

enum {
	PLAN_FILE_OK = 0,
	PLAN_FILE_E_NONE = 1, /* the path is something else: a state */
	PLAN_FILE_E_BAD,      /* it begins like one and is none; that was printed */
};

/* Reads one as the body of an apply, a new reference: "files", "origin", "expect". */
MUST_USE int plan_file_read(const char *path, json_t **body_out);

#endif

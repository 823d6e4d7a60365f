/* What a plan or an apply says, to people and to programs: how `struct agent_result` is filled. */
#ifndef AGENT_RESULT_H
#define AGENT_RESULT_H

#include "agent/agent.h"
#include "schema/checker.h"

/* Sets code, reason and message. */
void result_say(struct agent_result *result, enum exit_code code, const char *reason,
		const char *format, ...) PRINTF_LIKE(4, 5);
/* True where a state can be planned; else, and of warnings, `result` says why. */
MUST_USE bool result_accepts(const struct checked *checked, struct agent_result *result);
/* An outcome of the database as a result; a fault is passed up. */
MUST_USE int result_database(struct agent_result *result, int r);

#endif

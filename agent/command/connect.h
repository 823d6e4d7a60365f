/* Commands that ask the running agent: one call, its answer printed, its exit taken over. */
#ifndef AGENT_COMMAND_CONNECT_H
#define AGENT_COMMAND_CONNECT_H

#include "agent/agent.h"
#include "agent/command/setting.h"
#include "agent/control/client.h"

/* What the words say of account files that nobody owns: --adopt, --abandon, or neither. */
#define OPTION_ADOPT                                                                     \
	{                                                                                \
		"adopt", NULL,                                                           \
				"give accounts the files that are here and that no "     \
				"object owns"                                            \
	}
#define OPTION_ABANDON                                                                   \
	{                                                                                \
		"abandon", NULL, "leave such files, and begin with empty accounts"       \
	}
MUST_USE enum exit_code connect_unowned(const struct words *words, enum unowned_way *out);

/* A call; where no agent answers, what to do about it is printed. */
MUST_USE enum exit_code connect_call(const struct setting *setting, const char *method,
		const char *target, const json_t *body, struct control_reply *out);

/* Says what an outcome of control_call() means and what to do; the command's end. */
MUST_USE enum exit_code connect_failed(const struct setting *setting, int outcome);

/* Prints the answer as the words ask (text or JSON, errors on stderr) and frees it; returns
 * its exit, with the line `exit 4: PruneGate` where the answer has a reason. */
MUST_USE enum exit_code connect_print(
		const struct words *words, struct control_reply *reply);

/* Both of them, with the setting loaded from the words. */
MUST_USE enum exit_code connect_ask(const struct words *words, const char *method,
		const char *target, const json_t *body);

/* Adds `name=value` to a target, %XX encoded, with ? or & before it. NULL values are left out. */
void target_add(struct buf *target, const char *name, const char *value);
/* The whole target as a C string that lives in the buffer; NULL, which was said, where the
 * words were too long for one. */
MUST_USE const char *target_end(struct buf *target);

#endif

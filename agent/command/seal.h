/* For whom a state's secrets are sealed. */
#ifndef AGENT_COMMAND_SEAL_H
#define AGENT_COMMAND_SEAL_H

#include "agent/command/command.h"
#include "runtime/crypto/age.h"
#include "schema/desired.h"

/* Those of `secrets.recipients`, at most AGE_RECIPIENTS_MAX, added at *count. EXIT_FINE where
 * there is one; or what is wrong was printed. */
MUST_USE enum exit_code seal_recipients(
		const struct desired *desired, struct age_recipient *out, size_t *count);

#endif

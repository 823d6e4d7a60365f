/* `posthus git verify`. */
#ifndef COMMAND_GIT_VERIFY_H
#define COMMAND_GIT_VERIFY_H

#include "agent/command/command.h"
#include "agent/exit.h"

enum exit_code git_verify(const struct words *words);

#endif

/* `posthus account app-password …`. */
#ifndef AGENT_COMMAND_ACCOUNT_APP_PASSWORD_H
#define AGENT_COMMAND_ACCOUNT_APP_PASSWORD_H

#include "agent/command/command.h"

#define OPTION_FOR                                                                       \
	{                                                                                \
		"for", "imap,smtp", "app-password create: what it is good for; both"     \
	}
#define OPTION_EXPIRES                                                                   \
	{                                                                                \
		"expires", "90d", "app-password create: after that time; never"          \
	}

/* The operands are `app-password`, a verb, the account and, but for list, a name. */
MUST_USE int account_app_password(const struct words *words);

#endif

#include "agent/command/command.h"

#include <stdio.h>

static int run(const struct words *words)
{
	(void)words;
	puts("posthus " POSTHUS_VERSION);
	return EXIT_FINE;
}

const struct command command_version = {
	.name = "version",
	.operands = "",
	.summary = "Print the version",
	.run = run,
};

#include "agent/command/connect.h"

static int run(const struct words *words)
{
	return (int)connect_ask(words, "POST", "/v1/resume", NULL);
}

static const struct option_row options[] = {
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_resume = {
	.name = "resume",
	.operands = "",
	.summary = "End a suspension: what was missed is caught up at once",
	OPTIONS(options),
	.run = run,
};

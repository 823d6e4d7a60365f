#include "agent/command/connect.h"

static int run(const struct words *words)
{
	return (int)connect_ask(words, "POST", "/v1/confirm", NULL);
}

static const struct option_row options[] = {
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_confirm = {
	.name = "confirm",
	.operands = "",
	.summary = "Keep what `apply --confirm-within` changed",
	OPTIONS(options),
	.run = run,
};

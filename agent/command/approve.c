#include "agent/command/connect.h"

static int run(const struct words *words)
{
	json_t *body = json_pack("{s:s}", "digest", words_operand(words, 0));
	enum exit_code code;

	if (!body) {
		say_error(NULL, "a digest looks like b2:5c1e…, as the plan prints it");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/approve", body);
	json_decref(body);
	return (int)code;
}

static const struct option_row options[] = {
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_approve = {
	.name = "approve",
	.operands = "DIGEST",
	.least_operands = 1,
	.most_operands = 1,
	.summary = "Let the held steps go that this digest names, once",
	.help = "The digest is the one that `posthus status` and a plan print. It covers "
		"exactly those steps, on\n"
		"those objects as they are now: where they have changed it lets nothing "
		"go and ends with 4.",
	OPTIONS(options),
	.run = run,
};

#include "agent/command/connect.h"

#include "runtime/base/view.h"

static int run(const struct words *words)
{
	const char *number = words_operand(words, 0);
	const char *approve = words_option(words, "approve");
	uint64_t generation = 0;
	json_t *body;
	enum exit_code code;

	if (number && (!view_to_u64(view_z(number), &generation) || generation == 0 ||
				      generation > INT64_MAX)) {
		say_error("`posthus history` lists them", "%s is no generation", number);
		return EXIT_ERROR;
	}
	body = json_pack("{s:I, s:s}", "generation", (json_int_t)generation, "approve",
			approve ? approve : "");
	code = connect_ask(words, "POST", "/v1/rollback", body);
	json_decref(body);
	return (int)code;
}

static const struct option_row options[] = {
	{ "approve", "DIGEST", "allow, this once, the held steps named by this digest" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_rollback = {
	.name = "rollback",
	.operands = "[N]",
	.most_operands = 1,
	.summary = "Make an earlier generation the desired one again",
	.help = "N is a generation of `posthus history`; without it, the one before the "
		"newest. It becomes a new\n"
		"generation, through the same checks and gates as an apply; nothing is "
		"destroyed by it. The files\n"
		"of the state stay as they are: correct them before they are applied "
		"again.",
	OPTIONS(options),
	.run = run,
};

#include "agent/command/connect.h"

#include <string.h>

static int run(const struct words *words)
{
	const char *word = words_operand(words, 0);

	if (strcmp(word, "verify") != 0) {
		say_error("posthus audit verify", "there is no `posthus audit %s`", word);
		return EXIT_ERROR;
	}
	return (int)connect_ask(words, "GET", "/v1/audit", NULL);
}

static const struct option_row options[] = {
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_audit = {
	.name = "audit",
	.operands = "verify",
	.least_operands = 1,
	.most_operands = 1,
	.summary = "Check that no row of the audit was changed or lost",
	.help = "Every row holds the hash of the one before. What is printed as head, "
		"noted elsewhere, shows\n"
		"later whether the end was cut off.",
	OPTIONS(options),
	.run = run,
};

#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

static int run(const struct words *words)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *text;

	buf_add_z(&target, "/v1/objects");
	target_add(&target, "object", words_operand(words, 0));
	target_add(&target, "origin", words_flag(words, "origin") ? "1" : NULL);
	text = target_end(&target);
	return text ? (int)connect_ask(words, "GET", text, NULL) : EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "origin", NULL, "say which line of the state gave each field" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_get = {
	.name = "get",
	.operands = "KIND[/ID]",
	.least_operands = 1,
	.most_operands = 1,
	.summary = "List objects, or show one whole",
	.help = "KIND lists all objects of a kind, KIND/ID shows one whole: user, "
		"user/anna. Kinds are host,\n"
		"listener, group, domain, user, alias, certificate, policy.",
	OPTIONS(options),
	.run = run,
};

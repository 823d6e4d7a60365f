#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

static int run(const struct words *words)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *text;

	buf_add_z(&target, "/v1/trace");
	target_add(&target, "object", words_operand(words, 0));
	text = target_end(&target);
	return text ? (int)connect_ask(words, "GET", text, NULL) : EXIT_ERROR;
}

static const struct option_row options[] = {
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_trace = {
	.name = "trace",
	.operands = "KIND/ID",
	.least_operands = 1,
	.most_operands = 1,
	.summary = "Follow an object to its line, its generation and its steps",
	OPTIONS(options),
	.run = run,
};

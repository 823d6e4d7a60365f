#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

static int run(const struct words *words)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *text;

	buf_add_z(&target, "/v1/history");
	target_add(&target, "most", words_operand(words, 0));
	text = target_end(&target);
	return text ? (int)connect_ask(words, "GET", text, NULL) : EXIT_ERROR;
}

static const struct option_row options[] = { OPTION_OUTPUT, OPTION_CONFIG, OPTION_DATA,
	OPTION_CONTROL };

const struct command command_history = {
	.name = "history",
	.operands = "[N]",
	.most_operands = 1,
	.summary = "List the last generations: what was applied, when, by whom",
	.help = "N is how many, newest first; at most 50, which is also the default.",
	OPTIONS(options),
	.run = run,
};

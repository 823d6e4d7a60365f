#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

#include <string.h>

static int list(const struct words *words)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *text;

	buf_add_z(&target, "/v1/queue");
	target_add(&target, "after", words_option(words, "after"));
	text = target_end(&target);
	return text ? (int)connect_ask(words, "GET", text, NULL) : EXIT_ERROR;
}

static int change(const struct words *words, const char *verb, const char *message)
{
	uint64_t number = 0;
	enum exit_code code;
	json_t *body;

	if (message && strcmp(message, "all") != 0 &&
			(!view_to_u64(view_z(message), &number) || number == 0)) {
		say_error("`posthus queue list` shows them", "%s is no message's number",
				message);
		return EXIT_ERROR;
	}
	if (!message) {
		say_error("a message's number, or `all`", "what is to be %s?", verb);
		return EXIT_ERROR;
	}
	body = json_pack("{s:s, s:I}", "action", verb, "message", (json_int_t)number);
	code = connect_ask(words, "POST", "/v1/queue", body);
	json_decref(body);
	return (int)code;
}

static int run(const struct words *words)
{
	static const char *const verbs[] = { "retry", "hold", "release", "drop",
		"bounce" };
	const char *verb = words_operand(words, 0);

	if (!verb || strcmp(verb, "list") == 0)
		return list(words);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return change(words, verb, words_operand(words, 1));
	say_error("`posthus queue --help` lists the verbs",
			"there is no `posthus queue %s`", verb);
	return EXIT_ERROR;
}

static const struct option_row options[] = {
	{ "after", "ID", "list: those after that message" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_queue = {
	.name = "queue",
	.operands = "[list] | retry|hold|release|drop|bounce MESSAGE|all",
	.most_operands = 2,
	.summary = "Show what waits for other hosts; try it now, hold it, give it up",
	.help = "list shows each message with what was last heard of each recipient and "
		"when "
		"it is tried next.\n"
		"retry tries it now. hold keeps it back until release. bounce gives it "
		"up "
		"and tells its sender;\n"
		"drop tells nobody. drop and bounce take one message.",
	OPTIONS(options),
	.run = run,
};

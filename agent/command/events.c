/* What happened, newest last. With -f the agent keeps the request open until there is news. */
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	WAIT_SECONDS = 300
};

/* The revision of the last event in an answer, else `before`. */
static uint64_t last_revision(const json_t *answer, uint64_t before)
{
	const json_t *items = json_object_get(answer, "items");
	size_t count = json_array_size(items);

	if (count == 0)
		return before;
	return (uint64_t)json_integer_value(
			json_object_get(json_array_get(items, count - 1), "revision"));
}

static enum exit_code ask(const struct setting *setting, uint64_t after, bool wait,
		struct control_reply *reply)
{
	char target[96];

	snprintf(target, sizeof(target),
			wait ? "/v1/events?after=%" PRIu64 "&wait=%d"
			     : "/v1/events?after=%" PRIu64,
			after, WAIT_SECONDS);
	return connect_call(setting, "GET", target, NULL, reply);
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	bool follow = words_flag(words, "f");
	enum exit_code code = setting_load(words, &setting);
	struct control_reply reply;
	uint64_t after = 0;
	bool wait = false;

	while (code == EXIT_FINE) {
		code = ask(&setting, after, wait, &reply);
		if (code != EXIT_FINE)
			break;
		after = last_revision(reply.body, after);
		code = connect_print(words, &reply);
		fflush(stdout);
		if (!follow)
			break;
		wait = true;
	}
	return (int)code;
}

static const struct option_row options[] = {
	{ "f", NULL, "go on, and print each event as it comes" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_events = {
	.name = "events",
	.operands = "",
	.summary = "List what happened to the reconciler and its objects",
	.help = "The same event again is counted, not listed again; the last thousand "
		"are "
		"shown, newest last.",
	OPTIONS(options),
	.run = run,
};

/* The agent's own last lines, for where no journal is at hand. */
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	WAIT_SECONDS = 300
};

static const char default_most[] = "100";

static enum exit_code ask(const struct setting *setting, const struct words *words,
		const uint64_t *after, struct control_reply *reply)
{
	CLEANUP(buf_free)
	struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *most = words_option(words, "n"), *text;

	buf_add_z(&target, "/v1/log");
	target_add(&target, "grep", words_option(words, "grep"));
	if (after)
		buf_addf(&target, "%cafter=%" PRIu64 "&wait=%d",
				words_option(words, "grep") ? '&' : '?', *after,
				WAIT_SECONDS);
	else
		target_add(&target, "most", most ? most : default_most);
	text = target_end(&target);
	return text ? connect_call(setting, "GET", text, NULL, reply) : EXIT_ERROR;
}

/* On stderr: it is no line of the log. */
static void say_lost(const json_t *answer)
{
	json_int_t lost = json_integer_value(json_object_get(answer, "lost"));

	if (lost)
		fprintf(stderr,
				"warning: %" JSON_INTEGER_FORMAT
				" lines came faster than "
				"they were read\n",
				lost);
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	enum exit_code code = setting_load(words, &setting);
	struct control_reply reply;
	uint64_t last = 0;
	bool again = false;

	while (code == EXIT_FINE) {
		code = ask(&setting, words, again ? &last : NULL, &reply);
		if (code != EXIT_FINE)
			break;
		if (again)
			say_lost(reply.body);
		last = (uint64_t)json_integer_value(json_object_get(reply.body, "last"));
		code = connect_print(words, &reply);
		fflush(stdout);
		if (!words_flag(words, "f"))
			break;
		again = true;
	}
	return (int)code;
}

static const struct option_row options[] = {
	{ "f", NULL, "go on, and print each line as it comes" },
	{ "grep", "FIELD=VALUE",
			"only lines that have it; level and event are fields too" },
	{ "n", "N", "the last N lines; default 100" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_log = {
	.name = "log",
	.operands = "",
	.summary = "Print the last lines of the agent's log",
	.help = "The agent keeps the last 256 KiB in memory, since its start; all of it "
		"goes to "
		"its stderr, which\n"
		"systemd keeps: `journalctl -u posthus`. With --grep, -n counts lines "
		"that "
		"have the field.",
	OPTIONS(options),
	.run = run,
};

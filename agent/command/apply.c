#include "agent/command/connect.h"

#include "agent/control/files.h"
#include "runtime/base/buf.h"
#include "runtime/base/limit.h"

#include <stdio.h>

/* After an apply: 6 where an object is not Ready (what apply does here it does at once). */
static enum exit_code wait_ready(const struct words *words, const struct setting *setting)
{
	struct control_reply reply;
	enum exit_code code = connect_call(setting, "GET", "/v1/status", NULL, &reply);
	bool ready;

	if (code != EXIT_FINE)
		return code;
	ready = json_is_true(json_object_get(reply.body, "ready"));
	if (ready) {
		json_decref(reply.body);
		return EXIT_FINE;
	}
	code = connect_print(words, &reply);
	return code == EXIT_FINE ? EXIT_NOT_READY : code;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	const char *approve = words_option(words, "approve");
	struct collection files;
	struct control_reply reply;
	struct view origin;
	json_t *body;
	enum exit_code code = setting_load(words, &setting);

	if (code == EXIT_FINE)
		code = setting_collect(
				&setting, words_operand(words, 0), &files, &origin);
	if (code != EXIT_FINE)
		return (int)code;
	body = files_pack(files.files, files.count, origin);
	if (approve)
		json_object_set_new(body, "approve", json_string(approve));
	code = connect_call(&setting, "POST", "/v1/apply", body, &reply);
	json_decref(body);
	if (code == EXIT_FINE)
		code = connect_print(words, &reply);
	if (code == EXIT_FINE && words_flag(words, "wait"))
		code = wait_ready(words, &setting);
	return (int)code;
}

static const struct option_row options[] = {
	{ "wait", NULL, "end only when every object is Ready; exit 6 where one is not" },
	{ "approve", "DIGEST",
			"allow, this once, the held steps that the plan names by this "
			"digest" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_STATE,
	OPTION_CONTROL,
};

const struct command command_apply = {
	.name = "apply",
	.operands = "[PATH]",
	.most_operands = 1,
	.summary = "Make the world match the state",
	.help = "Sends the state to the agent, which checks it, plans, prints the plan "
		"and does it. PATH is a\n"
		"file or a directory; without it, the state that the agent's file names. "
		"A state with errors\n"
		"changes nothing and ends with 3. Steps that a gate holds back are not "
		"done and end with 4.",
	OPTIONS(options),
	.run = run,
};

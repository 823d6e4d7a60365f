/* Asks the running agent; where none runs, reads its database and leaves it as it was. */
#include "agent/command/connect.h"

#include "agent/agent.h"
#include "agent/command/new_files.h"
#include "agent/command/opening.h"
#include "agent/control/files.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/crypto/broker.h"
#include "schema/source.h"

#include <stdio.h>
#include <string.h>

enum {
	LONGEST_TARGET = 4096,
	MOST_TEXT = 64 * 1024 * 1024,
};

static enum exit_code print_refusal(const struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);

	agent_result_print(result, &text);
	fwrite(text.data, 1, text.len, stderr);
	return result->code;
}

static enum exit_code export_offline(
		const struct words *words, const struct setting *setting)
{
	CLEANUP(broker_stopp) struct broker *broker = NULL;
	CLEANUP(agent_closep) struct agent *agent = NULL;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(agent_export_free) struct agent_export export = { 0 };
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(MOST_TEXT);
	const char *kinds = words_option(words, "kind"), *to = words_option(words, "to");
	enum exit_code code = opening_offline(setting, &broker, &agent);
	int r;

	if (code != EXIT_FINE)
		return code;
	fputs("No agent answers; this is what its database says.\n", stderr);
	r = agent_export(agent, view_z(kinds), &result, &export);
	if (r) {
		say_error(NULL,
				r == AGENT_E_ABSENT ? "there is no kind among %s"
						    : "the export failed",
				kinds);
		return EXIT_ERROR;
	}
	if (result.code != EXIT_FINE)
		return print_refusal(&result);
	if (to)
		return new_files_write(to, export.files, export.count);
	agent_export_print(&export, &text);
	fwrite(text.data, 1, text.len, stdout);
	return EXIT_FINE;
}

static enum exit_code write_answer(struct control_reply *reply, const char *to)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_source source;
	enum exit_code code = EXIT_ERROR;

	if (files_unpack(arena, reply->body, &source))
		say_error(NULL, "the agent's answer has no files");
	else
		code = new_files_write(to, source.files, source.count);
	json_decref(reply->body);
	return code;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(buf_free) struct buf target = BUF_NULL(LONGEST_TARGET);
	const char *to = words_option(words, "to"), *text;
	struct control_reply reply;
	enum exit_code code = setting_load(words, &setting);
	int r;

	if (code != EXIT_FINE)
		return (int)code;
	buf_add_z(&target, "/v1/export");
	target_add(&target, "kind", words_option(words, "kind"));
	target_add(&target, "files", to ? "1" : NULL);
	text = target_end(&target);
	if (!text)
		return EXIT_ERROR;
	r = control_call(setting.control, "GET", text, NULL, &reply);
	if (r == CONTROL_E_ABSENT)
		return (int)export_offline(words, &setting);
	if (r)
		return (int)connect_failed(&setting, r);
	if (to && reply.status == 200 &&
			json_integer_value(json_object_get(reply.body, "exit")) ==
					EXIT_FINE)
		return (int)write_answer(&reply, to);
	return (int)connect_print(words, &reply);
}

static const struct option_row options[] = {
	{ "kind", "KIND[,KIND…]",
			"only these kinds of objects: user, alias, domain …; default "
			"all" },
	{ "to", "DIR", "write files there, one a section; it has to be empty" },
	{ "o", "text|yaml|json", "the state itself, or the agent's whole answer" },
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_export = {
	.name = "export",
	.operands = "",
	.summary = "Write the state that is in force as YAML",
	.help = "What was applied last, from the agent's database and not from files, as "
		"a "
		"person would have\n"
		"written it: `posthus plan` of all of it is empty. Where none runs the "
		"database is read, which\n"
		"needs the master key. Passwords are hashes, those that accounts began "
		"with; mail is not in it.\n"
		"With --kind it is a part of a state, and no state by itself.",
	OPTIONS(options),
	.run = run,
};

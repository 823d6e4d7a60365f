/* Asks the running agent; where none runs, plans beside it from the control database, which is
 * read and left as it was. */
#include "agent/command/connect.h"

#include "agent/agent.h"
#include "agent/command/opening.h"
#include "agent/command/plan_file.h"
#include "agent/command/plan_forms.h"
#include "agent/control/files.h"
#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "runtime/crypto/broker.h"

#include <stdio.h>
#include <string.h>

enum {
	MOST_TEXT = 64 * 1024 * 1024
};

/* A plan with steps is exit 2 where the words ask for that. */
static enum exit_code detailed(
		const struct words *words, enum exit_code code, bool changes)
{
	if (code == EXIT_FINE && changes && words_flag(words, "detailed-exitcode"))
		return EXIT_CHANGES;
	return code;
}

static enum exit_code print(const struct words *words, struct control_reply *reply)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	const char *form = words_form(words);
	json_int_t code = json_integer_value(json_object_get(reply->body, "exit"));

	if (strcmp(form, "markdown") == 0)
		plan_markdown(reply->body, &text);
	else if (strcmp(form, "ndjson") == 0)
		plan_ndjson(reply->body, &text);
	else
		return connect_print(words, reply);
	fwrite(text.data, 1, text.len, stdout);
	json_decref(reply->body);
	return (enum exit_code)code;
}

/* `asked` is what the plan was made from. */
static enum exit_code plan_ready(const struct words *words, const json_t *asked,
		struct control_reply *reply)
{
	const char *out = words_option(words, "out");
	const json_t *plan = json_object_get(reply->body, "plan");
	bool changes = json_array_size(json_object_get(plan, "changes")) > 0 ||
		       json_array_size(json_object_get(plan, "drift")) > 0;
	json_int_t code = json_integer_value(json_object_get(reply->body, "exit"));
	enum exit_code written = EXIT_FINE;

	if (out && (code == EXIT_FINE || code == EXIT_GATE))
		written = plan_file_write(out, asked, reply->body);
	code = detailed(words, print(words, reply), changes);
	return written == EXIT_FINE ? (enum exit_code)code : written;
}

static enum exit_code print_result(const struct words *words, const json_t *asked,
		struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);
	struct control_reply reply = { .status = 200, .body = agent_result_json(result) };

	agent_result_print(result, &text);
	json_object_set_new(reply.body, "exit", json_integer(result->code));
	json_object_set_new(reply.body, "text",
			json_stringn(text.data ? text.data : "", text.len));
	return plan_ready(words, asked, &reply);
}

static enum exit_code plan_offline(const struct words *words,
		const struct setting *setting, const struct agent_source *source,
		const json_t *asked)
{
	CLEANUP(broker_stopp) struct broker *broker = NULL;
	CLEANUP(agent_closep) struct agent *agent = NULL;
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	enum exit_code code = opening_offline(setting, &broker, &agent);
	int r;

	if (code != EXIT_FINE)
		return code;
	fputs("No agent answers; this plan compares with its database.\n", stderr);
	r = agent_plan(agent, source, &result);
	if (r) {
		say_error(NULL, "the plan failed: %s", strerror(-r));
		return EXIT_ERROR;
	}
	return print_result(words, asked, &result);
}

/* Two states beside each other, on a machine that may run neither. */
static enum exit_code plan_between(const struct words *words,
		const struct setting *setting, const char *base)
{
	const struct agent_options options = {
		.data = "/nonexistent/posthus", .anywhere = true, .offline = true
	};
	CLEANUP(agent_closep) struct agent *agent = NULL;
	CLEANUP(agent_result_free) struct agent_result assumed = { 0 }, result = { 0 };
	struct collection before, after;
	struct agent_source source = { 0 };
	enum exit_code code = setting_collect(setting, base, &before, &source.origin);
	json_t *asked;
	int r;

	if (code == EXIT_FINE)
		code = setting_collect(
				setting, words_operand(words, 0), &after, &source.origin);
	if (code != EXIT_FINE)
		return code;
	r = agent_open(&options, &agent);
	source.files = before.files;
	source.count = before.count;
	if (r == 0)
		r = agent_assume(agent, &source, &assumed);
	if (r == 0 && assumed.code != EXIT_FINE) {
		fprintf(stderr, "The base %s:\n", base);
		asked = files_pack(before.files, before.count, source.origin);
		code = print_result(words, asked, &assumed);
		json_decref(asked);
		return code;
	}
	source.files = after.files;
	source.count = after.count;
	if (r == 0)
		r = agent_plan(agent, &source, &result);
	if (r) {
		say_error(NULL, "the plan failed: %s", strerror(-r));
		return EXIT_ERROR;
	}
	fprintf(stderr, "Compared with %s; what a running agent has was not asked.\n",
			base);
	asked = files_pack(after.files, after.count, source.origin);
	code = print_result(words, asked, &result);
	json_decref(asked);
	return code;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	const char *base = words_option(words, "base");
	struct agent_source source = { 0 };
	struct collection files;
	struct control_reply reply;
	json_t *body;
	enum exit_code code = connect_unowned(words, &source.unowned);
	int r;

	if (code == EXIT_FINE)
		code = setting_load(words, &setting);
	if (code == EXIT_FINE && base)
		return (int)plan_between(words, &setting, base);
	if (code == EXIT_FINE)
		code = setting_collect(&setting, words_operand(words, 0), &files,
				&source.origin);
	if (code != EXIT_FINE)
		return (int)code;
	source.files = files.files;
	source.count = files.count;
	body = files_pack(files.files, files.count, source.origin);
	files_say_unowned(body, source.unowned);
	r = control_call(setting.control, "POST", "/v1/plan", body, &reply);
	if (r == CONTROL_E_ABSENT)
		code = plan_offline(words, &setting, &source, body);
	else
		code = r ? connect_failed(&setting, r) : plan_ready(words, body, &reply);
	json_decref(body);
	return (int)code;
}

static const struct option_row options[] = {
	{ "detailed-exitcode", NULL, "end with 2 where there are changes" },
	{ "base", "PATH",
			"compare with this state, not with what was applied: no agent is "
			"asked" },
	{ "out", "FILE", "write the plan to a file, for `posthus apply FILE`" },
	OPTION_ADOPT,
	OPTION_ABANDON,
	{ "o", "text|json|ndjson|markdown", "the form of what is printed" },
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_STATE,
	OPTION_CONTROL,
};

const struct command command_plan = {
	.name = "plan",
	.operands = "[PATH]",
	.most_operands = 1,
	.summary = "Show what apply would do, and change nothing",
	.help = "Reads PATH, a file or a directory, or else the state that the agent's "
		"file names, and asks the\n"
		"running agent. Where none runs it compares with the agent's database, "
		"which needs the master\n"
		"key. Ends with 3 where the state is wrong, with 4 where a gate would "
		"hold steps back.\n\n"
		"With --base it needs neither agent nor key, for pipelines.\n\n"
		"What --out writes is applied by `posthus apply FILE` only as long as it "
		"would still do exactly\n"
		"this; otherwise that ends with 5 and changes nothing.",
	OPTIONS(options),
	.run = run,
};

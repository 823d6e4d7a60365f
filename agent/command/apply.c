#include "agent/command/connect.h"

#include "agent/command/plan_file.h"
#include "agent/control/files.h"
#include "agent/database/reason.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/limit.h"
#include "schema/unit.h"

#include <stdio.h>

enum {
	WAIT_SECONDS = 60, /* for what is done outside of the agent … */
	LOOK_SECONDS = 2, /* … and for one of it: it may go instead, or another may fail */
};

/* Something is on its way to it, and not by a person's hand. */
static bool is_coming(const json_t *object)
{
	const json_t *reason = json_object_get(object, "reason");
	struct view word = view_of(json_string_value(reason), json_string_length(reason));
	enum error_class class = reason_class(word);

	if (json_is_true(json_object_get(object, "ready")) ||
			view_eq(word, VIEW("RecordMissing")))
		return false;
	return class == CLASS_WAITING || class == CLASS_TRANSIENT ||
	       view_eq(word, VIEW("Removing"));
}

/* The name of one that is; NULL: nothing is to be waited for. */
static const char *coming(const json_t *status)
{
	const json_t *objects = json_object_get(status, "objects"), *object;
	size_t i;

	json_array_foreach (objects, i, object)
		if (is_coming(object))
			return json_string_value(json_object_get(object, "name"));
	return NULL;
}

/* Whatever comes of it: the status says it. */
static void wait_for(const struct setting *setting, const char *name)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	struct control_reply reply = { 0 };
	char seconds[24];
	const char *text;

	snprintf(seconds, sizeof(seconds), "%d", LOOK_SECONDS);
	buf_add_z(&target, "/v1/wait");
	target_add(&target, "object", name);
	target_add(&target, "for", "Ready");
	target_add(&target, "timeout", seconds);
	text = target_end(&target);
	if (text && control_call(setting->control, "GET", text, NULL, &reply) == 0)
		json_decref(reply.body);
}

/* After an apply: 6 where an object is not Ready in the end. */
static enum exit_code wait_ready(const struct words *words, const struct setting *setting)
{
	nstime until = clock_now() + nstime_seconds(WAIT_SECONDS);
	struct control_reply reply;
	enum exit_code code = connect_call(setting, "GET", "/v1/status", NULL, &reply);

	while (code == EXIT_FINE && coming(reply.body) && clock_now() < until) {
		wait_for(setting, coming(reply.body));
		json_decref(reply.body);
		code = connect_call(setting, "GET", "/v1/status", NULL, &reply);
	}
	if (code != EXIT_FINE)
		return code;
	if (json_is_true(json_object_get(reply.body, "ready"))) {
		json_decref(reply.body);
		return EXIT_FINE;
	}
	code = connect_print(words, &reply);
	return code == EXIT_FINE ? EXIT_NOT_READY : code;
}

/* From a plan's file, or from the files of a state. */
static enum exit_code take_body(
		const struct words *words, const struct setting *setting, json_t **out)
{
	struct collection files;
	struct view origin;
	enum exit_code code;
	int r = plan_file_read(words_operand(words, 0), out);

	if (r != PLAN_FILE_E_NONE)
		return r == PLAN_FILE_OK ? EXIT_FINE : EXIT_INVALID;
	code = setting_collect(setting, words_operand(words, 0), &files, &origin);
	if (code == EXIT_FINE)
		*out = files_pack(files.files, files.count, origin);
	return code;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	const char *approve = words_option(words, "approve");
	const char *within = words_option(words, "confirm-within");
	int64_t seconds = 0;
	enum unowned_way unowned = UNOWNED_ASKED;
	struct control_reply reply;
	json_t *body = NULL;
	enum exit_code code;

	if (within && duration_parse(view_z(within), &seconds)) {
		say_error(NULL, "--confirm-within takes a duration like 5m, not %s",
				within);
		return EXIT_ERROR;
	}
	code = connect_unowned(words, &unowned);
	if (code == EXIT_FINE)
		code = setting_load(words, &setting);
	if (code == EXIT_FINE)
		code = take_body(words, &setting, &body);
	if (code != EXIT_FINE)
		return (int)code;
	if (within)
		json_object_set_new(body, "confirm_within", json_integer(seconds));
	if (approve)
		json_object_set_new(body, "approve", json_string(approve));
	if (words_flag(words, "detach-source"))
		json_object_set_new(body, "detach_source", json_true());
	files_say_unowned(body, unowned);
	code = connect_call(&setting, "POST", "/v1/apply", body, &reply);
	json_decref(body);
	if (code == EXIT_FINE)
		code = connect_print(words, &reply);
	if (code == EXIT_FINE && words_flag(words, "wait"))
		code = wait_ready(words, &setting);
	return (int)code;
}

static const struct option_row options[] = {
	{ "wait", NULL, "end when every object is Ready, or with 6 after a minute" },
	{ "confirm-within", "TIME",
			"go back by itself unless `posthus confirm` comes within this, "
			"like 5m" },
	{ "approve", "DIGEST",
			"allow, this once, the held steps that the plan names by this "
			"digest" },
	{ "detach-source", NULL,
			"apply this, and take no commit of the repository until "
			"`git attach`" },
	OPTION_ADOPT,
	OPTION_ABANDON,
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_STATE,
	OPTION_CONTROL,
};

const struct command command_apply = {
	.name = "apply",
	.operands = "[PATH|PLANFILE]",
	.most_operands = 1,
	.summary = "Make the world match the state",
	.help = "Sends the state to the agent, which checks it, plans, prints the plan "
		"and does it. PATH is a\n"
		"file or a directory, or a plan that `plan --out` wrote; without it, the "
		"state that the agent's\n"
		"file names. A state with errors changes nothing and ends with 3. Steps "
		"that a gate holds back are\n"
		"not done and end with 4. A plan that is no longer what would be done "
		"ends with 5.",
	OPTIONS(options),
	.run = run,
};

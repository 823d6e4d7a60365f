#include "agent/result.h"

#include "agent/database/text.h"
#include "agent/plan/plan.h"
#include "runtime/base/error.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
	LONGEST_MESSAGE = 4096,
	LONGEST_DIAGNOSTICS = 16 * 1024 * 1024,
};

void result_say(struct agent_result *result, enum exit_code code, const char *reason,
		const char *format, ...)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_MESSAGE);
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	free(result->message);
	result->code = code;
	result->reason = reason;
	result->message = buf_take_z(&text);
}

int result_database(struct agent_result *result, int r)
{
	switch (r) {
	case DATABASE_E_FULL:
		result_say(result, EXIT_ERROR, "DiskFull",
				"the disk is full: free some space and apply again. "
				"Nothing was changed.");
		return 0;
	case DATABASE_E_DAMAGED:
		result_say(result, EXIT_ERROR, "DatabaseDamaged",
				"control.db is damaged: stop posthus and restore it from "
				"a "
				"backup. What runs stays as it is.");
		return 0;
	default:
		return r > 0 ? fault(-EIO) : r;
	}
}

static void say_diagnostics(const struct diagnostics *d, struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_DIAGNOSTICS);

	if (d->count == 0)
		return;
	diagnostics_print(d, &text);
	result->diagnostics = buf_take_z(&text);
	result->diagnostics_json = diagnostics_json(d);
}

bool result_accepts(const struct checked *checked, struct agent_result *result)
{
	if (!checked->desired) {
		say_diagnostics(&checked->diagnostics, result);
		result_say(result, EXIT_INVALID, "StateInvalid",
				"the state is not valid; what runs stays as it is");
		return false;
	}
	if (checked->desired->not_served.count) {
		say_diagnostics(&checked->desired->not_served, result);
		result_say(result, EXIT_INVALID, "NotServedYet",
				"the state asks for what this version does not do yet; "
				"what runs stays as it is");
		return false;
	}
	say_diagnostics(&checked->diagnostics, result);
	return true;
}

void agent_result_free(struct agent_result *result)
{
	plan_free(result->plan);
	free(result->message);
	free(result->diagnostics);
	json_decref(result->diagnostics_json);
	*result = (struct agent_result){ 0 };
}

void agent_result_print(const struct agent_result *result, struct buf *out)
{
	if (result->diagnostics)
		buf_add_z(out, result->diagnostics);
	if (result->plan)
		plan_print(result->plan, out);
	if (result->message)
		buf_addf(out, "%s\n", result->message);
	if (result->code != EXIT_FINE)
		buf_addf(out, "exit %d: %s\n", (int)result->code,
				result->reason ? result->reason : "Error");
}

static json_t *text_or_null(const char *text)
{
	return text ? json_view(view_z(text)) : json_null();
}

json_t *agent_result_frame(const struct agent_result *result)
{
	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:I, s:I, s:I}", "format_version", 1,
			"exit", (int)result->code, "reason", text_or_null(result->reason),
			"message", text_or_null(result->message), "diagnostics",
			result->diagnostics_json ? json_incref(result->diagnostics_json)
						 : json_null(),
			"generation", (json_int_t)result->generation, "serial",
			(json_int_t)result->serial, "took_us",
			(json_int_t)(result->took / 1000));
}

json_t *agent_result_json(const struct agent_result *result)
{
	json_t *json = agent_result_frame(result);

	json_object_set_new(json, "plan",
			result->plan ? plan_json(result->plan) : json_null());
	return json;
}

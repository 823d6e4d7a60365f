/* What a plan or an apply says, to people and to programs. */
#include "agent/inside.h"

#include "agent/text.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
	LONGEST_MESSAGE = 4096
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

json_t *agent_result_json(const struct agent_result *result)
{
	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:I, s:I, s:I}",
			"format_version", 1, "exit", (int)result->code, "reason",
			text_or_null(result->reason), "message",
			text_or_null(result->message), "diagnostics",
			result->diagnostics_json ? json_incref(result->diagnostics_json)
						 : json_null(),
			"plan", result->plan ? plan_json(result->plan) : json_null(),
			"generation", (json_int_t)result->generation, "serial",
			(json_int_t)result->serial, "took_us",
			(json_int_t)(result->took / 1000));
}

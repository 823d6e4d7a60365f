#include "agent/effect/effect.h"

#include <assert.h>
#include <stdio.h>

/* clang-format off */
static const char *const names[OPERATIONS] = {
	[OPERATION_CREATE] = "create",
	[OPERATION_UPDATE] = "update",
	[OPERATION_REMOVE] = "remove",
};
/* clang-format on */

const char *operation_name(enum operation operation)
{
	assert(operation < OPERATIONS);
	return names[operation];
}

int effect_failed(
		struct effect_answer *answer, const char *reason, const char *format, ...)
{
	char text[EFFECT_MESSAGE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	answer->reason = reason;
	buf_clear(&answer->message);
	buf_add_z(&answer->message, text);
	return EFFECT_E_FAILED;
}

void effect_answer_deinit(struct effect_answer *answer)
{
	buf_free(&answer->live);
	buf_free(&answer->message);
	buf_wipe(&answer->progress);
}

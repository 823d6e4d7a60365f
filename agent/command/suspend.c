/* Tells the reconciler to hold still for a while. A suspension has an end and a reason, and
 * is the first line of `posthus status`. */
#include "agent/command/connect.h"

#include "runtime/base/clock.h"
#include "schema/unit.h"

#include <stdio.h>
#include <time.h>

/* `2h30m` from now, or a date in the host's time zone. */
static bool parse_until(const char *text, walltime now, walltime *out)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d" };
	int64_t seconds;

	if (duration_parse(view_z(text), &seconds) == 0) {
		*out = now + seconds;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);
		bool utc = end && end[0] == 'Z' && end[1] == '\0';

		if (end && (utc || end[0] == '\0')) {
			*out = utc ? timegm(&tm) : mktime(&tm);
			return true;
		}
	}
	return false;
}

static int run(const struct words *words)
{
	const char *until = words_option(words, "until");
	const char *reason = words_option(words, "reason");
	walltime time;
	json_t *body;
	enum exit_code code;

	if (!until || !reason) {
		say_error("posthus suspend --until 2h --reason \"moving the disk\"",
				"a suspension needs its end and its reason");
		return EXIT_ERROR;
	}
	if (!parse_until(until, clock_wall(), &time)) {
		say_error(NULL,
				"--until takes a duration like 2h30m or a time like "
				"2026-12-01T08:00, not %s",
				until);
		return EXIT_ERROR;
	}
	body = json_pack("{s:I, s:s}", "until", (json_int_t)time, "reason", reason);
	if (!body) {
		say_error(NULL, "the reason is not UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/suspend", body);
	json_decref(body);
	return (int)code;
}

static const struct option_row options[] = {
	{ "until", "TIME", "when it ends: 2h30m, or 2026-12-01T08:00" },
	{ "reason", "TEXT", "why, for whoever looks at the status" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_suspend = {
	.name = "suspend",
	.operands = "",
	.summary = "Apply nothing for a while; mail flows as it did",
	.help = "Neither the timer nor a changed file nor `apply` changes anything until "
		"the time given; `plan`\n"
		"still shows what would. `posthus resume` ends it earlier.",
	OPTIONS(options),
	.run = run,
};

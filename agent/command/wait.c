/* Waits for a condition; the agent keeps the request open and answers by the change that makes
 * it true. Where no agent answers yet the socket is tried again until the time is up, so that
 * a script can start an agent and wait for it. */
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"

#include <stdio.h>
#include <time.h>

static int ask_until(const struct setting *setting, const char *target, nstime deadline,
		struct control_reply *reply)
{
	const struct timespec pause = { .tv_nsec = 50 * NS_PER_MS };
	int r;

	while ((r = control_call(setting->control, "GET", target, NULL, reply)) ==
					CONTROL_E_ABSENT &&
			clock_now() < deadline)
		nanosleep(&pause, NULL);
	return r;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *condition = words_option(words, "for");
	struct control_reply reply;
	char seconds_text[24];
	const char *text;
	uint64_t seconds = 60;
	enum exit_code code;
	int r;

	if (!setting_timeout(words, &seconds))
		return EXIT_ERROR;
	code = setting_load(words, &setting);
	if (code != EXIT_FINE)
		return (int)code;
	snprintf(seconds_text, sizeof(seconds_text), "%llu", (unsigned long long)seconds);
	buf_add_z(&target, words_operand(words, 0) ? "/v1/wait" : "/v1/status");
	target_add(&target, "object", words_operand(words, 0));
	target_add(&target, "for", condition ? condition : "Ready");
	target_add(&target, "timeout", seconds_text);
	text = target_end(&target);
	if (!text)
		return EXIT_ERROR;
	r = ask_until(&setting, text, clock_now() + nstime_seconds((int64_t)seconds),
			&reply);
	if (r == CONTROL_E_ABSENT) {
		say_error("start one with `posthus run`, or name its socket with "
			  "--control",
				"no agent answered at %s within %llu s", setting.control,
				(unsigned long long)seconds);
		return EXIT_TIMEOUT;
	}
	return (int)(r ? connect_failed(&setting, r) : connect_print(words, &reply));
}

static const struct option_row options[] = {
	{ "for", "CONDITION", "what to wait for; default Ready" },
	{ "timeout", "TIME", "how long, like 90, 5m or 1h; default 60" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_wait = {
	.name = "wait",
	.operands = "[KIND/ID]",
	.most_operands = 1,
	.summary = "Wait until a condition of an object holds",
	.help = "Ends with 0 once it holds and with 8 when the time is up. Without "
		"KIND/ID it waits for the\n"
		"agent itself: until its stores have recovered and its socket answers.",
	OPTIONS(options),
	.run = run,
};

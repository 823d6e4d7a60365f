/* Sends one message and shows its way: the agent's log has a line for each step, which are
 * asked for as they come. */
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/limit.h"
#include "runtime/base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	STEP_TEXT = 4096,
	PATIENCE_S = 120,
};

/* How it stands. */
struct way {
	bool json;
	bool delivered; /* the last that was heard of it */
	bool over;
};

static bool is(const struct buf *step, const char *word)
{
	return view_eq(buf_view(step), view_z(word));
}

static void print_json(const struct buf *step, const struct buf *text)
{
	json_t *object = json_pack("{s:s%, s:s%}", "step", step->data, step->len, "text",
			text->data, text->len);

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_step(
		const struct way *way, const struct buf *step, const struct buf *text)
{
	bool dialog = is(step, "said") || is(step, "heard");

	if (way->json)
		print_json(step, text);
	else
		printf("%s%.*s\n", dialog ? "    " : "", VIEW_ARG(buf_view(text)));
}

static void take_line(struct way *way, const char *line)
{
	CLEANUP(buf_free) struct buf step = BUF_NULL(STEP_TEXT);
	CLEANUP(buf_free) struct buf text = BUF_NULL(STEP_TEXT);

	if (!log_line_value(view_z(line), VIEW("step"), &step) ||
			!log_line_value(view_z(line), VIEW("text"), &text))
		return;
	print_step(way, &step, &text);
	if (is(&step, "delivered") || is(&step, "refused") || is(&step, "deferred"))
		way->delivered = is(&step, "delivered");
	way->over |= is(&step, "end");
}

static void take_lines(struct way *way, const json_t *answer)
{
	const json_t *item;
	size_t i;

	if (json_integer_value(json_object_get(answer, "lost")))
		fprintf(stderr, "warning: lines of the log came faster than they were "
				"read\n");
	json_array_foreach (json_object_get(answer, "items"), i, item)
		take_line(way, json_string_value(json_object_get(item, "line")));
	fflush(stdout);
}

static enum exit_code ask(const struct setting *setting, const char *test, uint64_t after,
		uint64_t wait_s, struct control_reply *reply)
{
	CLEANUP(buf_free) struct buf target = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	const char *text;

	buf_addf(&target, "/v1/log?grep=test%%3D%s&after=%" PRIu64 "&wait=%" PRIu64, test,
			after, wait_s);
	text = target_end(&target);
	return text ? connect_call(setting, "GET", text, NULL, reply) : EXIT_ERROR;
}

static enum exit_code timed_out(uint64_t seconds)
{
	say_error("it goes on without this command: `posthus queue list` shows what "
		  "waits, "
		  "`posthus queue retry all` tries it now",
			"it is not there after %" PRIu64 " s", seconds);
	return EXIT_TIMEOUT;
}

static enum exit_code follow(const struct setting *setting, struct way *way,
		const char *test, uint64_t after, uint64_t seconds)
{
	nstime deadline = clock_now() + nstime_seconds((int64_t)seconds);

	while (!way->over) {
		struct control_reply reply;
		nstime left = deadline - clock_now();
		enum exit_code code;

		if (left <= 0)
			return timed_out(seconds);
		code = ask(setting, test, after, (uint64_t)(left / NS_PER_S) % 3600 + 1,
				&reply);
		if (code != EXIT_FINE)
			return code;
		after = (uint64_t)json_integer_value(json_object_get(reply.body, "last"));
		take_lines(way, reply.body);
		json_decref(reply.body);
	}
	return way->delivered ? EXIT_FINE : EXIT_ERROR;
}

static enum exit_code begin(const struct setting *setting, const struct words *words,
		struct control_reply *reply)
{
	json_t *body = json_pack("{s:s}", "to", words_option(words, "to"));
	enum exit_code code = connect_call(setting, "POST", "/v1/send-test", body, reply);

	json_decref(body);
	return code;
}

static int run(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	const char *output = words_option(words, "o"), *test;
	struct way way = { .json = output && view_eq(view_z(output), VIEW("json")) };
	uint64_t seconds = PATIENCE_S, after;
	struct control_reply reply;
	enum exit_code code;

	if (!words_option(words, "to")) {
		say_error("posthus send-test --to ana@elsewhere.example", "to whom?");
		return EXIT_ERROR;
	}
	if (!setting_timeout(words, &seconds))
		return EXIT_ERROR;
	code = setting_load(words, &setting);
	if (code == EXIT_FINE)
		code = begin(&setting, words, &reply);
	if (code != EXIT_FINE)
		return (int)code;
	test = json_string_value(json_object_get(reply.body, "test"));
	if (!test)
		return (int)connect_print(words, &reply);
	after = (uint64_t)json_integer_value(json_object_get(reply.body, "after"));
	code = follow(&setting, &way, test, after, seconds);
	json_decref(reply.body);
	return (int)code;
}

static const struct option_row options[] = {
	{ "to", "ADDRESS", "whom; on another host" },
	{ "timeout", "TIME", "how long it is followed, like 90, 5m or 1h; default 2m" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_send_test = {
	.name = "send-test",
	.operands = "--to ADDRESS",
	.summary = "Send one message, and show what each host on its way says",
	.help = "The message comes from postmaster and goes by the queue like any other: "
		"DNS, "
		"DANE, MTA-STS,\n"
		"each host, its certificate, each reply and what it means. Exit 0: a "
		"host has "
		"taken it;\n"
		"1: it was refused; 8: it still waits. With -o json each step is a line.",
	OPTIONS(options),
	.run = run,
};

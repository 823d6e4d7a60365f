#include "agent/command/command.h"
#include "schema/printer.h"

#include <stdio.h>

enum {
	OUTPUT_MAX = 1024 * 1024
};

static void print_json(const char *path, struct view text)
{
	json_t *json = json_pack(
			"{s:s,s:s%}", "field", path, "text", text.data, text.len);

	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

static int run(const struct words *words)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(OUTPUT_MAX);
	const char *path = words_operand(words, 0), *near;

	if (!path)
		path = "";
	if (printer_explain(view_z(path), &text, &near)) {
		if (near)
			say_error("`posthus explain` lists the sections",
					"there is no field %s; did you mean %s?", path,
					near);
		else
			say_error("`posthus explain` lists the sections, `posthus "
				  "explain "
				  "user` the fields of a user",
					"there is no field %s", path);
		return EXIT_INVALID;
	}
	if (words_json(words))
		print_json(path, buf_view(&text));
	else
		fwrite(text.data, 1, text.len, stdout);
	return EXIT_FINE;
}

static const struct option_row options[] = {
	{ "o", "text|json", "the form of the output" },
};

const struct command command_explain = {
	.name = "explain",
	.operands = "[FIELD]",
	.most_operands = 1,
	.summary = "Say what a field of the state means, like user.quota",
	.help = "FIELD is a kind or a section with the names of fields behind it: user, "
		"user.quota,\nhost.listen.smtp, policy.interval, agent.state.",
	OPTIONS(options),
	.run = run,
};

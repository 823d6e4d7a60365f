#include "agent/command/command.h"
#include "schema/printer.h"

#include <stdio.h>

enum {
	OUTPUT_MAX = 16 * 1024 * 1024
};

static void print_markdown(void)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(OUTPUT_MAX);

	printer_markdown(&text);
	fwrite(text.data, 1, text.len, stdout);
}

static int run(const struct words *words)
{
	bool agent = words_flag(words, "agent");
	json_t *json;

	if (words_flag(words, "markdown")) {
		print_markdown();
		return EXIT_FINE;
	}
	json = printer_json_schema(agent ? &agent_table : &state_table);
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return EXIT_FINE;
}

static const struct option_row options[] = {
	{ "agent", NULL, "the schema of agent.yaml instead" },
	{ "markdown", NULL, "the reference of all fields and errors instead" },
	{ "o", "text|json", "either: a schema is JSON" },
};

const struct command command_schema = {
	.name = "schema",
	.operands = "",
	.summary = "Print the JSON Schema of the state, for editors",
	.help = "Editors that know YAML complete and check a state whose first line is\n"
		"  # yaml-language-server: $schema=FILE\n"
		"where FILE holds what this prints.",
	OPTIONS(options),
	.run = run,
};

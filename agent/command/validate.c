#include "agent/command/command.h"
#include "agent/command/offline.h"

enum {
	PATHS_MAX = 1000
};

static void print_counts(const struct desired *desired)
{
	size_t counts[KINDS] = { 0 }, at = 0;
	const struct desired_object *object;
	const char *between = "";

	while ((object = desired_next(desired, &at)))
		counts[object->kind]++;
	fputs("valid: ", stdout);
	for (enum kind kind = KIND_NONE + 1; kind < KIND_POLICY; kind++) {
		if (!counts[kind])
			continue;
		printf("%s%zu %s%s", between, counts[kind], kind_name(kind),
				counts[kind] == 1    ? ""
				: kind == KIND_ALIAS ? "es"
						     : "s");
		between = ", ";
	}
	puts(counts[KIND_HOST] ? "" : "nothing");
}

static void print_text(const struct checked *checked)
{
	const struct desired *desired = checked->desired;

	offline_print(&checked->diagnostics, stdout);
	if (!desired)
		return;
	if (desired->not_served.count) {
		puts("This version does not act on the following; `apply` refuses it:\n");
		offline_print(&desired->not_served, stdout);
	}
	print_counts(desired);
}

static void print_json(const struct checked *checked)
{
	json_t *json = diagnostics_json(&checked->diagnostics), *later;

	json_object_set_new(json, "valid", json_boolean(checked->desired != NULL));
	if (checked->desired) {
		later = diagnostics_json(&checked->desired->not_served);
		json_object_set(json, "not_served",
				json_object_get(later, "diagnostics"));
		json_decref(later);
	}
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(json);
}

static int run(const struct words *words)
{
	CLEANUP(offline_deinit) struct offline_state state = { 0 };
	const char *paths[PATHS_MAX];
	size_t count = 0;
	bool valid;

	while (count < PATHS_MAX && words_operand(words, count)) {
		paths[count] = words_operand(words, count);
		count++;
	}
	valid = offline_read(paths, count, &state);
	if (words_flag(words, "strict")) {
		valid = valid && state.checked.diagnostics.warnings == 0 &&
			state.checked.desired->not_served.count == 0;
		diagnostics_make_strict(&state.checked.diagnostics);
	}
	if (words_json(words))
		print_json(&state.checked);
	else
		print_text(&state.checked);
	return valid ? EXIT_FINE : EXIT_INVALID;
}

static const struct option_row options[] = {
	{ "strict", NULL, "warnings, and what this version does not act on, are errors" },
	{ "o", "text|json", "the form of the output" },
};

const struct command command_validate = {
	.name = "validate",
	.operands = "PATH…",
	.least_operands = 1,
	.most_operands = PATHS_MAX,
	.summary = "Check a state without an agent: fields, references, conflicts",
	.help = "Reads one file, or every *.yaml and *.yml of directories, and prints "
		"all "
		"that is wrong with the\nstate, with file, line and column. Ends with 3 "
		"where anything is.",
	OPTIONS(options),
	.run = run,
};

/* Takes the words of one command apart by its row: --name VALUE, --name=VALUE, -o VALUE,
 * operands in between, `--` ends the options. */
#include "agent/command/command.h"

#include "runtime/base/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MOST_OPTIONS = 32
};

struct words {
	const struct command *command;
	const char *values[MOST_OPTIONS];
	char **operands;
	size_t operand_count;
};

const char *exit_word(enum exit_code code)
{
	/* clang-format off */
	static const char *const table[] = {
		[EXIT_FINE]      = "fine",
		[EXIT_ERROR]     = "error",
		[EXIT_CHANGES]   = "changes present",
		[EXIT_INVALID]   = "invalid input",
		[EXIT_GATE]      = "safety gate",
		[EXIT_CONFLICT]  = "stale plan, lock or conflict",
		[EXIT_NOT_READY] = "applied, some objects not Ready",
		[EXIT_UNTRUSTED] = "source not trusted",
		[EXIT_TIMEOUT]   = "wait timed out",
	};
	/* clang-format on */

	return (size_t)code < ARRAY_LEN(table) ? table[code] : "unknown";
}

void say_error(const char *help, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("error: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	if (help)
		fprintf(stderr, "help: %s\n", help);
}

static void print_help(const struct command *command)
{
	printf("posthus %s%s%s%s\n\n%s.\n", command->name,
			command->option_count ? " [OPTION…]" : "",
			command->operands[0] ? " " : "", command->operands,
			command->summary);
	if (command->help)
		printf("\n%s\n", command->help);
	printf("\nOptions:\n");
	for (size_t i = 0; i < command->option_count; i++) {
		const struct option_row *row = &command->options[i];
		char left[40];

		snprintf(left, sizeof(left), "%s%s%s%s", row->name[1] ? "--" : "-",
				row->name, row->value ? " " : "",
				row->value ? row->value : "");
		printf("  %-24s %s\n", left, row->help);
	}
	printf("  %-24s %s\n", "--help", "print this");
}

static size_t find_option(const struct command *command, struct view name)
{
	size_t i = 0;

	while (i < command->option_count &&
			!view_eq(view_z(command->options[i].name), name))
		i++;
	return i;
}

/* One option; *at moves past its value. False where it is wrong, which was said. */
static bool take_option(struct words *words, int argc, char **argv, int *at)
{
	const struct command *command = words->command;
	struct view name = view_from(view_z(argv[*at]), argv[*at][1] == '-' ? 2 : 1);
	struct view value = name;
	size_t i;

	name = view_cut(&value, '=');
	i = find_option(command, name);
	if (i == command->option_count) {
		say_error(NULL,
				"`posthus %s` knows no option %s; see `posthus %s "
				"--help`",
				command->name, argv[*at], command->name);
		return false;
	}
	if (!command->options[i].value) {
		if (value.data) {
			say_error(NULL, "the option --%s takes no value",
					command->options[i].name);
			return false;
		}
		words->values[i] = "";
		return true;
	}
	if (!value.data && *at + 1 == argc) {
		say_error(NULL, "the option %s needs a value: %s", argv[*at],
				command->options[i].value);
		return false;
	}
	words->values[i] = value.data ? value.data : argv[++*at];
	return true;
}

/* True where `word` is one of the words that stand between bars in `choices`. */
static bool is_choice(const char *choices, const char *word)
{
	struct view rest = view_z(choices);

	while (rest.len)
		if (view_eq(view_cut(&rest, '|'), view_z(word)))
			return true;
	return false;
}

static bool check_words(const struct words *words)
{
	const struct command *command = words->command;
	const char *form = words_form(words);
	size_t i = find_option(command, VIEW("o"));

	if (words->operand_count < command->least_operands ||
			words->operand_count > command->most_operands) {
		say_error(NULL, "usage: posthus %s [OPTION…] %s", command->name,
				command->operands);
		return false;
	}
	if (i < command->option_count && !is_choice(command->options[i].value, form)) {
		say_error(NULL, "-o takes %s, not %s", command->options[i].value, form);
		return false;
	}
	return true;
}

int command_run_words(const struct command *command, int argc, char **argv)
{
	struct words words = { .command = command, .operands = argv + 1 };
	bool options_end = false;

	for (int i = 1; i < argc; i++) {
		char *word = argv[i];

		if (options_end || word[0] != '-' || word[1] == '\0') {
			words.operands[words.operand_count++] = word;
		} else if (strcmp(word, "--") == 0) {
			options_end = true;
		} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			print_help(command);
			return EXIT_FINE;
		} else if (!take_option(&words, argc, argv, &i)) {
			return EXIT_ERROR;
		}
	}
	return check_words(&words) ? command->run(&words) : EXIT_ERROR;
}

const char *words_option(const struct words *words, const char *name)
{
	size_t i = find_option(words->command, view_z(name));

	return i < words->command->option_count ? words->values[i] : NULL;
}

bool words_flag(const struct words *words, const char *name)
{
	return words_option(words, name) != NULL;
}

size_t words_operand_count(const struct words *words)
{
	return words->operand_count;
}

const char *words_operand(const struct words *words, size_t i)
{
	return i < words->operand_count ? words->operands[i] : NULL;
}

const char *words_form(const struct words *words)
{
	const char *form = words_option(words, "o");

	return form ? form : "text";
}

bool words_json(const struct words *words)
{
	return strcmp(words_form(words), "json") == 0;
}

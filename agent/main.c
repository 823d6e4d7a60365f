/* The words of the command line, nothing else. */
#include "agent/command/command.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_init,
	&command_run,
	&command_validate,
	&command_plan,
	&command_apply,
	&command_status,
	&command_get,
	&command_wait,
	&command_history,
	&command_resolve,
	&command_account,
	&command_key,
	&command_explain,
	&command_schema,
	&command_version,
};

static void print_help(void)
{
	puts("posthus: a mail server that is declared, not administered\n\nCommands:");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n`posthus COMMAND --help` says more of each.");
}

int main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return argc < 2 ? EXIT_ERROR : EXIT_FINE;
	}
	if (strcmp(argv[1], "--version") == 0)
		return command_run_words(&command_version, 1, argv + 1);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return command_run_words(commands[i], argc - 1, argv + 1);
	say_error("`posthus --help` lists the commands", "there is no command %s",
			argv[1]);
	return EXIT_ERROR;
}

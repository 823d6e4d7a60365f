/* The words of the command line, nothing else. */
#include "agent/command/command.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_init,
	&command_import,
	&command_run,
	&command_validate,
	&command_fmt,
	&command_plan,
	&command_apply,
	&command_status,
	&command_doctor,
	&command_get,
	&command_wait,
	&command_trace,
	&command_events,
	&command_log,
	&command_history,
	&command_rollback,
	&command_confirm,
	&command_approve,
	&command_suspend,
	&command_resume,
	&command_purge,
	&command_git,
	&command_seal,
	&command_reseal,
	&command_queue,
	&command_send_test,
	&command_backup,
	&command_restore,
	&command_audit,
	&command_export,
	&command_resolve,
	&command_dns,
	&command_account,
	&command_key,
	&command_recovery,
	&command_explain,
	&command_schema,
	&command_version,
};

static void print_help(void)
{
	puts("posthus: a mail server that is declared, not administered\n\nCommands:");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	puts("\nExit codes:");
	for (enum exit_code code = EXIT_FINE; code <= EXIT_TIMEOUT; code++)
		printf("  %-10d %s\n", (int)code, exit_word(code));
	puts("\n`posthus COMMAND --help` says more of each command.");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	return NULL;
}

/* `help COMMAND` is another way to say `COMMAND --help`. */
static int run_words(const char *name, int argc, char **argv)
{
	const struct command *command = find_command(name);

	if (command)
		return command_run_words(command, argc, argv);
	say_error("`posthus --help` lists the commands", "there is no command %s", name);
	return EXIT_ERROR;
}

int main(int argc, char **argv)
{
	static char help[] = "--help";
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "help") == 0 && argc > 2)
		return run_words(argv[2], 2, (char *[]){ argv[2], help });
	if (argc < 2 || strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
			strcmp(word, "-h") == 0) {
		print_help();
		return argc < 2 ? EXIT_ERROR : EXIT_FINE;
	}
	if (strcmp(word, "--version") == 0)
		return command_run_words(&command_version, 1, argv + 1);
	return run_words(word, argc - 1, argv + 1);
}

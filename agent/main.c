/* The words of the command line, nothing else. */
#include "agent/command/command.h"

#include <stdio.h>
#include <string.h>

/* By what people want of them; a heading begins each group. */
static const struct {
	const char *heading; /* NULL: of the one above */
	const struct command *command;
} rows[] = {
	/* clang-format off */
	{ "To begin", &command_init },
	{ NULL, &command_import },
	{ NULL, &command_run },
	{ NULL, &command_version },
	{ "To change what is", &command_validate },
	{ NULL, &command_fmt },
	{ NULL, &command_plan },
	{ NULL, &command_apply },
	{ NULL, &command_wait },
	{ NULL, &command_approve },
	{ NULL, &command_confirm },
	{ "To see how things are", &command_status },
	{ NULL, &command_doctor },
	{ NULL, &command_get },
	{ NULL, &command_trace },
	{ NULL, &command_events },
	{ NULL, &command_log },
	{ NULL, &command_history },
	{ NULL, &command_audit },
	{ NULL, &command_explain },
	{ NULL, &command_schema },
	{ "To go back, and to hold", &command_rollback },
	{ NULL, &command_suspend },
	{ NULL, &command_resume },
	{ NULL, &command_purge },
	{ NULL, &command_export },
	{ "The state from Git", &command_git },
	{ NULL, &command_seal },
	{ NULL, &command_reseal },
	{ "Mail on its way", &command_queue },
	{ NULL, &command_send_test },
	{ NULL, &command_resolve },
	{ NULL, &command_dns },
	{ "People and keys", &command_account },
	{ NULL, &command_key },
	{ NULL, &command_recovery },
	{ "Backups, and the way back", &command_backup },
	{ NULL, &command_restore },
	/* clang-format on */
};

static void print_help(void)
{
	puts("posthus: a mail server that is declared, not administered");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].heading)
			printf("\n%s:\n", rows[i].heading);
		printf("  %-10s %s\n", rows[i].command->name, rows[i].command->summary);
	}
	puts("\nExit codes:");
	for (enum exit_code code = EXIT_FINE; code <= EXIT_TIMEOUT; code++)
		printf("  %-10d %s\n", (int)code, exit_word(code));
	puts("\n`posthus COMMAND --help` says more of each command.");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(name, rows[i].command->name) == 0)
			return rows[i].command;
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

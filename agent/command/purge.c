#include "agent/command/connect.h"

static int run(const struct words *words)
{
	const char *uid = words_option(words, "uid");
	json_t *body;
	enum exit_code code;

	if (!uid) {
		say_error("`posthus get KIND/ID` shows it",
				"--uid is wanted: what is destroyed is named twice");
		return EXIT_ERROR;
	}
	body = json_pack("{s:s, s:s, s:b}", "object", words_operand(words, 0), "uid", uid,
			"no_backup_needed", (int)words_flag(words, "no-backup-needed"));
	if (!body) {
		say_error(NULL, "these words are not UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/purge", body);
	json_decref(body);
	return (int)code;
}

static const struct option_row options[] = {
	{ "uid", "UID", "the number that the host gave it" },
	{ "no-backup-needed", NULL, "also where no backup that was read has it" },
	OPTION_OUTPUT,
	OPTION_CONFIG,
	OPTION_DATA,
	OPTION_CONTROL,
};

const struct command command_purge = {
	.name = "purge",
	.operands = "KIND/ID",
	.least_operands = 1,
	.most_operands = 1,
	.summary = "Destroy the data of an object that left the state long ago",
	.help = "It must be disabled, and `policy.retain` over since then (30 days). Its "
		"keys are destroyed first,\n"
		"then its files: nothing brings them back but a backup. Where the state "
		"names backups, one that\n"
		"was read since has to have it. At most ten an hour. `purge` in the "
		"state does the same.",
	OPTIONS(options),
	.run = run,
};

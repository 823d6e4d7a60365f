/* The words of the command line: a command is a row here, a file beside this one, and a
 * test.
 *
 * A row says all that `--help` prints, so that the help cannot drift from what is parsed.
 */
#ifndef AGENT_COMMAND_COMMAND_H
#define AGENT_COMMAND_COMMAND_H

#include "agent/exit.h"
#include "runtime/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

const char *exit_word(enum exit_code code);

struct option_row {
	const char *name;  /* without the dashes; a single letter is a short option */
	const char *value; /* what stands behind it in the help; NULL: a flag */
	const char *help;
};

struct words;

struct command {
	const char *name;
	const char *operands; /* as the synopsis prints them, or "" */
	size_t least_operands;
	size_t most_operands;
	const char *summary; /* one line, for `posthus --help` */
	const char *help;    /* a paragraph or two, NULL: the summary says it */
	const struct option_row *options;
	size_t option_count;
	int (*run)(const struct words *words);
};

#define OPTIONS(rows) .options = (rows), .option_count = ARRAY_LEN(rows)

/* Parses and runs: `argv[0]` is the command's own word. Prints help or says what is
 * wrong. */
MUST_USE int command_run_words(const struct command *command, int argc, char **argv);

/* The value of an option, or NULL where it was not given; the last one counts. */
const char *words_option(const struct words *words, const char *name);
bool words_flag(const struct words *words, const char *name);
size_t words_operand_count(const struct words *words);
/* NULL past the last one. */
const char *words_operand(const struct words *words, size_t i);
/* The form that -o asks for: "text" where it is not given. One of those that the option's row
 * lists, with bars between them. */
const char *words_form(const struct words *words);
/* `-o json` was asked for. What else stands there was refused before. */
bool words_json(const struct words *words);

/* An error for people, on stderr: `error: …` and, where help is not NULL, `help: …`. */
void say_error(const char *help, const char *format, ...) PRINTF_LIKE(2, 3);

/* The rows, each in the file of its name. */
extern const struct command command_account;
extern const struct command command_apply;
extern const struct command command_approve;
extern const struct command command_audit;
extern const struct command command_confirm;
extern const struct command command_dns;
extern const struct command command_doctor;
extern const struct command command_events;
extern const struct command command_explain;
extern const struct command command_export;
extern const struct command command_fmt;
extern const struct command command_get;
extern const struct command command_history;
extern const struct command command_import;
extern const struct command command_init;
extern const struct command command_key;
extern const struct command command_log;
extern const struct command command_plan;
extern const struct command command_purge;
extern const struct command command_git;
extern const struct command command_seal;
extern const struct command command_backup;
extern const struct command command_reseal;
extern const struct command command_queue;
extern const struct command command_recovery;
extern const struct command command_send_test;
extern const struct command command_restore;
extern const struct command command_resolve;
extern const struct command command_resume;
extern const struct command command_rollback;
extern const struct command command_run;
extern const struct command command_schema;
extern const struct command command_status;
extern const struct command command_suspend;
extern const struct command command_trace;
extern const struct command command_validate;
extern const struct command command_version;
extern const struct command command_wait;

#endif

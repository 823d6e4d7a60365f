/* What is done to one account by name, apart from the state. */
#include "agent/command/connect.h"

#include "runtime/base/buf.h"
#include "runtime/crypto/password.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line from stdin without its end; on a terminal with a prompt and no echo. */
static bool read_line(const char *prompt, struct buf *out)
{
	bool terminal = isatty(STDIN_FILENO);
	struct termios before, quiet;
	char c;

	if (terminal && tcgetattr(STDIN_FILENO, &before) == 0) {
		fputs(prompt, stderr);
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		buf_add_byte(out, c);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return !buf_failed(out) && out->len > 0;
}

static bool read_password(struct buf *out)
{
	CLEANUP(buf_wipe) struct buf again = BUF_NULL(PASSWORD_MAX);

	if (!read_line("New password: ", out)) {
		say_error(NULL, "a password has 1 to %d bytes", PASSWORD_MAX);
		return false;
	}
	if (!isatty(STDIN_FILENO))
		return true;
	if (read_line("The same again: ", &again) &&
			view_eq(buf_view(out), buf_view(&again)))
		return true;
	say_error(NULL, "the two are not the same; nothing was changed");
	return false;
}

static int set_password(const struct words *words, const char *account)
{
	CLEANUP(buf_wipe) struct buf password = BUF_NULL(PASSWORD_MAX);
	enum exit_code code;
	json_t *body;

	if (!read_password(&password))
		return EXIT_ERROR;
	body = json_object();
	json_object_set_new(body, "account", json_string(account));
	json_object_set_new(body, "password", json_stringn(password.data, password.len));
	if (!json_is_string(json_object_get(body, "password"))) {
		json_decref(body);
		say_error(NULL, "a password is text in UTF-8");
		return EXIT_ERROR;
	}
	code = connect_ask(words, "POST", "/v1/password", body);
	json_decref(body);
	return (int)code;
}

static int run(const struct words *words)
{
	const char *verb = words_operand(words, 0);

	if (strcmp(verb, "passwd") == 0)
		return set_password(words, words_operand(words, 1));
	say_error("`posthus account --help` lists the verbs",
			"there is no `posthus account %s`", verb);
	return EXIT_ERROR;
}

static const struct option_row options[] = { OPTION_OUTPUT, OPTION_CONFIG, OPTION_DATA,
	OPTION_CONTROL };

const struct command command_account = {
	.name = "account",
	.operands = "passwd ACCOUNT",
	.least_operands = 2,
	.most_operands = 2,
	.summary = "Act on one account: set its password",
	.help = "passwd reads the new password twice from the terminal, or one line from "
		"stdin. It is the\n"
		"person's own: no apply and no reconcile sets it back. Sessions that "
		"began under the old one\n"
		"end. ACCOUNT is an id (anna) or an address.",
	OPTIONS(options),
	.run = run,
};

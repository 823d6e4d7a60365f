#include "agent/command/ask_line.h"

#include "agent/command/command.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

bool ask_line(const char *prompt, bool quiet, struct buf *out)
{
	bool terminal = isatty(STDIN_FILENO);
	struct termios before, silent;
	char c;

	if (terminal && tcgetattr(STDIN_FILENO, &before) == 0) {
		fputs(prompt, stderr);
		silent = before;
		if (quiet)
			silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		buf_add_byte(out, c);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		if (quiet)
			fputc('\n', stderr);
	}
	return !buf_failed(out) && out->len > 0;
}

bool ask_line_twice(const char *prompt, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf again = BUF_NULL(out->max);

	if (!ask_line(prompt, true, out))
		return false;
	if (!isatty(STDIN_FILENO))
		return true;
	if (ask_line("The same again: ", true, &again) &&
			view_eq(buf_view(out), buf_view(&again)))
		return true;
	say_error(NULL, "the two are not the same; nothing was changed");
	buf_clear(out);
	return false;
}

/* What people type where a command asks for it: never a word of the command line. */
#ifndef AGENT_COMMAND_ASK_LINE_H
#define AGENT_COMMAND_ASK_LINE_H

#include "runtime/base/buf.h"

/* One line from stdin without its end; on a terminal with a prompt, and, where `quiet`, no
 * echo. False where it is empty or too long. */
MUST_USE bool ask_line(const char *prompt, bool quiet, struct buf *out);
/* Asks on a terminal twice. False: not the same, which was said, or no line. */
MUST_USE bool ask_line_twice(const char *prompt, struct buf *out);

#endif

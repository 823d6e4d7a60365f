/* Writes the files of a state to where there are none. */
#ifndef AGENT_COMMAND_NEW_FILES_H
#define AGENT_COMMAND_NEW_FILES_H

#include "agent/exit.h"
#include "schema/source.h"

/* Into a directory that is empty, but for names that begin with a dot, or is made: nothing that
 * is there is overwritten, or joined to a state by standing beside it. The files are 0600,
 * since a state holds password hashes. EXIT_FINE, with each name printed; or what is wrong was
 * printed. */
MUST_USE enum exit_code new_files_write(
		const char *directory, const struct source_file *files, size_t count);

#endif

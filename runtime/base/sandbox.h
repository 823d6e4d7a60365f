/* The sandbox of the mail server's process: what code that a stranger took over could still
 * do.
 *
 *   Landlock   files: only below what is named; nothing is executed
 *   seccomp    system calls: no exec, no fork, no ptrace, no new privileges, no memory that
 *              is executable, no sockets but IP and UNIX, nothing of the kernel's own
 *
 * Entered once, before threads: they inherit it. What is open already stays open. What the
 * kernel lacks is left out, and said: the caller decides whether that is enough. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "runtime/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox_options {
	const char *const *write; /* folders: read, written, made anew */
	size_t write_count;
	const char *const *read; /* files and folders; what is not there is left out */
	size_t read_count;
};

struct sandbox_level {
	int landlock; /* the kernel's version of it; 0: none */
	bool seccomp;
	const char *without; /* why something is left out, for people; NULL: nothing is */
};

/* Cannot be undone. A fault leaves the process with a part of it: end it. */
MUST_USE int sandbox_enter(
		const struct sandbox_options *options, struct sandbox_level *out);
/* "landlock and seccomp", "none": as it stands in the log. */
const char *sandbox_word(const struct sandbox_level *level);

#endif

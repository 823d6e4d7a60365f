/* The last lines of the log, in memory: what `posthus log` shows where nobody keeps a file.
 *
 * Lines are numbered from 1; at most LOG_KEPT_BYTES of them are kept, the oldest go first.
 * Safe from any thread. */
#ifndef BASE_LOG_KEPT_H
#define BASE_LOG_KEPT_H

#include "runtime/base/view.h"

struct buf;

enum {
	LOG_KEPT_BYTES = 256 * 1024
};

/* Keeps one line, with its line end; log_write does, for each that it writes. */
void log_keep(struct view line);

/* Adds every kept line with a number above `after` to `out`, oldest first; returns the number
 * of the first of them: that of the next line to come where there is none. */
MUST_USE uint64_t log_kept_read(uint64_t after, struct buf *out);

/* The next line that is kept is announced, once, at this eventfd; -1: nobody waits. The
 * descriptor stays the caller's, who takes it back before closing it. */
void log_kept_await(int fd);

#endif

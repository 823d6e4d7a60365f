/* Watches the files of a state (`watch: true`): a change becomes desired once the files have
 * been quiet for two seconds, so that a half-saved edit is never applied. */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

struct watch;

/* Files, or directories with all that is below them. The paths are borrowed. */
MUST_USE int watch_open(const char *const *paths, size_t count, struct watch **out);
/* NULL is fine. */
void watch_free(struct watch *watch);
void watch_freep(struct watch **watch);

/* Readable when something has changed; then watch_read(). */
int watch_fd(const struct watch *watch);
void watch_read(struct watch *watch, nstime now);
/* When the files will have been quiet for long enough; NSTIME_NEVER where nothing changed. */
nstime watch_deadline(const struct watch *watch);
/* True once, when that time has come. */
MUST_USE bool watch_settled(struct watch *watch, nstime now);

#endif

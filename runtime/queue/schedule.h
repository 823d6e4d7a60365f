/* What the queue does next: its order, in memory.
 *
 * An errand is one message on its way to one destination: a domain, or a relay. The errands
 * of a destination stand in its lane. What is due first comes first, with two bounds: so
 * many errands are out at once in a lane, so that no host is run down, and so many in all.
 * A destination that cannot be reached holds its whole lane back, not each errand by
 * itself.
 *
 *   WAITING ──schedule_next──► OUT ──schedule_again──► WAITING
 *                               └────schedule_done───► gone
 *
 * It knows no clock and no disk. Not locked. */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

struct errand;
struct schedule;

struct schedule_bounds {
	size_t in_lane; /* errands out at once, to one destination */
	size_t in_all;
};

MUST_USE struct schedule *schedule_new(struct schedule_bounds bounds);
/* NULL is fine; its errands go with it. */
void schedule_free(struct schedule *s);

/* A new errand. One that is there already becomes due at the earlier of the two times; one
 * that is out is left alone, and true is returned for neither. */
bool schedule_add(struct schedule *s, struct view destination, uint64_t message,
		nstime due);

/* The next errand that may go now, which is out from then on; NULL: none. */
MUST_USE struct errand *schedule_next(struct schedule *s, nstime now);
/* The same of one destination, for a connection that is open there: the bound of its lane
 * does not count, since `after`, which is out, makes room for it. */
MUST_USE struct errand *schedule_follow(
		struct schedule *s, const struct errand *after, nstime now);

/* Nothing of it is left. The errand is freed. */
void schedule_done(struct schedule *s, struct errand *errand);
/* Something of it waits for another attempt. */
void schedule_again(struct schedule *s, struct errand *errand, nstime due);
/* Takes back one that waits, as when its message is withdrawn; false: it is out, or there
 * is none. */
bool schedule_drop(struct schedule *s, struct view destination, uint64_t message);

/* Nothing goes to that destination before `until`. */
void schedule_hold(struct schedule *s, struct view destination, nstime until);
/* Nothing is held back any more, of no lane: the operator says so. What is due when stays
 * as it is. */
void schedule_release(struct schedule *s);

/* When schedule_next is worth a call; NSTIME_NEVER: not before something changes. */
nstime schedule_deadline(const struct schedule *s);

uint64_t errand_message(const struct errand *errand);
/* Lives as long as the errand. */
struct view errand_destination(const struct errand *errand);

/* Errands, and those of them that are out. */
size_t schedule_count(const struct schedule *s);
size_t schedule_out(const struct schedule *s);

#endif

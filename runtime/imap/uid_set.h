/* A set of message numbers (UIDs or sequence numbers) as intervals.
 *
 * The intervals ascend and neither overlap nor touch, so that 1:4294967295 written ten
 * thousand times is one interval and no set is ever expanded to its members. */
#ifndef IMAP_UID_SET_H
#define IMAP_UID_SET_H

#include "runtime/base/view.h"

struct uid_range {
	uint32_t first, last; /* both in it; 1 <= first <= last */
};

struct uid_set {
	struct uid_range *ranges; /* malloc'd */
	size_t count;
	size_t capacity;
};

#define UID_SET_NULL ((struct uid_set){ 0 })

void uid_set_free(struct uid_set *set);
/* Empties it; keeps the memory. */
void uid_set_clear(struct uid_set *set);

/* Appends an interval that begins past all that the set holds, joining it to the last
 * one where they touch. */
void uid_set_push(struct uid_set *set, uint32_t first, uint32_t last);
/* Appends any interval; the set is none until uid_set_normalise. */
void uid_set_push_raw(struct uid_set *set, uint32_t first, uint32_t last);
/* Sorts and joins what uid_set_push_raw left. */
void uid_set_normalise(struct uid_set *set);

bool uid_set_has(const struct uid_set *set, uint32_t uid);
/* How many numbers it holds. */
uint64_t uid_set_size(const struct uid_set *set);
/* The index of the first interval that ends at or after `uid`: set->count where none
 * does. */
size_t uid_set_find(const struct uid_set *set, uint32_t uid);

void uid_set_copy(struct uid_set *to, const struct uid_set *from);
/* Adds to the empty `out` what is in both. */
void uid_set_intersect(
		struct uid_set *out, const struct uid_set *a, const struct uid_set *b);
/* Adds to the empty `out` what is in `a` and not in `b`. */
void uid_set_subtract(
		struct uid_set *out, const struct uid_set *a, const struct uid_set *b);

#endif

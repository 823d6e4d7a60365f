/* A set of message numbers (UIDs or sequence numbers) as ascending, disjoint ranges that
 * do not touch. 1:4294967295 written ten thousand times is one range; no set is ever
 * expanded to its members. */
#ifndef BASE_UID_SET_H
#define BASE_UID_SET_H

#include "runtime/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uid_range {
	uint32_t first, last; /* both are in it; first <= last */
};

struct uid_set {
	struct uid_range *ranges; /* malloc'd */
	size_t count, capacity;
};

#define UID_SET_NULL ((struct uid_set){ 0 })

/* Adds first..last in any order; it merges with what it touches. Adding in ascending
 * order costs nothing, elsewhere the ranges behind it move. */
void uid_set_add(struct uid_set *set, uint32_t first, uint32_t last);
/* Takes one number out; a range may fall in two. */
void uid_set_remove(struct uid_set *set, uint32_t number);
bool uid_set_has(const struct uid_set *set, uint32_t number);
/* How many numbers it holds. */
uint64_t uid_set_size(const struct uid_set *set);
/* The n-th number of it, from 0; 0 where it has fewer. */
uint32_t uid_set_at(const struct uid_set *set, uint64_t n);
/* The index of the first range that ends at `number` or behind it; set->count where none
 * does. */
size_t uid_set_find(const struct uid_set *set, uint32_t number);

/* For a reader of many ranges in no order: adds without merging; the set is one again
 * after uid_set_normalise. */
void uid_set_add_raw(struct uid_set *set, uint32_t first, uint32_t last);
void uid_set_normalise(struct uid_set *set);

/* `to` becomes what `from` is. */
void uid_set_copy(struct uid_set *to, const struct uid_set *from);
/* Adds to the empty `out` what is in both. */
void uid_set_intersect(
		struct uid_set *out, const struct uid_set *a, const struct uid_set *b);
/* Adds to the empty `out` what is in `a` and not in `b`. */
void uid_set_subtract(
		struct uid_set *out, const struct uid_set *a, const struct uid_set *b);

/* Keeps the memory. */
void uid_set_clear(struct uid_set *set);
/* The set can be used again. */
void uid_set_free(struct uid_set *set);

#endif

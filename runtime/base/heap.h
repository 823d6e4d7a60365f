/* A heap of times: what is due first comes first. Intrusive: a member embeds a
 * `struct heap_link`, which knows its place, so that a member whose time changes moves in
 * O(log n). Equal times come in no order. The owner of the heap owns the members. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "runtime/base/attr.h"
#include "runtime/base/clock.h"

#include <stdbool.h>
#include <stddef.h>

struct heap_link {
	nstime due;
	size_t at; /* its place, counted from 1; 0: in no heap */
};

struct heap {
	struct heap_link **links;
	size_t count, capacity;
};

#define HEAP_NULL ((struct heap){ 0 })

/* Gives the table back; the members are the caller's. */
void heap_free(struct heap *heap);

/* Puts it in, or moves it where it is in already. */
void heap_set(struct heap *heap, struct heap_link *link, nstime due);
/* Takes it out; harmless where it is not in. */
void heap_remove(struct heap *heap, struct heap_link *link);
/* What is due first; NULL where there is none. */
struct heap_link *heap_first(const struct heap *heap);
/* When that is; NSTIME_NEVER. */
nstime heap_due(const struct heap *heap);

#define HEAP_ITEM(link, type, member) CONTAINER_OF(link, type, member)

#endif

#include "runtime/base/heap.h"

#include "runtime/base/error.h"

#include <stdlib.h>

void heap_free(struct heap *heap)
{
	free(heap->links);
	*heap = HEAP_NULL;
}

/* Places count from 1: the parent of n is n / 2. */
static struct heap_link **place(const struct heap *heap, size_t at)
{
	return &heap->links[at - 1];
}

static void put(struct heap *heap, size_t at, struct heap_link *link)
{
	*place(heap, at) = link;
	link->at = at;
}

static void rise(struct heap *heap, struct heap_link *link)
{
	size_t at = link->at;

	for (; at > 1 && (*place(heap, at / 2))->due > link->due; at /= 2)
		put(heap, at, *place(heap, at / 2));
	put(heap, at, link);
}

static void sink(struct heap *heap, struct heap_link *link)
{
	size_t at = link->at;

	for (size_t child; (child = 2 * at) <= heap->count; at = child) {
		if (child < heap->count && (*place(heap, child + 1))->due <
							   (*place(heap, child))->due)
			child++;
		if ((*place(heap, child))->due >= link->due)
			break;
		put(heap, at, *place(heap, child));
	}
	put(heap, at, link);
}

void heap_set(struct heap *heap, struct heap_link *link, nstime due)
{
	link->due = due;
	if (!link->at) {
		array_grow(&heap->links, &heap->capacity, heap->count + 1,
				sizeof(struct heap_link *));
		put(heap, ++heap->count, link);
	}
	rise(heap, link);
	sink(heap, link);
}

void heap_remove(struct heap *heap, struct heap_link *link)
{
	struct heap_link *last;

	if (!link->at)
		return;
	last = *place(heap, heap->count--);
	if (last != link) {
		put(heap, link->at, last);
		rise(heap, last);
		sink(heap, last);
	}
	link->at = 0;
}

struct heap_link *heap_first(const struct heap *heap)
{
	return heap->count ? *place(heap, 1) : NULL;
}

nstime heap_due(const struct heap *heap)
{
	return heap->count ? (*place(heap, 1))->due : NSTIME_NEVER;
}

/* An arena owns what dies together: one a connection, one a transaction, one a parse.
 *
 * Memory comes back only whole. What goes in was limited by its reader before; an arena
 * has no limit of its own, but arena_used() says what it holds. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "runtime/base/view.h"

struct arena;

MUST_USE struct arena *arena_new(void);
/* NULL is fine. */
void arena_free(struct arena *arena);
void arena_freep(struct arena **arena);
/* Drops all that it holds; keeps one block for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed and aligned for any type. */
MUST_USE void *arena_alloc(struct arena *arena, size_t size);
MUST_USE void *arena_array(struct arena *arena, size_t count, size_t size);
MUST_USE struct view arena_copy(struct arena *arena, struct view bytes);
/* The copy has a NUL behind it, for C interfaces. */
MUST_USE char *arena_copy_z(struct arena *arena, struct view bytes);
/* With a NUL behind it as well. */
MUST_USE struct view arena_printf(struct arena *arena, const char *format, ...)
		PRINTF_LIKE(2, 3);
size_t arena_used(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif

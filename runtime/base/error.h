/* Outcomes and faults.
 *
 * A function returns 0, or a positive outcome from the enum in its header, or a negative
 * errno: a fault, which is passed up untouched through fault(). Running out of memory and
 * a broken invariant of our own end the process; a stranger's bytes never do. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "runtime/base/attr.h"

#include <stddef.h>

/* Passes a fault up; in debug builds it leaves a trace (POSTHUS_TRACE=1) of the way it
 * took. */
#define fault(r) fault_trace((r), __FILE__, __LINE__)
int fault_trace(int r, const char *file, int line);

/* `-errno`, and -EIO where errno was not set. */
int fault_errno(void);

/* Says why on stderr and aborts. For what cannot happen. */
NORETURN void die(const char *format, ...) PRINTF_LIKE(1, 2);

/* Memory that is there, or the end of the process. Sizes that a peer chose were limited
 * before. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrndup(const char *text, size_t len);

/* Makes room for `need` items of `size` bytes, doubling: `items`, `capacity` are the
 * owner's. */
void array_grow(void *items, size_t *capacity, size_t need, size_t size);

/* Frees *pointer, for CLEANUP on any malloc'd pointer. */
void freep(void *pointer);

#endif

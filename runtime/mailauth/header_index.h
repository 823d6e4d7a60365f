/* The fields of a header by their names, taken from the bottom up: what a signature covers
 * (RFC 6376, 5.4.2). */
#ifndef MAILAUTH_HEADER_INDEX_H
#define MAILAUTH_HEADER_INDEX_H

#include "runtime/mail/header.h"

struct header_index;

/* Of a block that outlives it; NULL where it has more than LIMIT_MAILAUTH_FIELDS. */
MUST_USE struct header_index *header_index_new(struct view block);
/* NULL is fine. */
void header_index_free(struct header_index *index);

/* How many there are of that name, without regard to case. */
size_t header_index_count(const struct header_index *index, struct view name);
/* Begins a new taking: none has been taken. */
void header_index_rewind(struct header_index *index);
/* The lowest of that name that has not been taken; NULL where none is left. */
const struct header_field *header_index_take(
		struct header_index *index, struct view name);
/* How many of that name are left. */
size_t header_index_left(const struct header_index *index, struct view name);

#endif

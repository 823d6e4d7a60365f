/* A secret: bytes that no log, JSON or plan function accepts, wiped when they go.
 *
 * It is its own type so that the compiler keeps it out of every place that takes a view;
 * secret_expose() is the one way out and is called where the bytes are used, nowhere
 * else. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "runtime/base/view.h"

struct secret {
	char *data;
	size_t len;
};

#define SECRET_NULL ((struct secret){ NULL, 0 })

/* Copies; the caller wipes its own bytes. */
MUST_USE struct secret secret_copy(struct view bytes);
/* Wipes and frees; a freed secret may be freed again. */
void secret_free(struct secret *secret);
/* Hands it on and leaves an empty one behind. */
MUST_USE struct secret secret_take(struct secret *secret);
/* Lives as long as the secret. */
struct view secret_expose(const struct secret *secret);

#endif

/* A token bucket: so many at once, so many in the long run. Time is an argument. */
#ifndef AGENT_BUCKET_H
#define AGENT_BUCKET_H

#include "runtime/base/clock.h"

#include <stdbool.h>

enum {
	BUCKET_BURST = 100,
	BUCKET_PER_SECOND = 10,
};

struct bucket {
	nstime full_at; /* when all tokens are back */
};

/* Takes a token; false where there is none. A new bucket, zeroed, is full. */
bool bucket_take(struct bucket *bucket, nstime now);
/* When there is one: `now` where there is one now. */
nstime bucket_ready(const struct bucket *bucket, nstime now);

#endif

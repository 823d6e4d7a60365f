#include "agent/effect/bucket.h"

static const nstime token = NS_PER_S / BUCKET_PER_SECOND;

nstime bucket_ready(const struct bucket *bucket, nstime now)
{
	nstime missing = bucket->full_at - now; /* in tokens' time */

	return missing > (BUCKET_BURST - 1) * token
			       ? bucket->full_at - (BUCKET_BURST - 1) * token
			       : now;
}

bool bucket_take(struct bucket *bucket, nstime now)
{
	if (bucket_ready(bucket, now) > now)
		return false;
	bucket->full_at = (bucket->full_at > now ? bucket->full_at : now) + token;
	return true;
}
